/**
 * Finds where the rows of INSERT statements lie in a plain dump.
 */
import { readInsertHead } from "./insert-head.ts";
import { skipInserts } from "./insert-skip.ts";
import type { Stop } from "./lexer.ts";
import { countLines, MAX_HEAD_BYTES, type Pass, slice, unsupported } from "./pass.ts";
import { blockColumns, blockLeaves, moreLeaves } from "./section.ts";

/** The target of the INSERT at `start`. */
export function readHead(pass: Pass, start: number, end: number): NonNullable<Pass["insert"]> {
  const { lastHead, settings } = pass;
  const bytes = slice(pass, start, Math.min(end, start + MAX_HEAD_BYTES));
  const line = countLines(pass, start);
  if (lastHead && bytes.subarray(0, lastHead.bytes.length).equals(lastHead.bytes)) {
    return { target: lastHead.target, line };
  }
  const head = readInsertHead(bytes, settings);
  if (!head) throw unsupported(pass, start, "an INSERT of anything but plain values");
  pass.lastHead = { bytes: Buffer.from(bytes.subarray(0, head.length)), target: head.target };
  return { target: head.target, line };
}

/**
 * Notes an INSERT that ended, and those that follow it and look the same; returns the place after the last of them.
 * Statements that follow each other and have the same head are one block.
 */
export function endInsert(pass: Pass, { start, at }: Extract<Stop, { kind: "statement" }>): number {
  const { target, line } = pass.insert ?? readHead(pass, start, at);
  const { blocks } = pass.section;
  const last = blocks.at(-1);
  const end = skipAlike(pass, at);
  pass.insert = undefined;
  pass.complete = false;
  if (last?.kind === "insert" && last.table === target.table) {
    const { leaves, ...block } = last;
    blocks[blocks.length - 1] = { ...block, ...moreLeaves(last, pass.announced), end };
    return end;
  }
  blocks.push({
    kind: "insert",
    table: target.table,
    ...blockColumns(target),
    ...blockLeaves(target.table, pass.announced),
    ...pass.settings,
    start,
    end,
    place: `line ${line}`,
  });
  return end;
}

function skipAlike({ window, lastHead, settings }: Pass, at: number): number {
  if (!lastHead || !settings.standardStrings) return at;
  return window.base + skipInserts(window.bytes, at - window.base, lastHead.bytes);
}
