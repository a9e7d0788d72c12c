/**
 * Changes as COPY data. Changes of the spool lie there as COPY text already: their fields are put in another order, not decoded.
 */
import { batchesOf, type SpooledChanges, spooledOf } from "../changeset/batches.ts";
import { decodeSpooled, placeOf, probeOf, signatureOf } from "../changeset/spooled.ts";
import type { Change, Datum } from "../compare/change.ts";
import { copiedFields, copyLine, join, type Sql } from "./sql.ts";

type Value = (change: Change) => Datum;

/**
 * One line for each change with the given values, in pieces of many lines. `asTheyAre`: each value is null, a constant or a value of
 * the change, never something made of one.
 */
export async function* copyData(
  changes: AsyncIterable<Change>,
  values: readonly Value[],
  asTheyAre: boolean,
): AsyncGenerator<Sql> {
  const spooled = asTheyAre ? spooledOf(changes) : undefined;
  if (spooled) {
    yield* copySpooled(spooled, values);
    return;
  }
  for await (const batch of batchesOf(changes)) {
    yield join(
      batch.map((change) => lineOf(change, values)),
      "\n",
    );
  }
}

function lineOf(change: Change, values: readonly Value[]): Sql {
  return copyLine(values.map((value) => value(change)));
}

/** Which part of a spooled line each field is, or the field itself. */
type Recipe = readonly (number | Sql)[];

async function* copySpooled(
  { lines, view }: SpooledChanges,
  values: readonly Value[],
): AsyncGenerator<Sql> {
  const recipes = new Map<string, Recipe>();
  const copied = (line: string): Sql => {
    // Bytes that are no text, or a text that looks so: rare, and not for copying.
    if (line.includes("\\B")) return lineOf(view(decodeSpooled(line)), values);
    const parts = line.split("\t");
    const signature = signatureOf(parts);
    let recipe = recipes.get(signature);
    if (!recipe) {
      recipe = recipeOf(view(probeOf(parts)), values);
      recipes.set(signature, recipe);
    }
    return copiedFields(parts, recipe);
  };
  for await (const batch of lines()) yield join(batch.map(copied), "\n");
}

/** Finds out by a change that holds places in the line instead of values. */
function recipeOf(probe: Change, values: readonly Value[]): Recipe {
  return values.map((value) => {
    const found = value(probe);
    return placeOf(found) ?? copyLine([found]);
  });
}
