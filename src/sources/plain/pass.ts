/**
 * The state of a pass over a plain dump, and what every part of the pass needs. Reads no statement.
 */
import { ExpectedError } from "../../errors.ts";
import type { TableName } from "../../names.ts";
import type { Window } from "../bytes.ts";
import type { LexState } from "./lexer.ts";
import type { Section, Settings } from "./section.ts";
import type { RowTarget } from "./statement.ts";

/** Where the head of an INSERT must have ended, and the longest line that should be short. */
export const MAX_HEAD_BYTES = 262_144;
const LF = 0x0a;

/** The state of a pass. */
export interface Pass {
  readonly path: string;
  readonly window: Window;
  readonly lexer: LexState;
  readonly sections: Section[];
  section: Section;
  settings: Settings;
  crlf: boolean;
  /** The line at the position `counted`. */
  line: number;
  counted: number;
  /** True between a trailer comment and the next statement. */
  complete: boolean;
  cluster: boolean;
  /** The INSERT that is being read, once its head is. */
  insert: { readonly target: RowTarget; readonly line: number } | undefined;
  /** Where the comment `--` ended that frames those of pg_dump, if it was the last one. */
  frame: number | undefined;
  /** The table whose data pg_dump announced last; absent if its name may be garbled. */
  announced: TableName | undefined;
  /** Bytes of the last INSERT head and its target: the next one is nearly always the same. */
  lastHead: { readonly bytes: Buffer; readonly target: RowTarget } | undefined;
}

/** Moves the line count on to `position`. */
export function countLines(pass: Pass, position: number): number {
  const { bytes, base } = pass.window;
  const end = position - base;
  let index = bytes.indexOf(LF, pass.counted - base);
  for (; index >= 0 && index < end; index = bytes.indexOf(LF, index + 1)) pass.line += 1;
  pass.counted = Math.max(position, pass.counted);
  return pass.line;
}

/** Makes the rest of the line at `at` available and returns where the next one starts. */
export async function lineEnd(pass: Pass, at: number): Promise<number> {
  for (;;) {
    const { bytes, base, final } = pass.window;
    const index = bytes.indexOf(LF, at - base);
    if (index >= 0) return base + index + 1;
    if (final) return base + bytes.length;
    if (base + bytes.length - at > MAX_HEAD_BYTES) {
      throw damaged(pass, at, "a line that should be short does not end");
    }
    countLines(pass, at);
    await pass.window.refill(at);
  }
}

/** Bytes of the file that are in memory. */
export function slice({ window }: Pass, start: number, end: number): Buffer {
  return window.bytes.subarray(start - window.base, end - window.base);
}

/** The failure for something wrong at a position. */
export function damaged(pass: Pass, at: number, reason: string): ExpectedError {
  const where = `line ${countLines(pass, at)}`;
  return new ExpectedError({ code: "dump_damaged", path: pass.path, where, reason });
}

/** The failure for something at a position that no pg_dump writes, or that only a server can follow. */
export function unsupported(
  pass: Pass,
  at: number,
  what: string,
  remedy = "make a new dump with pg_dump and leave it as it is",
): ExpectedError {
  const place = `${what} (line ${countLines(pass, at)})`;
  return new ExpectedError({ code: "dump_unsupported", path: pass.path, what: place, remedy });
}
