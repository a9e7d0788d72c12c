/**
 * Finds where the rows of a COPY statement lie in a plain dump.
 */
import { countLines, damaged, lineEnd, type Pass } from "./pass.ts";
import { blockColumns, blockLeaves } from "./section.ts";
import type { RowTarget } from "./statement.ts";

const END_OF_DATA = Buffer.from("\n\\.");
const LF = 0x0a;
const CR = 0x0d;

/** Notes the rows that follow the statement from `start` to `at`; returns the place after the line `\.`. */
export async function readCopyBlock(
  pass: Pass,
  target: RowTarget,
  { start, at }: { readonly start: number; readonly at: number },
): Promise<number> {
  const place = `line ${countLines(pass, start)}`;
  const first = await lineEnd(pass, at);
  const end = await findEndOfData(pass, first, place);
  pass.section.blocks.push({
    kind: "copy",
    table: target.table,
    ...blockColumns(target),
    ...blockLeaves(target.table, pass.announced),
    ...pass.settings,
    start: first,
    end,
    place,
  });
  return lineEnd(pass, end);
}

/** Position of the line `\.`, the end of the rows that start at `first`. */
async function findEndOfData(pass: Pass, first: number, place: string): Promise<number> {
  const { window } = pass;
  // The search starts at the LF before: the first line may be the last.
  for (let from = first - 1; ; ) {
    const index = window.bytes.indexOf(END_OF_DATA, from - window.base);
    const limit = window.base + window.bytes.length;
    if (index >= 0 && (index + 5 <= window.bytes.length || window.final)) {
      if (endsLine(window.bytes, index + 3)) return window.base + index + 1;
      from = window.base + index + 1;
      continue;
    }
    if (window.final) {
      throw damaged(pass, limit, `the rows of the COPY in ${place} do not end`);
    }
    const keep = index >= 0 ? window.base + index : Math.max(from, limit - 2);
    countLines(pass, keep);
    await window.refill(keep);
    from = keep;
  }
}

function endsLine(bytes: Buffer, index: number): boolean {
  const byte = bytes[index];
  return byte === undefined || byte === LF || (byte === CR && bytes[index + 1] === LF);
}
