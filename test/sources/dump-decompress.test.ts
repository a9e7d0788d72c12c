import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  type Algorithm,
  decompress,
  prepareToDecompress,
} from "../../src/sources/archive/decompress.ts";
import { splitFrames } from "../../src/sources/archive/zstd-frames.ts";
import { fixturePath, hasFixtures } from "../support/fixtures.ts";

const SKIPPABLE = Buffer.from("502a4d1803000000616263", "hex");

/** In pieces like those of a file; copies, because a thread takes them over. */
async function* pieces(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < bytes.length; at += 200_000) {
    yield Buffer.from(bytes.subarray(at, at + 200_000));
  }
}

interface Read {
  readonly bytes: AsyncIterable<Buffer>;
  readonly lent: boolean;
}

function open(algorithm: Algorithm, { bytes, lent }: Read): AsyncIterable<Buffer> {
  const damage = (reason: string): Error => new Error(`damaged: ${reason}`);
  return decompress({ algorithm, bytes, damage, lent });
}

async function contentOf(algorithm: Algorithm, bytes: Buffer, lent = true): Promise<Buffer> {
  const out: Buffer[] = [];
  for await (const chunk of open(algorithm, { bytes: pieces(bytes), lent })) {
    out.push(lent ? Buffer.from(chunk) : chunk);
  }
  return Buffer.concat(out);
}

/** A zstd frame of uncompressed blocks that claims a window. */
function rawFrame(windowLog: number, blocks: readonly Buffer[]): Buffer {
  const parts = blocks.flatMap((block, index) => {
    const head = Buffer.alloc(3);
    head.writeUIntLE((block.length << 3) | (index === blocks.length - 1 ? 1 : 0), 0, 3);
    return [head, block];
  });
  return Buffer.concat([
    Buffer.from("28b52ffd00", "hex"),
    Buffer.from([(windowLog - 10) << 3]),
    ...parts,
  ]);
}

/** Compressed bytes for which a thread is started early. */
const LARGE = 2 ** 24;
const BLOCKS = Array.from({ length: 20 }, (_, index) => Buffer.alloc(100_000, 65 + index));

describe("zstd frames long enough for a thread", () => {
  test("a window of 128 MiB is read", async () => {
    const frame = rawFrame(27, BLOCKS);
    expect((await contentOf("zstd", frame)).equals(Buffer.concat(BLOCKS))).toBe(true);
  });

  test("a larger window is refused", async () => {
    await expect(contentOf("zstd", rawFrame(28, BLOCKS))).rejects.toThrow("damaged");
  });

  test("a consumer may stop early, and the next one starts anew", async () => {
    const bytes = Buffer.concat(Array.from({ length: 5 }, () => rawFrame(20, BLOCKS)));
    for await (const chunk of open("zstd", { bytes: pieces(bytes), lent: true })) {
      expect(chunk[0]).toBe(65);
      break;
    }
    expect((await contentOf("zstd", rawFrame(20, BLOCKS))).length).toBe(2_000_000);
  });

  test("threads that were started early are used, and as many more as are needed", async () => {
    const frame = rawFrame(20, BLOCKS);
    for (const bytes of [0, frame.length, LARGE, LARGE, LARGE]) prepareToDecompress("zstd", bytes);
    const wanted = Buffer.concat(BLOCKS);
    for (let round = 0; round < 2; round += 1) {
      const contents = await Promise.all([1, 2, 3, 4].map(() => contentOf("zstd", frame)));
      expect(contents.map((content) => content.equals(wanted))).toEqual([true, true, true, true]);
    }
  });

  test("a failure of reading comes out as it is", async () => {
    async function* failing(): AsyncGenerator<Buffer, void, undefined> {
      yield* pieces(rawFrame(20, BLOCKS));
      throw new Error("the disk is gone");
    }
    const read = async (): Promise<void> => {
      for await (const chunk of open("zstd", { bytes: failing(), lent: true })) {
        expect(chunk.length).toBeGreaterThan(0);
      }
    };
    await expect(read()).rejects.toThrow("the disk is gone");
  });
});

/** Frames of every shape, and what they hold. */
const FRAMES: readonly (readonly [string, Buffer, string])[] = [
  ["a skippable frame", SKIPPABLE, ""],
  [
    "several blocks, one of them empty",
    rawFrame(20, [Buffer.from("one "), Buffer.alloc(0), Buffer.from("two ")]),
    "one two ",
  ],
  ["a checksum", Buffer.from("28b52ffd04583100006672616d650a2941e113", "hex"), "frame\n"],
  ["a block without bytes", rawFrame(10, [Buffer.alloc(0)]), ""],
  ["a repeated byte", Buffer.from("28b52ffd00582b000061", "hex"), "aaaaa"],
  ["a content size and no window", Buffer.from("28b52ffd2003190000616263", "hex"), "abc"],
];

describe("zstd frames one after the other", () => {
  const all = Buffer.concat(FRAMES.map(([, frame]) => frame));
  const borders = new Set([0]);
  for (const [, frame] of FRAMES) borders.add(Math.max(...borders) + frame.length);

  test("all of them are read", async () => {
    const content = FRAMES.map(([, , text]) => text).join("");
    expect((await contentOf("zstd", all)).toString()).toBe(content);
  });

  test("cut anywhere but between two of them, they are damaged", async () => {
    const whole: number[] = [];
    for (let length = 0; length <= all.length; length += 1) {
      const outcome = await contentOf("zstd", all.subarray(0, length)).catch(String);
      if (Buffer.isBuffer(outcome)) whole.push(length);
      else expect(outcome).toContain("damaged");
    }
    expect(whole).toEqual([...borders]);
  });

  test("what follows them and is no frame is damage", async () => {
    for (const rest of ["\0", "\0\0\0\0\0", "Dear all,"]) {
      const bytes = Buffer.concat([all, Buffer.from(rest)]);
      await expect(contentOf("zstd", bytes)).rejects.toThrow("damaged");
    }
  });

  test.each([1, 2, 3, 7, 1000])(
    "in chunks of %i bytes, pieces end where frames do",
    async (size) => {
      async function* chunks(): AsyncGenerator<Buffer, void, undefined> {
        for (let at = 0; at < all.length; at += size) yield all.subarray(at, at + size);
      }
      const ends = new Set([0]);
      let end = 0;
      for await (const piece of splitFrames(chunks())) {
        expect(piece.equals(all.subarray(end, end + piece.length))).toBe(true);
        end += piece.length;
        ends.add(end);
      }
      expect(end).toBe(all.length);
      expect([...borders].filter((border) => !ends.has(border))).toEqual([]);
    },
  );
});

describe.skipIf(!hasFixtures).each([
  ["zstd", "pg17/plain.sql.zst"],
  ["lz4", "pg17/plain.sql.lz4"],
] as const)("%s", (algorithm, name) => {
  const frame = hasFixtures ? readFileSync(fixturePath(name)) : Buffer.alloc(1);
  const times = Math.ceil(2_000_000 / frame.length);
  const frames = (): Buffer =>
    Buffer.concat(Array.from({ length: times }, () => [SKIPPABLE, frame]).flat());

  test.each([true, false])("many frames, some skippable, with chunks lent: %s", async (lent) => {
    const single = await contentOf(algorithm, frame);
    const content = await contentOf(algorithm, frames(), lent);
    expect(content.length).toBe(single.length * times);
    expect(content.subarray(-single.length).equals(single)).toBe(true);
  });

  test("the last of many frames cut off is noticed", async () => {
    await expect(contentOf(algorithm, frames().subarray(0, -3))).rejects.toThrow("damaged");
  });
});
