/**
 * Texts that are too long for memory, in one file of the working folder. Scripts and changes.jsonl hold marks in their place until they
 * are written. Knows no changes.
 */
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import type { LongText } from "../compare/change.ts";
import { ExpectedError } from "../errors.ts";
import type { TableName } from "../names.ts";
import { fileFailure } from "./file-failure.ts";

/** The long texts of a changeset. */
export interface LongTexts {
  /** Takes a text of the table, in pieces of its UTF-8. At once. @throws ExpectedError `file_system` */
  readonly add: (table: TableName, pieces: Iterable<Buffer>) => LongText;
  /** Whether there are any. */
  readonly some: () => boolean;
  /** The text in pieces of whole characters, read as they are asked for. @throws ExpectedError `file_system` */
  readonly read: (text: Place) => Generator<string>;
  /** The table that the text is of. */
  readonly tableOf: (text: Place) => TableName;
}

type Place = Pick<LongText["long"], "position" | "bytes">;

/** None yet. The file is made when the first one comes, readable by its owner only; who made its folder removes it. */
export function longTexts(path: string): LongTexts {
  let end = 0;
  /** Where the texts of a table begin that follow those of another one; ascending. */
  const owners: { readonly position: number; readonly table: TableName }[] = [];
  return {
    add(table, pieces) {
      const position = end;
      if (owners.at(-1)?.table !== table) owners.push({ position, table });
      const found = writePieces(path, pieces);
      end += found.bytes;
      return { long: { position, ...found } };
    },
    some: () => end > 0,
    read: (text) => readPieces(path, text),
    tableOf({ position }) {
      const owner = owners.findLast((candidate) => candidate.position <= position);
      if (!owner) throw new Error(`no text lies at ${position}`);
      return owner.table;
    },
  };
}

function writePieces(path: string, pieces: Iterable<Buffer>): Omit<LongText["long"], "position"> {
  const hash = createHash("sha256");
  const decoder = new StringDecoder("utf8");
  let bytes = 0;
  let characters = 0;
  const file = opened(path, "a");
  try {
    for (const piece of pieces) {
      hash.update(piece);
      characters += decoder.write(piece).length;
      for (let at = 0; at < piece.length; ) at += writeSync(file, piece, at, piece.length - at);
      bytes += piece.length;
    }
  } catch (error) {
    throw fileFailure(path, "writing", error);
  } finally {
    closeSync(file);
  }
  return { bytes, characters, sha256: hash.digest("hex") };
}

const PIECE = 65_536;

function* readPieces(path: string, { position, bytes }: Place): Generator<string> {
  const decoder = new StringDecoder("utf8");
  const piece = Buffer.allocUnsafeSlow(Math.min(PIECE, bytes));
  const file = opened(path, "r");
  try {
    for (let done = 0; done < bytes; ) {
      const read = readSync(file, piece, 0, Math.min(PIECE, bytes - done), position + done);
      if (read === 0) throw new Error(`${path} has become shorter`);
      done += read;
      yield decoder.write(piece.subarray(0, read));
    }
  } catch (error) {
    throw fileFailure(path, "reading", error);
  } finally {
    closeSync(file);
  }
}

function opened(path: string, flags: "a" | "r"): number {
  try {
    return openSync(path, flags, 0o600);
  } catch (error) {
    throw fileFailure(path, flags === "a" ? "making" : "reading", error);
  }
}

/** How a text stands in a file. */
export type LongForm = "copy" | "json" | "literal";

/** Makes the pieces of a text into what stands in a file. `read` may be called more than once. */
export type LongWriter = (read: () => Iterable<string>) => Iterable<string>;

/** No text of PostgreSQL holds it, and no file of a bundle. */
const MARK = "\u0000";
const MARKS = /\0(copy|json|literal):(\d+):(\d+)\0/;

/** Stands for the text until it is written by `withLongTexts`. */
export function longMark({ long: { position, bytes } }: LongText, form: LongForm): string {
  return `${MARK}${form}:${position}:${bytes}${MARK}`;
}

type Writers = Readonly<Partial<Record<LongForm, LongWriter>>>;

/**
 * The same text with each mark replaced by what it stands for, in pieces. A piece with statements holds one of them.
 *
 * @throws ExpectedError `row_too_large` for what PostgreSQL would not take, `file_system`
 */
export function withLongTexts(
  text: AsyncIterable<string>,
  texts: LongTexts | undefined,
  writers: Writers,
): AsyncIterable<string> {
  return texts?.some() ? replaced(text, texts, writers) : text;
}

async function* replaced(
  text: AsyncIterable<string>,
  texts: LongTexts,
  writers: Writers,
): AsyncGenerator<string> {
  for await (const piece of text) {
    if (piece.includes(MARK)) yield* replacedPiece(piece, texts, writers);
    else yield piece;
  }
}

function* replacedPiece(piece: string, texts: LongTexts, writers: Writers): Generator<string> {
  const parts = piece.split(MARKS);
  /** Of the statement, or of the line of COPY data, up to here. */
  let bytes = 0;
  for (let at = 0; at < parts.length; at += 4) {
    const before = parts[at] ?? "";
    const [form, position, length] = parts.slice(at + 1, at + 4);
    const isLine = parts[at - 3] === "copy" && before.includes("\n");
    bytes = (isLine ? 0 : bytes) + Buffer.byteLength(before);
    yield before;
    if (!isForm(form)) continue;
    const writer = writers[form];
    if (!writer) throw new Error(`a long text cannot stand here as ${form}`);
    const place = { position: Number(position), bytes: Number(length) };
    for (const written of writer(() => texts.read(place))) {
      bytes += Buffer.byteLength(written);
      yield written;
    }
    if (form !== "json") demandTaken(texts, place, { form, bytes });
  }
}

function isForm(form: string | undefined): form is LongForm {
  return form === "copy" || form === "json" || form === "literal";
}

/** PostgreSQL's largest piece of memory: lines, statements and values are smaller. */
const MOST = 2 ** 30 - 1;
/** Its lexer doubles what holds a literal, and cannot go beyond this. */
const MOST_LITERAL = 2 ** 29 - 1;

function demandTaken(
  { tableOf }: LongTexts,
  place: Place,
  { form, bytes }: { readonly form: "copy" | "literal"; readonly bytes: number },
): void {
  const isCopied = form === "copy";
  const isLiteral = !isCopied && place.bytes > MOST_LITERAL;
  if (bytes < MOST && !isLiteral) return;
  const size = `${Math.round((isLiteral ? place.bytes : bytes) / 1e6)} MB`;
  const reason = isCopied
    ? `it takes ${size} or more of COPY data, and PostgreSQL reads less than 1 GB in one line`
    : isLiteral
      ? `one of its values has ${size}, and PostgreSQL reads no literal of more than 512 MB; temporary tables take more (they are off with --no-temp-tables)`
      : `its statement has ${size} or more, and PostgreSQL reads less than 1 GB; temporary tables take more (they are off with --no-temp-tables)`;
  throw new ExpectedError({ code: "row_too_large", table: tableOf(place), for: "script", reason });
}
