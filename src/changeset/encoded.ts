/**
 * Changes as the lines of changes.jsonl, many at a time. Fields of the spool are text already: most lines are put together from them,
 * without a change being made.
 */
import type { Change } from "../compare/change.ts";
import { batchesOf, type SpooledChanges, spooledOf } from "./batches.ts";
import { type CodecTable, changeEncoder } from "./codec.ts";
import { decodeSpooled, probeOf, signatureOf } from "./spooled.ts";

/** The lines of a table's changes, each with its line end, in pieces of many. The same bytes as `encodeChange` gives. */
export async function* encodedChanges(
  table: CodecTable,
  changes: AsyncIterable<Change>,
): AsyncGenerator<string> {
  const encode = changeEncoder(table);
  const spooled = spooledOf(changes);
  if (spooled) {
    const encoded = spooledEncoder(encode, spooled);
    for await (const batch of spooled.lines()) {
      let lines = "";
      for (const line of batch) lines += encoded(line);
      yield lines;
    }
    return;
  }
  for await (const batch of batchesOf(changes)) {
    let lines = "";
    for (const change of batch) lines += `${encode(change)}\n`;
    yield lines;
  }
}

/** JSON around the parts of a spooled line: `texts[0]`, part `places[0]`, `texts[1]` and so on. */
interface Recipe {
  readonly texts: readonly string[];
  readonly places: readonly number[];
  /** How many parts a line has that is put together so. */
  readonly width: number;
}

/** What JSON or the spool would write otherwise than as it is, other than NULL. */
const ESCAPED = /\\(?!N(?:\t|$))|["\u2028\u2029]/;

function spooledEncoder(
  encode: (change: Change) => string,
  { view }: SpooledChanges,
): (line: string) => string {
  const recipes = new Map<string, Recipe>();
  const decoded = (line: string): string => `${encode(view(decodeSpooled(line)))}\n`;
  return (line) => {
    if (ESCAPED.test(line)) return decoded(line);
    const parts = line.split("\t");
    const signature = signatureOf(parts);
    let recipe = recipes.get(signature);
    if (!recipe) {
      recipe = recipeOf(encode(view(probeOf(parts))), parts);
      recipes.set(signature, recipe);
    }
    // It has values of unchanged columns too.
    if (parts.length !== recipe.width) return decoded(line);
    return filled(recipe, parts);
  };
}

/** JSON writes the character that marks a place as an escape; a name that looks so has its backslash doubled. */
const PLACE = /"\\u0000(\d+)"/;

/** By the JSON of a change that holds places instead of values. */
function recipeOf(json: string, parts: readonly string[]): Recipe {
  const pieces = `${json}\n`.split(PLACE);
  const places = pieces.filter((_, index) => index % 2 === 1).map(Number);
  return {
    texts: pieces.filter((_, index) => index % 2 === 0),
    places,
    width: Math.max(signatureWidth(parts), ...places.map((place) => place + 1)),
  };
}

/** Parts before the first value. */
function signatureWidth([head = ""]: readonly string[]): number {
  return head.startsWith("u") ? 2 : 1;
}

function filled({ texts, places }: Recipe, parts: readonly string[]): string {
  let line = texts[0] ?? "";
  for (let index = 0; index < places.length; index += 1) {
    const part = parts[places[index] ?? 0] ?? "";
    line += part === "\\N" ? "null" : `"${part}"`;
    line += texts[index + 1];
  }
  return line;
}
