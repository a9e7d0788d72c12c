/**
 * INSERT statements as lines of COPY text. Works on UTF-8 bytes; holds one row at a time.
 */
import { nameKey } from "../../names.ts";
import type { Damage } from "../copy-text.ts";
import { UTF8 } from "../encoding.ts";
import type { DataBlock } from "../source.ts";
import { readInsertHead } from "./insert-head.ts";
import { INCOMPLETE, type RowReader, readRow, skipSpace, writeLine } from "./insert-values.ts";

/** What `insertRows` needs. */
export interface InsertRequest {
  /** SQL in UTF-8. */
  readonly chunks: AsyncIterable<Buffer>;
  readonly block: DataBlock;
  /** Columns of the values, in order. */
  readonly from: readonly string[];
  /** Fields of the lines wanted. */
  readonly to: readonly string[];
  readonly standardStrings: boolean;
  readonly defaultSchema: string;
  /** True if the text ends with empty lines, as the data of archives do: their absence shows that it is cut off. */
  readonly marked: boolean;
  readonly damage: Damage;
}

/** Where the reader is in the grammar. */
type Expected = "statement" | "row" | "separator";

interface Parse {
  readonly request: InsertRequest;
  readonly picks: readonly number[];
  readonly reader: RowReader;
  expected: Expected;
  /** The last statement's head; the next one is nearly always the same. */
  head: Buffer;
  /** True if the head is DEFAULT VALUES. */
  defaults: boolean;
}

const OUTPUT_BYTES = 262_144;
const MAX_HEAD_BYTES = 262_144;
const MAX_ROW_BYTES = 2 ** 30;
const SEMICOLON = 0x3b;
const COMMA = 0x2c;
const OPEN = 0x28;
const CONFLICT = Buffer.from("ON CONFLICT DO NOTHING");

/**
 * The rows as chunks of whole lines.
 *
 *     INSERT INTO film VALUES (1, 'It''s', NULL, true);   1\tIt's\t\\N\tt
 *
 * @throws what `damage` makes, for anything else than plain values and for a text that is cut off.
 */
export async function* insertRows(request: InsertRequest): AsyncGenerator<Buffer, void, undefined> {
  const { from, to, damage, standardStrings } = request;
  const input: Buffer = Buffer.alloc(0);
  const parse: Parse = {
    request,
    picks: to.map((name) => from.indexOf(name)),
    reader: {
      input,
      output: Buffer.allocUnsafe(OUTPUT_BYTES),
      written: 0,
      standardStrings,
      damage,
      values: new Int32Array(96),
      count: 0,
    },
    expected: "statement",
    head: Buffer.alloc(0),
    defaults: false,
  };
  let rest: Buffer = input;
  let tail = Buffer.alloc(0);
  let waiting: Buffer[] = [];
  let wanted = 0;
  for await (const chunk of request.chunks) {
    tail = Buffer.concat([tail, chunk.subarray(-2)]).subarray(-2);
    waiting.push(chunk);
    wanted -= chunk.length;
    if (wanted > 0) continue;
    parse.reader.input =
      waiting.length === 1 && rest.length === 0 ? chunk : Buffer.concat([rest, ...waiting]);
    waiting = [];
    const at = readStatements(parse);
    if (parse.reader.written > 0) yield flush(parse.reader);
    rest = parse.reader.input.subarray(at);
    // A long row is looked at again only when as much again of it is there.
    wanted = rest.length;
    if (rest.length > MAX_ROW_BYTES) throw damage("a row is longer than 1 GiB");
  }
  parse.reader.input = Buffer.concat([rest, ...waiting]);
  const end = readStatements(parse);
  if (parse.reader.written > 0) yield flush(parse.reader);
  const ended = parse.expected === "statement" && end === parse.reader.input.length;
  if (!ended || (request.marked && tail.toString("latin1") !== "\n\n")) {
    throw damage("the rows end in the middle");
  }
}

