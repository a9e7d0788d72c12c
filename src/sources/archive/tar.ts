/**
 * Tar archives (`pg_dump -Ft`), and tars of directory archives: where each member lies in the file.
 */
import { ExpectedError } from "../../errors.ts";
import { type Bytes, Window } from "../bytes.ts";
import type { DumpSource } from "../source.ts";
import { openMembers } from "./members.ts";

/** What `openTar` needs. */
export interface TarRequest {
  readonly bytes: Bytes;
  readonly file: { readonly bytes: number; readonly wrapping: string };
  readonly digest: () => Promise<string | undefined>;
}

interface Member {
  readonly start: number;
  readonly size: number;
}

const BLOCK = 512;
/** Longest extension header that is read. */
const MAX_EXTENSION_BYTES = 65_536;

/**
 * Walks over all members. Closes `bytes` when disposed.
 *
 * @throws ExpectedError `dump_damaged` if the file is cut off, and as `openMembers` does.
 */
export async function openTar({ bytes, file, digest }: TarRequest): Promise<DumpSource> {
  const members = await walkMembers(bytes);
  return openMembers({
    path: bytes.path,
    name: `${file.wrapping}tar archive`,
    bytes: file.bytes,
    seekable: bytes.seekable,
    names: new Set(members.keys()),
    open: async (name) => partOf(bytes, members.get(name) ?? { start: 0, size: 0 }),
    digest,
    close: bytes.close,
  });
}

/** A member as bytes of its own; closing it leaves the tar open. */
function partOf(bytes: Bytes, { start, size }: Member): Bytes {
  return {
    path: bytes.path,
    seekable: bytes.seekable,
    read: (from, to = size) => bytes.read(start + Math.min(from, size), start + Math.min(to, size)),
    close: async () => undefined,
  };
}

async function walkMembers(bytes: Bytes): Promise<ReadonlyMap<string, Member>> {
  await using window = new Window(bytes);
  const members = new Map<string, Member>();
  let extension: Extension = {};
  let ended = false;
  for (let at = 0; await window.hold(at, BLOCK); ) {
    const header = window.bytes.subarray(at - window.base, at - window.base + BLOCK);
    if (header.every((byte) => byte === 0)) {
      ended = true;
      break;
    }
    const entry = readTarHeader(bytes.path, header, at);
    const size = extension.size ?? entry.size;
    const start = at + BLOCK;
    if (entry.type === "x" || entry.type === "L") {
      extension = { ...extension, ...(await readExtension(window, entry.type, { start, size })) };
    } else {
      if (size > 0 && !(await window.hold(start + size - 1, 1))) {
        throw damaged(bytes.path, at, "the file ends within a member");
      }
      const name = (extension.name ?? entry.name).replace(/^.*\//, "");
      if (entry.type === "0" && name !== "") members.set(name, { start, size });
      extension = {};
    }
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  if (!ended && !members.has("restore.sql")) {
    throw damaged(bytes.path, window.base + window.bytes.length, "the end of the tar is missing");
  }
  return members;
}

interface TarHeader {
  readonly name: string;
  readonly size: number;
  /** `0` for files. */
  readonly type: string;
}

/** See: POSIX pax, "ustar Interchange Format". */
function readTarHeader(path: string, header: Buffer, at: number): TarHeader {
  const text = (start: number, length: number): string =>
    header.toString("latin1", start, start + length).replace(/\0[\s\S]*$/, "");
  const sum = header.reduce((total, byte, index) => {
    return total + (index >= 148 && index < 156 ? 0x20 : byte);
  }, 0);
  if (sum !== Number.parseInt(text(148, 8).trim(), 8)) {
    throw damaged(path, at, "the checksum of a tar header is wrong");
  }
  const type = text(156, 1) || "0";
  const name = text(0, 100);
  const size = readSize(header);
  if (!Number.isSafeInteger(size) || size < 0) {
    throw damaged(path, at, "a tar header gives an impossible size");
  }
  return { name, size, type };
}

/** Octal digits; from 8 GB on a binary number, most significant byte first. */
function readSize(header: Buffer): number {
  if (((header[124] ?? 0) & 0x80) === 0) {
    return Number.parseInt(header.toString("latin1", 124, 136).replace(/\0.*$/, "").trim(), 8);
  }
  let size = 0;
  for (let index = 125; index < 136; index += 1) size = size * 256 + (header[index] ?? 0);
  return size;
}

interface Extension {
  readonly name?: string;
  readonly size?: number;
}

/** What a pax header or a GNU long name says of the member after it. */
async function readExtension(
  window: Window,
  type: "x" | "L",
  { start, size }: Member,
): Promise<Extension> {
  if (size > MAX_EXTENSION_BYTES || !(await window.hold(start, size))) return {};
  const text = window.bytes.toString("utf8", start - window.base, start - window.base + size);
  if (type === "L") return { name: text.replace(/\0[\s\S]*$/, "") };
  const name = /^\d+ path=(.*)$/m.exec(text)?.[1];
  const length = /^\d+ size=(\d+)$/m.exec(text)?.[1];
  return {
    ...(name === undefined ? {} : { name }),
    ...(length === undefined ? {} : { size: Number(length) }),
  };
}

function damaged(path: string, at: number, reason: string): ExpectedError {
  return new ExpectedError({ code: "dump_damaged", path, where: `byte ${at}`, reason });
}
