import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { spillFiles } from "../../src/changeset/spill-files.ts";
import { alignLines } from "../../src/compare/align.ts";
import { lineKey } from "../../src/compare/line-key.ts";
import { chunksOf } from "../compare/lines.ts";

let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "rowpatch-spill-"));
});
afterAll(() => rm(directory, { recursive: true }));

async function textsOf(chunks: AsyncIterable<Buffer>): Promise<string[]> {
  const texts: string[] = [];
  for await (const chunk of chunks) texts.push(chunk.toString());
  return texts;
}

describe("spill files", () => {
  test("give each partition's chunks back as they were written", async () => {
    await using store = spillFiles(directory, "a")();
    const chunk = Buffer.from("one\n");
    store.write(3, chunk);
    chunk.write("two\n");
    store.write(127, Buffer.from(`${"x".repeat(100_000)}\n`));
    store.write(3, Buffer.from("a longer one\n"));
    store.write(3, chunk);
    expect(await textsOf(store.read(3))).toEqual(["one\n", "a longer one\n", "two\n"]);
    expect(await textsOf(store.read(127))).toEqual([`${"x".repeat(100_000)}\n`]);
    expect(await textsOf(store.read(4))).toEqual([]);
  });

  test("two partitions may be read at the same time", async () => {
    await using store = spillFiles(directory, "b")();
    for (const n of [1, 2, 3]) {
      store.write(0, Buffer.from(`zero ${n}\n`));
      store.write(64, Buffer.from(`other ${n}\n`));
    }
    const [zero, other] = await Promise.all([textsOf(store.read(0)), textsOf(store.read(64))]);
    expect(zero).toEqual(["zero 1\n", "zero 2\n", "zero 3\n"]);
    expect(other).toEqual(["other 1\n", "other 2\n", "other 3\n"]);
  });

  test("others get their turn while a large partition is read: an interrupt must not wait for its end", async () => {
    await using store = spillFiles(directory, "t")();
    const chunk = Buffer.from(`${"x".repeat(65_535)}\n`);
    for (let n = 0; n < 64; n += 1) store.write(0, chunk);
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    });
    let bytes = 0;
    for await (const read of store.read(0)) {
      bytes += read.length;
      // As long as pairing its lines takes.
      for (const until = performance.now() + 2; performance.now() < until; );
    }
    clearInterval(timer);
    expect(bytes).toBe(64 * chunk.length);
    expect(turns).toBeGreaterThanOrEqual(3);
  });

  test("leave nothing in the directory", async () => {
    const make = spillFiles(directory, "c");
    const stores = [make(), make(), make()];
    for (const store of stores.slice(1)) store.write(0, Buffer.from("x\n"));
    for (const store of stores) await store[Symbol.asyncDispose]();
    expect(await readdir(directory)).toEqual([]);
  });

  test("a directory that cannot be written to is a failure that names the folder", async () => {
    const store = spillFiles(join(directory, "missing"), "d")();
    const failure = { code: "file_system", path: join(directory, "missing") };
    expect(() => store.write(0, Buffer.from("x\n"))).toThrow(
      expect.objectContaining({ failure: expect.objectContaining(failure) }),
    );
    await store[Symbol.asyncDispose]();
  });

  test("hold what a comparison does not keep in memory", async () => {
    const rows = Array.from({ length: 20_000 }, (_, id) => `${id}\t${"x".repeat(id % 50)}`);
    const changed = rows.map((row, id) => (id % 1_000 === 0 ? `${row}!` : row)).reverse();
    const key = lineKey([{ index: 0 }]);
    const pairs = alignLines(
      { production: chunksOf(rows, () => 500), local: chunksOf(changed, () => 300) },
      {
        productionKey: key,
        localKey: key,
        memoryBudget: 100_000,
        spill: spillFiles(directory, "e"),
        onDuplicateKey: () => {},
      },
      (before, after) => `${before}|${after}`,
    );
    const found: string[] = [];
    for await (const batch of pairs) found.push(...batch);
    const expected = rows.filter((_, id) => id % 1_000 === 0).map((row) => `${row}|${row}!`);
    expect(found.sort()).toEqual(expected.sort());
    expect(await readdir(directory)).toEqual([]);
  });
});
