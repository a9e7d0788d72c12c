/**
 * Opens a dump: recognises what kind of file it is by its first bytes. The only entry to dumps.
 */
import { stat } from "node:fs/promises";
import { ExpectedError } from "../errors.ts";
import { openCustom } from "./archive/custom.ts";
import { type FileBytes, fileError, openFile, Window } from "./bytes.ts";
import { openPlain } from "./plain/plain.ts";
import type { DumpSource } from "./source.ts";

/** How a dump is opened. */
export interface DumpOptions {
  /** Which database of a pg_dumpall file; needed if it holds several. */
  readonly database?: string;
}

/**
 * Opens a dump in any format that pg_dump writes, and reads its table of contents.
 *
 * @throws ExpectedError `source_missing`, `source_empty`, `not_a_dump`, `dump_unsupported`, `dump_damaged`,
 *   `several_databases`.
 */
export async function openDump(path: string, options: DumpOptions = {}): Promise<DumpSource> {
  const info = await stat(path).catch((error: unknown) => {
    throw fileError(path, "opening", error);
  });
  if (info.isDirectory()) throw unsupported(path, "a directory archive");
  const file = await openFile(path);
  try {
    return await openRecognised(file, options);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openRecognised(file: FileBytes, options: DumpOptions): Promise<DumpSource> {
  const { path } = file;
  if (file.size === 0) throw new ExpectedError({ code: "source_empty", path });
  const kind = recognise(await firstBytes(file));
  const described = { bytes: file.size, wrapping: "" };
  if (kind === "custom") return openCustom({ bytes: file, file: described, digest: file.sha256 });
  if (kind === "text") {
    return openPlain({ bytes: file, ...options, file: described, digest: file.sha256 });
  }
  if ("what" in kind) throw unsupported(path, kind.what);
  throw new ExpectedError({ code: "not_a_dump", path, reason: kind.reason });
}

async function firstBytes(file: FileBytes): Promise<Buffer> {
  await using window = new Window(file);
  await window.hold(0, 4096);
  return window.bytes;
}

type Kind = "custom" | "text" | { readonly what: string } | { readonly reason: string };

/** What a file is by its first bytes. */
function recognise(bytes: Buffer): Kind {
  const starts = (hex: string): boolean =>
    bytes.subarray(0, hex.length / 2).equals(Buffer.from(hex, "hex"));
  if (bytes.toString("latin1", 0, 5) === "PGDMP") return "custom";
  if (bytes.toString("latin1", 257, 262) === "ustar") return { what: "a tar archive" };
  if (starts("1f8b")) return { what: "a gzip file" };
  if (starts("04224d18")) return { what: "an lz4 file" };
  if (starts("28b52ffd")) return { what: "a zstd file" };
  if (starts("fffe") || starts("feff")) {
    return { reason: "it is UTF-16 text, which PowerShell's > makes of a dump; use pg_dump -f" };
  }
  if (bytes.subarray(0, 4096).includes(0)) return { reason: "it holds bytes that no text has" };
  return "text";
}

function unsupported(path: string, what: string): ExpectedError {
  const remedy = "make one with pg_dump -Fc or plain pg_dump";
  return new ExpectedError({ code: "dump_unsupported", path, what, remedy });
}
