/**
 * One pass over a plain dump: its statements, settings, and where the rows of each table lie. Keeps no rows.
 */
import { ExpectedError } from "../../errors.ts";
import { type Bytes, Window } from "../bytes.ts";
import { decodeText } from "../encoding.ts";
import { announceData } from "./announced.ts";
import { readCopyBlock } from "./copy-block.ts";
import { endInsert, readHead } from "./insert-block.ts";
import { resetStatement, type Stop, scan, startLexing } from "./lexer.ts";
import { readMetaCommand } from "./meta.ts";
import {
  countLines,
  damaged,
  lineEnd,
  MAX_HEAD_BYTES,
  type Pass,
  slice,
  unsupported,
} from "./pass.ts";
import { INITIAL_SETTINGS, nextSettings, type Section, startSection } from "./section.ts";
import { standardLiterals } from "./standard-literals.ts";
import { readStatement, type Statement } from "./statement.ts";

/** What a plain dump holds. */
export interface PlainContents {
  /** One for each database, in the order of the file. */
  readonly sections: readonly Section[];
  /** True if lines end with CR LF. */
  readonly crlf: boolean;
}

/** Longest statement that is held in memory, INSERT excepted. */
const MAX_STATEMENT_BYTES = 256 * 2 ** 20;
/** Editors put one there; psql skips it too. */
const BYTE_ORDER_MARK = Buffer.from("\ufeff");
const LF = 0x0a;
const CR = 0x0d;

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
    frame: undefined,
    announced: undefined,
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

function noteComment(pass: Pass, start: number, end: number): void {
  const text = slice(pass, start, end).toString("latin1").trim();
  announceData(pass, { start, end, text });
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
  pass.section = startSection(database, pass.settings.encoding, pass.cluster);
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
    const { defaultSchema, standardStrings } = pass.settings;
    const place = `line ${countLines(pass, start)}`;
    pass.section.ddl.push({
      text: standardStrings ? text : standardLiterals(text),
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

/** At the end of the file: everything that was begun has ended, and pg_dump said that it was done. */
function checkEnd(pass: Pass, at: number): void {
  const { lexer, path } = pass;
  const empty = pass.sections.every(
    ({ ddl, blocks, sequences }) => ddl.length + blocks.length + sequences.length === 0,
  );
  const headed = pass.cluster || pass.sections.some((section) => section.headed);
  if (!headed && empty) {
    const reason = "it holds no statement that a dump would hold";
    throw new ExpectedError({ code: "not_a_dump", path, reason });
  }
  const inside = lexer.mode !== "sql" && lexer.mode !== "line";
  if (lexer.start !== undefined || inside) {
    throw damaged(pass, at, "the file ends in the middle of a statement");
  }
  resetStatement(lexer);
  if (headed && !pass.complete) {
    throw damaged(pass, at, "the comment that pg_dump ends a finished dump with is missing");
  }
}
