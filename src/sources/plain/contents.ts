/**
 * One pass over a plain dump: its statements, settings, and where the rows of each table lie. Keeps no rows.
 */
import { ExpectedError } from "../../errors.ts";
import { type Bytes, Window } from "../bytes.ts";
import { decodeText } from "../encoding.ts";
import { readInsertHead } from "./insert-head.ts";
import { type LexState, resetStatement, type Stop, scan, startLexing } from "./lexer.ts";
import { readMetaCommand } from "./meta.ts";
import {
  blockColumns,
  INITIAL_SETTINGS,
  nextSettings,
  type Section,
  type Settings,
  startSection,
} from "./section.ts";
import { type RowTarget, readStatement, type Statement } from "./statement.ts";

/** What a plain dump holds. */
export interface PlainContents {
  /** One for each database, in the order of the file. */
  readonly sections: readonly Section[];
  /** True if lines end with CR LF. */
  readonly crlf: boolean;
}

/** Longest statement that is held in memory, INSERT excepted. */
const MAX_STATEMENT_BYTES = 256 * 2 ** 20;
/** Where the head of an INSERT must have ended. */
const MAX_HEAD_BYTES = 262_144;
const END_OF_DATA = Buffer.from("\n\\.");
/** Editors put one there; psql skips it too. */
const BYTE_ORDER_MARK = Buffer.from("\ufeff");
const LF = 0x0a;
const CR = 0x0d;

/** The state of the pass. */
interface Pass {
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
  /** Bytes of the last INSERT head and its target: the next one is nearly always the same. */
  lastHead: { readonly bytes: Buffer; readonly target: RowTarget } | undefined;
}

/**
 * Reads the file once.
 *
 * @throws ExpectedError `dump_damaged` if it is cut off or no SQL, `dump_unsupported` for what only psql or a server
 *   could follow, `not_a_dump` if it holds no statement that a dump would.
 */
export async function readContents(bytes: Bytes): Promise<PlainContents> {
  await using window = new Window(bytes);
  const section = startSection(undefined, INITIAL_SETTINGS.encoding);
  const pass: Pass = {
    path: bytes.path,
    window,
    lexer: startLexing(),
    sections: [section],
    section,
    settings: INITIAL_SETTINGS,
    crlf: false,
    line: 1,
    counted: 0,
    complete: false,
    cluster: false,
    insert: undefined,
    lastHead: undefined,
  };
  await window.hold(0, MAX_HEAD_BYTES);
  pass.crlf = window.bytes[window.bytes.indexOf(LF) - 1] === CR;
  const marked = window.bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
  for (let at = marked ? BYTE_ORDER_MARK.length : 0; ; ) {
    const stop = scan(pass.lexer, window, at);
    if (stop.kind === "more" && window.final) {
      checkEnd(pass, stop.at);
      return { sections: pass.sections, crlf: pass.crlf };
    }
    at = await follow(pass, stop);
  }
}

/** Acts on a stop and returns the position where the scan goes on. */
async function follow(pass: Pass, stop: Stop): Promise<number> {
  switch (stop.kind) {
    case "more":
      await readOn(pass, stop.at);
      return stop.at;
    case "comment":
      noteComment(pass, stop.start, stop.at);
      return stop.at;
    case "backslash":
      return followMetaCommand(pass, stop);
    case "statement":
      if (stop.words[0] === "insert") return endInsert(pass, stop);
      return followStatement(pass, stop);
  }
}

/** Gets more bytes and keeps those of the statement that is being read. Of an INSERT only the head is kept. */
async function readOn(pass: Pass, at: number): Promise<void> {
  const { window, lexer } = pass;
  const start = lexer.start ?? at;
  if (lexer.words[0] === "insert") {
    if (at - start > MAX_HEAD_BYTES) pass.insert ??= readHead(pass, start, at);
  } else if (at - start > MAX_STATEMENT_BYTES) {
    throw unsupported(pass, start, "a statement of more than 256 MiB");
  }
  const keep = pass.insert ? at : Math.min(start, at);
  countLines(pass, keep);
  await window.refill(keep);
}

/** Moves the line count on to `position`. */
function countLines(pass: Pass, position: number): number {
  const { bytes, base } = pass.window;
  const end = Math.min(position - base, bytes.length);
  let { line } = pass;
  for (let index = pass.counted - base; index < end; index += 1) {
    if (bytes[index] === LF) line += 1;
  }
  pass.line = line;
  pass.counted = Math.max(position, pass.counted);
  return line;
}

function noteComment(pass: Pass, start: number, end: number): void {
  const text = slice(pass, start, end).toString("latin1").trim();
  if (text === "-- PostgreSQL database dump") {
    if (pass.section.headed) beginSection(pass, pass.section.database);
    pass.section.headed = true;
  }
  if (text === "-- PostgreSQL database cluster dump") pass.cluster = true;
  const trailer = pass.cluster ? "database cluster dump complete" : "database dump complete";
  if (text === `-- PostgreSQL ${trailer}`) pass.complete = true;
  const version = /^-- Dumped (from database|by pg_dump) version (.*)$/.exec(text);
  if (!version || pass.section.ddl.length > 0 || pass.section.blocks.length > 0) return;
  if (version[1] === "by pg_dump") pass.section.dumpVersion ??= version[2] ?? "";
  else pass.section.serverVersion ??= version[2] ?? "";
}

function beginSection(pass: Pass, database: string | undefined): void {
  pass.section = startSection(database, pass.settings.encoding);
  pass.sections.push(pass.section);
}

