import { describe, expect, test } from "vitest";
import { alignLines, alignMultiset, type LineStreams } from "../../src/compare/align.ts";
import { hashBytes } from "../../src/compare/line.ts";
import { lineKey } from "../../src/compare/line-key.ts";
import { chunksOf, memorySpill, noSpills } from "./lines.ts";
import { align, alignCounted } from "./pairing-run.ts";

const ample = { memoryBudget: 1_000_000 };
const none = { memoryBudget: 1 };

describe("alignLines", () => {
  const long = "x".repeat(300_000);
  const cases: [string, string[], string[], string[]][] = [
    ["nothing on either side", [], [], []],
    ["equal lines", ["1\ta", "2\tb"], ["1\ta", "2\tb"], []],
    ["equal lines in another order", ["1\ta", "2\tb", "3\tc"], ["3\tc", "1\ta", "2\tb"], []],
    ["a line only in local", ["1\ta"], ["1\ta", "2\tb"], ["|2\tb"]],
    ["a line only in production", ["1\ta", "2\tb"], ["2\tb"], ["1\ta|"]],
    ["nothing in production", [], ["1\ta", "2\tb"], ["|1\ta", "|2\tb"]],
    ["nothing in local", ["1\ta", "2\tb"], [], ["1\ta|", "2\tb|"]],
    ["a line changed where it stands", ["1\ta", "2\tb"], ["1\tx", "2\tb"], ["1\ta|1\tx"]],
    ["a line changed and moved", ["1\ta", "2\tb", "3\t"], ["2\tb", "3\t", "1\tx"], ["1\ta|1\tx"]],
    ["a key that begins with another", ["1\ta", "11\ta"], ["11\ta", "1\tb"], ["1\ta|1\tb"]],
    ["NULL is not the empty string", ["1\t\\N"], ["1\t"], ["1\t\\N|1\t"]],
    ["an empty line is a row with one empty value", ["", "a"], ["a"], ["|"]],
    ["a line without other fields is its own key", ["a", "b"], ["b", "c"], ["a|", "|c"]],
    [
      "lines longer than a slab",
      [`1\t${long}`, `2\t${long}`],
      [`2\t${long}`, `1\t${long}y`],
      [`1\t${long}|1\t${long}y`],
    ],
  ];
  test.each(cases)("%s", async (_name, production, local, expected) => {
    expect((await align({ production, local, ...ample })).pairs).toEqual(expected);
    expect((await align({ production, local, ...none })).pairs).toEqual(expected);
  });

  test("a key taken differently from each side pairs all the same", async () => {
    const canonical = (text: string) => String(Number(text));
    const run = { production: ["1.0\ta", "2.50\tb"], local: ["2.5\tb", "1\tc"] };
    const key = lineKey([{ index: 0, canonical }]);
    const { pairs } = await align(run, { productionKey: key, localKey: key });
    expect(pairs).toEqual(["1.0\ta|1\tc", "2.50\tb|2.5\tb"]);
  });

  test("keys whose hashes are equal are kept apart, also when all partitions are full", async () => {
    const [one, other] = hashTwins();
    const run = { production: [`${one}\ta`, `${other}\ta`], local: [`${other}\ta`, `${one}\tb`] };
    const expected = [`${one}\ta|${one}\tb`];
    expect((await align({ ...run, ...ample })).pairs).toEqual(expected);
    expect((await align({ ...run, ...none })).pairs).toEqual(expected);
  });
});

describe("a key that one side repeats", () => {
  const run = { production: ["1\ta", "1\tb", "2\tc"], local: ["2\td"] };

  test("is reported when both lines are pending", async () => {
    const { duplicates, pairs } = await align({ ...run, ...ample });
    expect(duplicates).toEqual(["production 1\tb"]);
    expect(pairs).toEqual(["1\ta|", "2\tc|2\td"]);
  });

  test("comes with each of its lines when the other side has nothing left to compare", async () => {
    const { duplicates, pairs } = await align({
      production: ["1\ta", "1\tb"],
      local: [],
      ...ample,
    });
    expect(duplicates).toEqual([]);
    expect(pairs).toEqual(["1\ta|", "1\tb|"]);
  });

  test("takes no memory, however often it comes", async () => {
    const production = Array.from({ length: 5_000 }, (_, n) => `1\t${n}`);
    const { duplicates, spills } = await align({ production, local: ["2\t"], memoryBudget: 2_000 });
    expect(duplicates.length).toBe(4_999);
    expect(spills.bytes).toBe(0);
  });
});

