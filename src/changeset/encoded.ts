/**
 * Changes as the lines of changes.jsonl, many at a time. Fields of the spool are text already: most lines are put together from them,
 * without a change being made.
 */
import type { Change } from "../compare/change.ts";
import { batchesOf, type SpooledChanges, spooledOf } from "./batches.ts";
import { type CodecTable, changeEncoder, writeLong } from "./codec.ts";
import { type LongTexts, withLongTexts } from "./long-texts.ts";
import { bySignature, decodeSpooled, hasContext, probeOf } from "./spooled.ts";

/** The lines of a table's changes, each with its line end, in pieces of many. The same bytes as `encodeChange` gives, long texts written. */
export function encodedChanges(
  table: CodecTable,
  changes: AsyncIterable<Change>,
  texts?: LongTexts,
): AsyncIterable<string> {
  return withLongTexts(encodedLines(table, changes), texts, { json: writeLong });
}

async function* encodedLines(
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
}

/** What JSON or the spool would write otherwise than as it is, other than NULL. */
const ESCAPED = /\\(?!N(?:\t|$))|["\u2028\u2029]/;

function spooledEncoder(
  encode: (change: Change) => string,
  { view }: SpooledChanges,
): (line: string) => string {
  const recipeFor = bySignature((parts) => recipeOf(encode(view(probeOf(parts)))));
  return (line) => {
    if (hasContext(line) || ESCAPED.test(line)) return `${encode(view(decodeSpooled(line)))}\n`;
    const parts = line.split("\t");
    return filled(recipeFor(parts), parts);
  };
}

/** JSON writes the character that marks a place as an escape; a name that looks so has its backslash doubled. */
const PLACE = /"\\u0000(\d+)"/;

/** By the JSON of a change that holds places instead of values. */
function recipeOf(json: string): Recipe {
  const pieces = `${json}\n`.split(PLACE);
  return {
    texts: pieces.filter((_, index) => index % 2 === 0),
    places: pieces.filter((_, index) => index % 2 === 1).map(Number),
  };
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
