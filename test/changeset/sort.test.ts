import { readFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lineSorter } from "../../src/changeset/sort.ts";
import { entries } from "../../src/changeset/sort-entries.ts";
import { appendEntries, readRun, storedRun } from "../../src/changeset/sort-runs.ts";
import { slabPool } from "../../src/compare/records.ts";

let directory = "";
let count = 0;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "rowpatch-sort-"));
});
afterAll(() => rm(directory, { recursive: true }));

type Entry = readonly [Buffer, string];

async function sorted(given: readonly Entry[], budget: number): Promise<string[]> {
  count += 1;
  const sorter = lineSorter(join(directory, `s${count}`), budget);
  for (const [key, line] of given) sorter.add(key, line);
  const whole = sorter.whole();
  if (whole !== undefined) return readFileSync(whole, "utf8").split("\n").slice(0, -1);
  const lines: string[] = [];
  for await (const batch of sorter.sorted()) lines.push(...batch.map(String));
  return lines;
}

const TINY = 300;

describe("lineSorter", () => {
  const cases: [string, Entry[], string[]][] = [
    ["nothing gives nothing", [], []],
    [
      "bytes decide, unsigned",
      [
        [Buffer.from([0xff]), "b"],
        [Buffer.from([0x7f]), "a"],
      ],
      ["a", "b"],
    ],
    [
      "a key sorts before those that it begins",
      [
        [Buffer.from("ab"), "b"],
        [Buffer.from("a"), "a"],
      ],
      ["a", "b"],
    ],
    [
      "an empty key sorts first",
      [
        [Buffer.from("a"), "b"],
        [Buffer.alloc(0), "a"],
      ],
      ["a", "b"],
    ],
    ["blanks belong to the line", [[Buffer.from("a"), "  x y "]], ["  x y "]],
    ["a line may be empty", [[Buffer.from("a"), ""]], [""]],
  ];
  test.each(cases)("%s", async (_name, entries, expected) => {
    expect(await sorted(entries, 1e9)).toEqual(expected);
    expect(await sorted(entries, 0)).toEqual(expected);
  });

  test("equal keys stay in the order of arrival, within runs and across them", async () => {
    const entries = Array.from({ length: 60 }, (_, n): Entry => [Buffer.from([n % 3]), String(n)]);
    const expected = [0, 1, 2].flatMap((key) =>
      entries.map(([, line]) => line).filter((line) => Number(line) % 3 === key),
    );
    expect(await sorted(entries, TINY)).toEqual(expected);
    expect(await sorted(entries, 1e9)).toEqual(expected);
  });

  test("what does not fit is spilled, and comes back with any character", async () => {
    const before = (await readdir(directory)).length;
    const entries = Array.from(
      { length: 2000 },
      (_, n): Entry => [
        Buffer.from(String((n * 7919) % 2000).padStart(4, "0")),
        `${(n * 7919) % 2000} 漢🙂\u2028${"x".repeat(n % 400)}`,
      ],
    );
    const lines = await sorted(entries, 50_000);
    expect((await readdir(directory)).length - before).toBeGreaterThan(3);
    expect(lines.map((line) => Number.parseInt(line, 10))).toEqual([...entries.keys()]);
    expect(lines.map((line) => line.length)).toEqual(
      [...entries].sort(([a], [b]) => Buffer.compare(a, b)).map(([, line]) => line.length),
    );
  });

  test("the budget does not change the result", async () => {
    const entry = fc.tuple(
      fc.uint8Array({ maxLength: 2 }).map((bytes) => Buffer.from(bytes)),
      fc.string().filter((text) => !text.includes("\n")),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 25 }), async (entries) => {
        expect(await sorted(entries, TINY)).toEqual(await sorted(entries, 1e9));
      }),
      { numRuns: 30 },
    );
  });

  test("keys of any length are ordered as their bytes are", async () => {
    const key = fc
      .array(fc.constantFrom(0, 1, 0x7f, 0xff), { maxLength: 15 })
      .map((bytes) => Buffer.from(bytes));
    await fc.assert(
      fc.asyncProperty(fc.array(key, { maxLength: 40 }), async (keys) => {
        const entries = keys.map((bytes, n): Entry => [bytes, String(n)]);
        const expected = [...entries].sort(([a], [b]) => Buffer.compare(a, b));
        expect(await sorted(entries, 600)).toEqual(expected.map(([, line]) => line));
      }),
      { numRuns: 100 },
    );
  });

  test("lines that come in their order are one file, however many they are", async () => {
    count += 1;
    const sorter = lineSorter(join(directory, `s${count}`), TINY);
    const keys = Array.from({ length: 300 }, (_, n) => Buffer.from([n >> 8, n & 0xff]));
    for (const [n, key] of keys.entries()) {
      sorter.add(key, `line ${n}`);
      sorter.add(key, "");
    }
    expect(readFileSync(sorter.whole() ?? "", "utf8")).toBe(
      keys.map((_, n) => `line ${n}\n\n`).join(""),
    );
    expect(await readdir(directory)).not.toContain(`s${count}.run0.keys`);
  });

  test("one line out of order, wherever it comes, is sorted among them", async () => {
    const ascending = Array.from({ length: 300 }, (_, n): Entry => {
      return [Buffer.from([n >> 8, n & 0xff]), `line ${n}`];
    });
    for (const at of [0, 1, 20, 298, 300]) {
      for (const other of [0, 150, 299]) {
        const key = Buffer.from([other >> 8, other & 0xff]);
        const entries: Entry[] = [...ascending];
        entries.splice(at, 0, [key, "other"]);
        const expected = [...entries].sort(([a], [b]) => Buffer.compare(a, b));
        expect(await sorted(entries, TINY)).toEqual(expected.map(([, line]) => line));
      }
    }
  });

  test.each([1, 2, 3, 5, 1_001])("a run is read in blocks of %i bytes", async (blockBytes) => {
    count += 1;
    const run = storedRun(join(directory, `s${count}`));
    const held = entries(slabPool(1_000_000));
    const lines = Array.from({ length: 500 }, (_, n) => `${n} ${"ä".repeat(n % 90)}`);
    for (const [n, line] of lines.entries()) held.add(Buffer.from([n >> 8, n & 0xff]), line);
    appendEntries(run, held, held.sorted());
    const reader = readRun(run, blockBytes);
    const found: string[] = [];
    while (await reader.more())
      for (let entry = reader.take(); entry; entry = reader.take())
        found.push(entry.line.toString("utf8", entry.from, entry.end));
    await reader.close();
    expect(found).toEqual(lines);
  });

  test("a reader that stops early leaves nothing open", async () => {
    count += 1;
    const sorter = lineSorter(join(directory, `s${count}`), 0);
    for (const line of ["c", "a", "b"]) sorter.add(Buffer.from(line), line);
    for await (const [line] of sorter.sorted()) {
      expect(String(line)).toBe("a");
      break;
    }
  });
});
