/**
 * The header of an archive: version, sizes of numbers, compression, and when and from what it was made.
 */
import { ExpectedError } from "../../errors.ts";
import type { Window } from "../bytes.ts";
import type { Damage } from "../copy-text.ts";
import { type FieldReader, readFields } from "./fields.ts";

export type Compression = "none" | "gzip" | "lz4" | "zstd";

export interface ArchiveHeader {
  /** 12 to 16, the digit after `1.`. */
  readonly minor: number;
  readonly intSize: number;
  readonly offSize: number;
  /** Directories say `tar` too. */
  readonly format: "custom" | "tar";
  readonly compression: Compression;
  /** Local time of the client that made the dump, ISO 8601 without zone. */
  readonly createdAt: string;
  /** In the encoding of the dump. */
  readonly database: Buffer;
  readonly serverVersion: string;
  readonly dumpVersion: string;
}

const OLDEST_MINOR = 12;
const NEWEST_MINOR = 16;
const ALGORITHMS: readonly Compression[] = ["none", "gzip", "lz4", "zstd"];

/**
 * Reads the header at the start of the file, and the number of entries that follows it.
 *
 * @throws ExpectedError `dump_unsupported` for versions outside 1.12 to 1.16, `dump_damaged`.
 */
export async function readHeader(
  window: Window,
  damage: Damage,
): Promise<{ readonly header: ArchiveHeader; readonly entries: number; readonly next: number }> {
  const { path } = window.source;
  const { value, next } = await readFields({ window, at: 0, intSize: 4, damage }, (reader) => {
    reader.bytes(5);
    const [major, minor] = [reader.byte(), reader.byte()];
    if (major !== 1 || minor < OLDEST_MINOR || minor > NEWEST_MINOR) {
      throw unsupportedVersion(path, major, minor);
    }
    const header = readRest(reader, minor, damage);
    return { header, entries: reader.int() };
  });
  return { ...value, next };
}

function readRest(reader: FieldReader, minor: number, damage: Damage): ArchiveHeader {
  reader.byte();
  reader.intSize = reader.byte();
  const offSize = reader.byte();
  if (reader.intSize < 1 || reader.intSize > 8 || offSize < 1 || offSize > 8) {
    throw damage("the header gives impossible sizes of numbers");
  }
  const format = { 1: "custom", 3: "tar" }[reader.byte()];
  if (format !== "custom" && format !== "tar") throw damage("the header names no known format");
  const compression = minor >= 15 ? ALGORITHMS[reader.byte()] : oldCompression(reader.int());
  if (!compression) throw damage("the header names no known compression");
  const [second = 0, minute = 0, hour = 0, day = 0, month = 0, year = 0] = Array.from(
    { length: 7 },
    () => reader.int(),
  );
  return {
    minor,
    intSize: reader.intSize,
    offSize,
    format,
    compression,
    createdAt: `${digits(year + 1900, 4)}-${digits(month + 1, 2)}-${digits(day, 2)}T${digits(hour, 2)}:${digits(minute, 2)}:${digits(second, 2)}`,
    database: reader.text() ?? Buffer.alloc(0),
    serverVersion: reader.text()?.toString("utf8") ?? "",
    dumpVersion: reader.text()?.toString("utf8") ?? "",
  };
}

/** Up to 1.14 the header holds a zlib level: 0 none, -1 the default. */
function oldCompression(level: number): Compression {
  return level === 0 ? "none" : "gzip";
}

function digits(value: number, length: number): string {
  return String(value).padStart(length, "0");
}

function unsupportedVersion(path: string, major: number, minor: number): ExpectedError {
  const newer = major > 1 || minor > NEWEST_MINOR;
  return new ExpectedError({
    code: "dump_unsupported",
    path,
    what: `an archive of version ${major}.${minor}`,
    remedy: newer
      ? "make a plain dump, or use a newer rowpatch"
      : "make it again with pg_dump 9.6 or later",
  });
}