function flush(reader: RowReader): Buffer {
  const lines = reader.output.subarray(0, reader.written);
  reader.output = Buffer.allocUnsafe(OUTPUT_BYTES);
  reader.written = 0;
  return lines;
}

/** Reads as far as the input lasts; returns the place of the first thing that is incomplete. */
function readStatements(parse: Parse): number {
  const { input } = parse.reader;
  for (let at = 0; ; ) {
    at = skipSpace(input, at);
    if (at >= input.length) return at;
    const next = readNext(parse, at);
    if (next === INCOMPLETE) return at;
    at = next;
  }
}

function readNext(parse: Parse, at: number): number {
  const { input } = parse.reader;
  switch (parse.expected) {
    case "statement":
      return readHead(parse, at);
    case "row": {
      if (input[at] !== OPEN) throw notPlain(parse);
      const end = readRow(parse.reader, at + 1);
      if (end === INCOMPLETE) return INCOMPLETE;
      emit(parse);
      parse.expected = "separator";
      return end;
    }
    case "separator":
      return readSeparator(parse, at);
  }
}

function emit({ reader, request, picks }: Parse): void {
  if (reader.count !== request.from.length) {
    throw request.damage(
      `a row has ${reader.count} values where ${request.from.length} are expected`,
    );
  }
  writeLine(reader, picks);
}

/** A row of a table without columns, or one of whose values none is known. */
function writeDefaults({ reader, picks, request }: Parse): void {
  if (picks.length > 0) throw request.damage("a row has DEFAULT where a value is needed");
  writeLine(reader, picks);
}

function readSeparator(parse: Parse, at: number): number {
  const { input } = parse.reader;
  if (input[at] === COMMA) {
    parse.expected = "row";
    return at + 1;
  }
  if (input[at] === SEMICOLON) {
    parse.expected = "statement";
    return at + 1;
  }
  const clause = input.subarray(at, at + CONFLICT.length);
  if (clause.equals(CONFLICT)) return at + CONFLICT.length;
  if (clause.length < CONFLICT.length && CONFLICT.subarray(0, clause.length).equals(clause)) {
    return INCOMPLETE;
  }
  throw notPlain(parse);
}

/** Comments may stand between the statements of a plain dump. */
function readHead(parse: Parse, at: number): number {
  const { input } = parse.reader;
  if (input[at] === 0x2d && (input[at + 1] ?? 0x2d) === 0x2d) {
    const end = input.indexOf(0x0a, at);
    return end < 0 ? INCOMPLETE : end + 1;
  }
  const { head } = parse;
  if (head.length === 0 || !input.subarray(at, at + head.length).equals(head)) {
    if (!readNewHead(parse, at)) return INCOMPLETE;
  }
  if (parse.defaults) writeDefaults(parse);
  parse.expected = parse.defaults ? "separator" : "row";
  return at + parse.head.length;
}

/** False if the head is not there as a whole. */
function readNewHead(parse: Parse, at: number): boolean {
  const { request, reader } = parse;
  const bytes = reader.input.subarray(at, at + MAX_HEAD_BYTES);
  const found = readInsertHead(bytes, {
    encoding: UTF8,
    standardStrings: request.standardStrings,
    defaultSchema: request.defaultSchema,
  });
  if (!found) {
    if (bytes.length < MAX_HEAD_BYTES) return false;
    throw notPlain(parse);
  }
  const { table, columns } = found.target;
  const same = columns
    ? columns.length === request.from.length &&
      columns.every((name, index) => name === request.from[index])
    : request.block.positional === true;
  if (!same || nameKey(table) !== nameKey(request.block.table)) {
    throw request.damage("an INSERT among the rows has another table or other columns");
  }
  parse.head = Buffer.from(bytes.subarray(0, found.length));
  parse.defaults = found.defaults;
  return true;
}

function notPlain({ request }: Parse): Error {
  return request.damage("an INSERT holds something else than plain values");
}
