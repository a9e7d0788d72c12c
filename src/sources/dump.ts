/**
 * Opens a dump: recognises what kind of file it is by its first bytes. The only entry to dumps.
 */
import { stat } from "node:fs/promises";
import { ExpectedError } from "../errors.ts";
import { openCustom } from "./archive/custom.ts";
import { recogniseCompression } from "./archive/decompress.ts";
import { openDirectory } from "./archive/directory.ts";
import { openTar } from "./archive/tar.ts";
import { unwrap } from "./archive/unwrap.ts";
import { type Bytes, type FileBytes, fileError, openFile, Window } from "./bytes.ts";
import { type Foreign, foreignFile, foreignText } from "./foreign.ts";
import { openPlain, type PlainRequest } from "./plain/plain.ts";
import type { DumpSource, Source } from "./source.ts";

/** How a dump is opened. */
export interface DumpOptions {
  /** Which database; needed if the file holds several. A file that does not name its only one is taken to hold it. */
  readonly database?: string;
  /** A file that holds one database, and another than that, is opened all the same: the name is meant for another file. */
  readonly mayHoldAnother?: boolean;
}

/**
 * Opens a dump in any format that pg_dump writes, and reads its table of contents.
 *
 * @throws ExpectedError `source_missing`, `source_empty`, `not_a_dump`, `dump_unsupported`, `dump_damaged`,
 *   `several_databases`.
 */
export async function openDump(path: string, options: DumpOptions = {}): Promise<DumpSource> {
  const source = await open(path, options);
  const { database: wanted, mayHoldAnother = false } = options;
  if (wanted === undefined || mayHoldAnother || holds(source, wanted)) return source;
  const held = source.provenance.database ?? "";
  await source[Symbol.asyncDispose]();
  throw new ExpectedError({ code: "several_databases", path, databases: [held], wanted });
}

/** Whether a source may be a dump of the database; a file that does not name its own may be. */
export function holds(source: Source, database: string): boolean {
  const held = source.provenance.database;
  return source.kind === "dump" && (held === undefined || held === database);
}

async function open(path: string, options: DumpOptions): Promise<DumpSource> {
  const info = await stat(path).catch((error: unknown) => {
    throw fileError(path, "opening", error);
  });
  if (info.isDirectory()) return openDirectory(path);
  const file = await openFile(path);
  const bytes = { opened: file as Bytes };
  try {
    if (file.size === 0) throw new ExpectedError({ code: "source_empty", path });
    const algorithm = recogniseCompression(await firstBytes(file));
    const damage = (reason: string): ExpectedError =>
      new ExpectedError({ code: "dump_damaged", path, where: `its ${algorithm} data`, reason });
    if (algorithm !== "none") bytes.opened = unwrap({ file, algorithm, damage });
    const wrapping = algorithm === "none" ? "" : `${algorithm}-compressed `;
    return await openContent({ bytes: bytes.opened, file, wrapping, options });
  } catch (error) {
    await bytes.opened.close();
    throw error;
  }
}

interface Content {
  /** What is read: the file, or what it decompresses to. */
  readonly bytes: Bytes;
  readonly file: FileBytes;
  readonly wrapping: string;
  readonly options: DumpOptions;
}

async function openContent({ bytes, file, wrapping, options }: Content): Promise<DumpSource> {
  const { path } = file;
  const first = await firstBytes(bytes);
  const kind = recognise(first);
  const request = { bytes, file: { bytes: file.size, wrapping }, digest: file.sha256 };
  if (kind === "custom") return openCustom(request);
  if (kind === "tar") return openTar(request);
  if (kind === "text") return openText({ ...request, ...options }, first);
  throw new ExpectedError({ code: "not_a_dump", path, ...kind });
}

/** Of a text that is no dump, what the reader stumbles over says less than what it is. */
async function openText(request: PlainRequest, first: Buffer): Promise<DumpSource> {
  try {
    return await openPlain(request);
  } catch (error) {
    const code = error instanceof ExpectedError ? error.failure.code : "";
    const foreign = UNREADABLE.includes(code) ? foreignText(first) : undefined;
    if (!foreign) throw error;
    const { path } = request.bytes;
    throw new ExpectedError({ code: "not_a_dump", path, ...foreign }, { cause: error });
  }
}

const UNREADABLE: readonly string[] = ["not_a_dump", "dump_damaged", "dump_unsupported"];

async function firstBytes(bytes: Bytes): Promise<Buffer> {
  await using window = new Window(bytes);
  await window.hold(0, FIRST_BYTES);
  return window.bytes.subarray(0, FIRST_BYTES);
}

const FIRST_BYTES = 4096;

type Kind = "custom" | "tar" | "text" | Foreign;

/** What a file is by its first bytes. */
function recognise(bytes: Buffer): Kind {
  if (bytes.toString("latin1", 0, 5) === "PGDMP") return "custom";
  if (bytes.toString("latin1", 257, 262) === "ustar") return "tar";
  if (recogniseCompression(bytes) !== "none") return { reason: "it is compressed twice" };
  const foreign = foreignFile(bytes);
  if (foreign) return foreign;
  if (bytes.includes(0)) return { reason: "it holds bytes that no text has" };
  return "text";
}
