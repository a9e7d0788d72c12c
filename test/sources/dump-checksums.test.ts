import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { type Algorithm, decompress } from "../../src/sources/archive/decompress.ts";

/** ROWPATCH_FUZZ multiplies how often bytes are changed. */
const TIMES = Number(process.env["ROWPATCH_FUZZ"] ?? 1);
const CHUNK = 131_072;
/** Magic numbers and flags say themselves whether there are checksums. */
const HEADER_BYTES = 20;

/** Text that compresses to about half, the same every time. */
function sampleText(length: number): Buffer {
  const lines: string[] = [];
  for (let at = 0; at < length; at += 65) {
    lines.push(createHash("sha256").update(String(at)).digest("hex"));
  }
  return Buffer.from(`${lines.join("\n")}\n`);
}

const SHORT = sampleText(20_000);
const LONG = sampleText(3_000_000);

function run(program: string, flags: readonly string[], input: Buffer): Buffer {
  const { status, stdout } = spawnSync(program, flags, { input, maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`${program} failed`);
  return stdout;
}

function has(program: string): boolean {
  return spawnSync(program, ["--version"]).status === 0;
}

interface Coding {
  readonly name: string;
  readonly algorithm: Algorithm;
  readonly available: boolean;
  readonly encode: (text: Buffer) => Buffer;
}

const ZSTD = { algorithm: "zstd", available: has("zstd") } as const;
const LZ4 = { algorithm: "lz4", available: has("lz4") } as const;

const CHECKED: readonly Coding[] = [
  { name: "gzip", algorithm: "gzip", available: true, encode: (text) => gzipSync(text) },
  { name: "zstd", ...ZSTD, encode: (text) => run("zstd", ["-q", "-c", "--check"], text) },
  { name: "lz4 with content checksum", ...LZ4, encode: (text) => run("lz4", ["-q", "-c"], text) },
  {
    name: "lz4 with block checksums, blocks linked",
    ...LZ4,
    encode: (text) => run("lz4", ["-q", "-c", "-BX", "-BD", "-B4"], text),
  },
];

const UNCHECKED: readonly Coding[] = [
  {
    name: "zstd without checksum",
    ...ZSTD,
    encode: (text) => run("zstd", ["-q", "-c", "--no-check"], text),
  },
  {
    name: "lz4 without checksum",
    ...LZ4,
    encode: (text) => run("lz4", ["-q", "-c", "--no-frame-crc", "-BD", "-B4"], text),
  },
];

/** Copies, because a thread takes them over. */
async function* pieces(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < bytes.length; at += CHUNK)
    yield Buffer.from(bytes.subarray(at, at + CHUNK));
}

/** Tells damage from bugs. */
class Damaged extends Error {}

/** What a stream holds, or `damaged`. Whatever else is thrown comes out. */
async function outcome(algorithm: Algorithm, bytes: Buffer): Promise<Buffer | "damaged"> {
  const out: Buffer[] = [];
  const damage = (reason: string): Error => new Damaged(reason);
  try {
    for await (const chunk of decompress({ algorithm, bytes: pieces(bytes), damage, lent: true })) {
      out.push(Buffer.from(chunk));
    }
  } catch (error) {
    if (error instanceof Damaged) return "damaged";
    throw error;
  }
  return Buffer.concat(out);
}

interface Flips {
  readonly coding: Coding;
  readonly text: Buffer;
  readonly count: number;
  readonly from: number;
}

interface Tally {
  damaged: number;
  same: number;
  other: number;
}

/** Changes one byte at a time, at places that are the same in every run. */
async function flip({ coding, text, count, from }: Flips): Promise<Tally> {
  const { algorithm } = coding;
  const encoded = coding.encode(text);
  expect((await outcome(algorithm, encoded)).toString()).toBe(text.toString());
  const tally = { damaged: 0, same: 0, other: 0 };
  let state = 5;
  const random = (limit: number): number => {
    state = (state * 48271) % 2147483647;
    return state % limit;
  };
  for (let done = 0; done < count; done += 1) {
    const at = from + random(encoded.length - from);
    const bytes = Buffer.from(encoded);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
    const found = await outcome(algorithm, bytes);
    if (found === "damaged") tally.damaged += 1;
    else if (found.equals(text)) tally.same += 1;
    else tally.other += 1;
  }
  return tally;
}

describe("a changed byte of what has a checksum", () => {
  for (const coding of CHECKED) {
    test.skipIf(!coding.available)(`${coding.name}, short: is always noticed`, async () => {
      const count = Math.round(400 * TIMES);
      const tally = await flip({ coding, text: SHORT, count, from: HEADER_BYTES });
      expect(tally).toEqual({ damaged: count, same: 0, other: 0 });
    });

    test.skipIf(!coding.available)(`${coding.name}, over 1 MiB: is always noticed`, async () => {
      expect(coding.encode(LONG).length).toBeGreaterThan(2 ** 20);
      const count = Math.round(12 * TIMES);
      const tally = await flip({ coding, text: LONG, count, from: HEADER_BYTES });
      expect(tally).toEqual({ damaged: count, same: 0, other: 0 });
    });
  }
});

describe("a changed byte of what has no checksum", () => {
  for (const coding of UNCHECKED) {
    test.skipIf(!coding.available)(`${coding.name}, over 1 MiB: reading ends`, async () => {
      expect(coding.encode(LONG).length).toBeGreaterThan(2 ** 20);
      const count = Math.round(12 * TIMES);
      const { damaged, same, other } = await flip({ coding, text: LONG, count, from: 0 });
      expect(damaged + same + other).toBe(count);
    });
  }
});