async function followMetaCommand(
  pass: Pass,
  { at, start }: Extract<Stop, { kind: "backslash" }>,
): Promise<number> {
  if (start !== undefined) throw unsupported(pass, at, "a psql command inside a statement");
  const end = await lineEnd(pass, at);
  pass.lastHead = undefined;
  const command = readMetaCommand(decodeText(pass.settings.encoding, slice(pass, at, end)));
  switch (command.kind) {
    case "restrict":
      return end;
    case "encoding":
      apply(pass, { kind: "encoding", name: command.name }, at);
      return end;
    case "connect":
      connect(pass, command.database);
      return end;
    case "refused":
      throw unsupported(pass, at, `a file with the psql command ${command.name}`);
  }
}

/** pg_dump -C connects after its header; pg_dumpall also connects first. */
function connect(pass: Pass, database: string | undefined): void {
  const { section } = pass;
  pass.complete = false;
  if (database === undefined || (section.connected && section.database === database)) return;
  if (section.headed && !section.connected && section.blocks.length === 0) {
    section.database = database;
  } else beginSection(pass, database);
  pass.section.connected = true;
}

/** Makes the rest of the line at `at` available and returns where the next one starts. */
async function lineEnd(pass: Pass, at: number): Promise<number> {
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

async function followStatement(
  pass: Pass,
  { start, at, words }: Extract<Stop, { kind: "statement" }>,
): Promise<number> {
  const text = statementText(pass, start, at);
  const statement = readStatement(text, words, pass.settings);
  pass.complete = false;
  pass.lastHead = undefined;
  if (statement.kind === "copy") return readCopyBlock(pass, statement.target, { start, at });
  if (statement.kind === "ddl") {
    const { defaultSchema } = pass.settings;
    const place = `line ${countLines(pass, start)}`;
    pass.section.ddl.push({
      text,
      place,
      ...(defaultSchema === "public" ? {} : { defaultSchema }),
    });
  } else apply(pass, statement, start);
  return at;
}

function statementText(pass: Pass, start: number, end: number): string {
  const text = decodeText(pass.settings.encoding, slice(pass, start, end));
  return pass.crlf ? text.replaceAll("\r\n", "\n") : text;
}

/** Takes over what a statement says, other than rows and definitions. */
function apply(pass: Pass, statement: Statement, at: number): void {
  const { section } = pass;
  if (statement.kind === "refused") throw unsupported(pass, at, statement.what);
  if (statement.kind === "sequence") section.sequences.push(statement.value);
  if (statement.kind === "large object") {
    const objects = statement.doing === "create" ? section.createdObjects : section.openedObjects;
    objects.add(statement.oid);
  }
  const settings = nextSettings(pass.settings, statement);
  if (settings === "unknown") {
    const name = statement.kind === "encoding" ? statement.name : "";
    throw unsupported(pass, at, `a dump in the encoding ${name}`, "make it with --encoding=UTF8");
  }
  pass.settings = settings;
  section.encoding = settings.encoding;
  pass.lexer.standardStrings = settings.standardStrings;
  pass.lexer.leads = settings.encoding.leads;
}

async function readCopyBlock(
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

/** The target of the INSERT at `start`. */
function readHead(pass: Pass, start: number, end: number): NonNullable<Pass["insert"]> {
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

/** Rows of INSERT statements that follow each other and have the same head are one block. */
function endInsert(pass: Pass, { start, at }: Extract<Stop, { kind: "statement" }>): number {
  const { target, line } = pass.insert ?? readHead(pass, start, at);
  const { blocks } = pass.section;
  const last = blocks.at(-1);
  pass.insert = undefined;
  pass.complete = false;
  if (
    last?.kind === "insert" &&
    last.table === target.table &&
    last.encoding === pass.settings.encoding
  ) {
    blocks[blocks.length - 1] = { ...last, end: at };
    return at;
  }
  blocks.push({
    kind: "insert",
    table: target.table,
    ...blockColumns(target),
    ...pass.settings,
    start,
    end: at,
    place: `line ${line}`,
  });
  return at;
}

/** At the end of the file: everything that was begun has ended, and pg_dump said that it was done. */
function checkEnd(pass: Pass, at: number): void {
  const { lexer, path } = pass;
  const inside = lexer.mode !== "sql" && lexer.mode !== "line";
  if (lexer.start !== undefined || inside) {
    throw damaged(pass, at, "the file ends in the middle of a statement");
  }
  resetStatement(lexer);
  const empty = pass.sections.every(
    ({ ddl, blocks, sequences }) => ddl.length + blocks.length + sequences.length === 0,
  );
  const headed = pass.cluster || pass.sections.some((section) => section.headed);
  if (!headed && empty) {
    const reason = "it holds no statement that a dump would hold";
    throw new ExpectedError({ code: "not_a_dump", path, reason });
  }
  if (headed && !pass.complete) {
    throw damaged(pass, at, "the comment that pg_dump ends a finished dump with is missing");
  }
}

function slice({ window }: Pass, start: number, end: number): Buffer {
  return window.bytes.subarray(start - window.base, end - window.base);
}

function damaged(pass: Pass, at: number, reason: string): ExpectedError {
  const where = `line ${countLines(pass, at)}`;
  return new ExpectedError({ code: "dump_damaged", path: pass.path, where, reason });
}

function unsupported(
  pass: Pass,
  at: number,
  what: string,
  remedy = "make a new dump with pg_dump and leave it as it is",
): ExpectedError {
  const place = `${what} (line ${countLines(pass, at)})`;
  return new ExpectedError({ code: "dump_unsupported", path: pass.path, what: place, remedy });
}
