/**
 * zstd frames as the bytes they hold: by node where it can, else by fzstd, which is slower and checks no checksums.
 */
import { Duplex } from "node:stream";
import * as zlib from "node:zlib";
import { Decompress } from "fzstd";

/** A window of 128 MiB, what `pg_dump --compress=zstd:long` and `zstd --long` need. */
const MAX_WINDOW_LOG = 27;
const OUTPUT_BYTES = 262_144;
/** A few bytes may stand for 128 KB; small pieces bound what one of them makes. */
const PIECE_BYTES = 4096;
/** Longest frame header, and what tells how long it is. */
const HEADER_BYTES = 18;

/** A decompressing stream of node, which has one from 22.15 and 23.8 on. */
export function nodeZstd(): Duplex | undefined {
  if (!("createZstdDecompress" in zlib)) return;
  const create: unknown = zlib.createZstdDecompress;
  const constants: Readonly<Record<string, unknown>> = zlib.constants;
  const parameter = constants["ZSTD_d_windowLogMax"];
  if (typeof create !== "function" || typeof parameter !== "number") return;
  const stream: unknown = Reflect.apply(create, zlib, [
    { chunkSize: OUTPUT_BYTES, params: { [parameter]: MAX_WINDOW_LOG } },
  ]);
  return stream instanceof Duplex ? stream : undefined;
}

/** What the frames in a stream hold, without node's help. @throws Error if they are cut off or corrupt. */
export async function* readZstd(
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  const made: Buffer[] = [];
  const stream = new Decompress((piece) => {
    if (piece.length > 0) made.push(Buffer.from(piece.buffer, piece.byteOffset, piece.length));
  });
  let first: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of chunks) {
    let bytes = chunk;
    if (first) {
      bytes = Buffer.concat([first, chunk]);
      first = bytes.length < HEADER_BYTES ? bytes : undefined;
      if (first) continue;
      checkWindow(bytes);
    }
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      stream.push(bytes.subarray(at, at + PIECE_BYTES));
      yield* made.splice(0);
    }
  }
  stream.push(first ?? Buffer.alloc(0), true);
  yield* made;
}

/** fzstd takes any window up to 2 GB into memory. See: RFC 8878, "Window_Descriptor". */
function checkWindow(header: Buffer): void {
  const flags = header[4] ?? 0;
  const single = (flags & 0x20) !== 0;
  const log = 10 + ((header[5] ?? 0) >> 3);
  const mantissa = (header[5] ?? 0) & 7;
  const window = single ? contentSize(header, flags) : 2 ** log * (1 + mantissa / 8);
  if (window > 2 ** MAX_WINDOW_LOG) throw new Error("the zstd window is larger than 128 MiB");
}

/** Of a frame without window descriptor. See: RFC 8878, "Frame_Content_Size". */
function contentSize(header: Buffer, flags: number): number {
  const at = 5 + ([0, 1, 2, 4][flags & 3] ?? 0);
  const size = flags >> 6;
  if (size === 0) return header[at] ?? 0;
  if (size === 1) return header.readUInt16LE(at) + 256;
  return size === 2 ? header.readUInt32LE(at) : Number(header.readBigUInt64LE(at));
}
