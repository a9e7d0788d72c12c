/**
 * Texts that are too long for memory, in one file of the working folder. Scripts and changes.jsonl hold marks in their place until they
 * are written. Knows no changes.
 */
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import type { LongText } from "../compare/change.ts";
import type { PutAside } from "../compare/long-fields.ts";
import { fileFailure } from "./file-failure.ts";

/** The long texts of a changeset. */
export interface LongTexts {
  readonly putAside: PutAside;
  /** Whether there are any. */
  readonly some: () => boolean;
  /** The text in pieces of whole characters, read as they are asked for. @throws ExpectedError `file_system` */
  readonly read: (text: Pick<LongText["long"], "position" | "bytes">) => Generator<string>;
}

/** None yet. The file is made when the first one comes, readable by its owner only; who made its folder removes it. */
export function longTexts(path: string): LongTexts {
  let end = 0;
  return {
    putAside(pieces) {
      const position = end;
      const found = writePieces(path, pieces);
      end += found.bytes;
      return { long: { position, ...found } };
    },
    some: () => end > 0,
    read: (text) => readPieces(path, text),
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

function* readPieces(
  path: string,
  { position, bytes }: Pick<LongText["long"], "position" | "bytes">,
): Generator<string> {
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

/** The same text with each mark replaced by what it stands for, in pieces. */
export function withLongTexts(
  text: AsyncIterable<string>,
  texts: LongTexts | undefined,
  writers: Readonly<Partial<Record<LongForm, LongWriter>>>,
): AsyncIterable<string> {
  return texts?.some() ? replaced(text, texts, writers) : text;
}

async function* replaced(
  text: AsyncIterable<string>,
  { read }: LongTexts,
  writers: Readonly<Partial<Record<LongForm, LongWriter>>>,
): AsyncGenerator<string> {
  for await (const piece of text) {
    if (!piece.includes(MARK)) {
      yield piece;
      continue;
    }
    const parts = piece.split(MARKS);
    for (let at = 0; at < parts.length; at += 4) {
      yield parts[at] ?? "";
      const [form, position, bytes] = parts.slice(at + 1, at + 4);
      if (form === undefined) continue;
      const writer =
        form === "copy" || form === "json" || form === "literal" ? writers[form] : undefined;
      if (!writer) throw new Error(`a long text cannot stand here as ${form}`);
      yield* writer(() => read({ position: Number(position), bytes: Number(bytes) }));
    }
  }
}