describe("alignMultiset", () => {
  const cases: [string, string[], string[], Record<string, number>][] = [
    ["nothing on either side", [], [], {}],
    ["equal lines in another order", ["a", "b", "a"], ["a", "a", "b"], {}],
    ["a line more often in local", ["a", "b"], ["a", "b", "a", "a"], { a: 2 }],
    ["a line more often in production", ["a", "a", "a", "b"], ["b", "a"], { a: -2 }],
    ["lines on one side only", ["a", "a"], ["b"], { a: -2, b: 1 }],
    ["nothing in local", ["a", "b", "a"], [], { a: -2, b: -1 }],
    ["an empty line is a row", ["", ""], [""], { "": -1 }],
  ];
  test.each(cases)("%s", async (_name, production, local, expected) => {
    expect((await alignCounted({ production, local, ...ample })).surplus).toEqual(expected);
    expect((await alignCounted({ production, local, ...none })).surplus).toEqual(expected);
  });

  test("a line repeated without end takes no memory", async () => {
    const production = Array.from({ length: 20_000 }, () => "same");
    const { surplus, spills } = await alignCounted({ production, local: [], memoryBudget: 2_000 });
    expect(surplus).toEqual({ same: -20_000 });
    expect(spills.bytes).toBe(0);
  });
});

describe("lifetimes", () => {
  const rows = Array.from({ length: 4_000 }, (_, id) => `${id}\tx`);
  const keyOf = lineKey([{ index: 0 }]);
  const ending = { keyOf, closed: [] as string[] };

  async function* watched(name: string, lines: readonly string[], fault?: Error) {
    try {
      yield* chunksOf(lines, () => 100);
      if (fault) throw fault;
    } finally {
      ending.closed.push(name);
    }
  }

  async function readAll(streams: LineStreams, limit: number, signal?: AbortSignal) {
    ending.closed.length = 0;
    const spills = noSpills();
    const options = { memoryBudget: 20_000, spill: memorySpill(spills), ...(signal && { signal }) };
    const keys = { productionKey: keyOf, localKey: keyOf, onDuplicateKey: () => {} };
    let batches = 0;
    try {
      for await (const _ of alignLines(streams, { ...options, ...keys }, () => true)) {
        batches += 1;
        if (batches === limit) break;
      }
    } finally {
      expect(ending.closed.sort()).toEqual(["local", "production"]);
      expect(spills).toMatchObject({ made: 1, open: 0 });
    }
    return batches;
  }

  test("streams and storage are closed at the end", async () => {
    const streams = { production: watched("production", rows), local: watched("local", []) };
    const changed = rows.map((line) => `9${line}`).reverse();
    const batches = await readAll({ ...streams, local: watched("local", changed) }, 0);
    expect(batches).toBeGreaterThan(1);
  });

  test("streams and storage are closed when the reader stops early", async () => {
    const changed = rows.map((line) => `9${line}`).reverse();
    const streams = { production: watched("production", rows), local: watched("local", changed) };
    expect(await readAll(streams, 1)).toBe(1);
  });

  test("a stream's failure is passed on after everything is closed", async () => {
    const local = watched("local", [...rows].reverse(), new Error("connection lost"));
    const streams = { production: watched("production", rows), local };
    await expect(readAll(streams, 0)).rejects.toThrow("connection lost");
  });

  test("an abort ends it with the signal's reason", async () => {
    const controller = new AbortController();
    async function* aborting() {
      yield* watched("local", [...rows].reverse());
      controller.abort(new Error("interrupted"));
    }
    const streams = { production: watched("production", [...rows, "x"]), local: aborting() };
    await expect(readAll(streams, 0, controller.signal)).rejects.toThrow("interrupted");
  });

  test("lines of megabytes do not wait in memory, and find each other", async () => {
    const body = "m".repeat(5_000_000);
    const line = (id: number, end = ""): string => `${id}\t${body}${end}`;
    const production = [line(1), line(2), line(3), "4\tshort", line(5)];
    const local = [line(3), "4\tshort", line(2, "!"), line(6), line(1)];
    const one = () => 1;
    const memoryBudget = 64_000_000;
    const run = { production, local, productionChunk: one, localChunk: one, memoryBudget };
    const short = (pair: string): string => pair.replaceAll(body, "");
    const { pairs, duplicates, spills } = await align(run);
    expect(pairs.map(short)).toEqual(["2\t|2\t!", "5\t|", "|6\t"]);
    expect(duplicates).toEqual([]);
    expect(spills).toMatchObject({ made: 1, open: 0 });
    const { surplus } = await alignCounted(run);
    expect(
      Object.entries(surplus)
        .map(([text, times]) => [short(text), times])
        .sort(),
    ).toEqual([
      ["2\t!", 1],
      ["2\t", -1],
      ["5\t", -1],
      ["6\t", 1],
    ]);
  });

  test("a chunk that does not end with LF is a fault, not a row", async () => {
    async function* torn() {
      yield Buffer.from("1\ta\n2");
    }
    const options = { ...ample, spill: memorySpill(noSpills()) };
    const surplus = alignMultiset({ production: torn(), local: torn() }, options);
    await expect(surplus.next()).rejects.toThrow("does not end with LF");
  });
});

/** Two short texts with the same hash; among so many there is a pair. */
function hashTwins(): readonly [string, string] {
  const seen = new Map<number, string>();
  for (let n = 0; n < 1_000_000; n += 1) {
    const text = `key${n}`;
    const hash = hashBytes(Buffer.from(text), 0, text.length);
    const twin = seen.get(hash);
    if (twin !== undefined) return [twin, text];
    seen.set(hash, text);
  }
  throw new Error("no two texts share a hash");
}
