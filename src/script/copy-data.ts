/**
 * Changes as COPY data. Changes of the spool lie there as COPY text already: their fields are put in another order, not decoded.
 */
import { batchesOf, type SpooledChanges, spooledOf } from "../changeset/batches.ts";
import { bySignature, decodeSpooled, placeOf, prefixOf, probeOf } from "../changeset/spooled.ts";
import type { Change, Datum } from "../compare/change.ts";
import { copiedFields, copiedRest, copyLine, join, type Sql } from "./sql.ts";

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

interface Recipe {
  /** Which part of a spooled line each field is, or the field itself. */
  readonly fields: readonly (number | Sql)[];
  /** What lines begin with whose rest is the line of COPY data. */
  readonly prefix: string | undefined;
}

async function* copySpooled(
  { lines, view }: SpooledChanges,
  values: readonly Value[],
): AsyncGenerator<Sql> {
  const recipeFor = bySignature((parts): Recipe => {
    const fields = fieldsOf(view(probeOf(parts)), values);
    return { fields, prefix: prefixOf(parts, fields) };
  });
  /** Of the line before: lines of one kind mostly follow each other. */
  let prefix: string | undefined;
  const copied = (line: string): Sql => {
    // Bytes that are no text, or a text that looks so: rare, and not for copying.
    if (line.includes("\\B")) return lineOf(view(decodeSpooled(line)), values);
    if (prefix !== undefined && line.startsWith(prefix)) return copiedRest(line, prefix.length);
    const parts = line.split("\t");
    const recipe = recipeFor(parts);
    prefix = recipe.prefix;
    return copiedFields(parts, recipe.fields);
  };
  for await (const batch of lines()) yield join(batch.map(copied), "\n");
}

/** Finds out by a change that holds places in the line instead of values. */
function fieldsOf(probe: Change, values: readonly Value[]): Recipe["fields"] {
  return values.map((value) => {
    const found = value(probe);
    return placeOf(found) ?? copyLine([found]);
  });
}
