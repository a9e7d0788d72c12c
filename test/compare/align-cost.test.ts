import { describe, expect, test } from "vitest";
import { type KeyOf, lineKey } from "../../src/compare/line-key.ts";
import { randomFrom, shuffled } from "./lines.ts";
import { align, naivePairs, type Run } from "./pairing-run.ts";

const ROWS = 20_000;
const BLOCK = 4_000;
/** A line of these takes 64 bytes of memory, so the block takes 256 kB. */
const rows = Array.from({ length: ROWS }, (_, id) => `${id}\t${"abcde".repeat(8)}`);
const block = rows.slice(5_000, 5_000 + BLOCK);
const rest = [...rows.slice(0, 5_000), ...rows.slice(5_000 + BLOCK)];

/** Compares in chunks of about 200 lines and counts how often a key was taken, which every line costs that is not skipped in bulk. */
async function cost(run: Run) {
  let keys = 0;
  const byId = lineKey([{ index: 0 }]);
  const counting: KeyOf = (line, start, end, key) => {
    keys += 1;
    byId(line, start, end, key);
  };
  const random = randomFrom(1);
  const size = () => 150 + random(100);
  const reading = { productionChunk: size, localChunk: size };
  const aligned = await align(
    { ...run, ...reading },
    { productionKey: counting, localKey: counting },
  );
  expect(aligned.pairs).toEqual(naivePairs(run));
  const { bytes, inOrder, largestBurst } = aligned.spills;
  return { keys, spilled: bytes, inOrder, largestBurst };
}

describe("what differs costs, not what agrees", () => {
  const changed = (line: string) => `${line}!`;
  const without = (line: string) => rows.filter((other) => other !== line);
  const some = rows.filter((_, id) => id % 500 === 250);
  const others = rows.filter((_, id) => id % 500 !== 250);
  const [one = ""] = block;

  const cases: [string, string[], string[], number][] = [
    ["no difference", rows, rows, 0],
    ["a row updated in place", rows, rows.map((line) => (line === one ? changed(one) : line)), 4],
    ["a row removed", rows, without(one), 8],
    ["a row added", without(one), rows, 8],
    ["a row moved to the end", rows, [...without(one), one], 12],
    ["a row updated and moved to the end", rows, [...without(one), changed(one)], 12],
    ["a row moved to the front", [...without(one), one], [one, ...without(one)], 12],
    ["some rows updated and moved", rows, [...others, ...some.map(changed)], 12 * some.length],
    ["a block of rows removed", rows, rest, 5 * BLOCK],
    ["a block of rows added", rest, rows, 5 * BLOCK],
    ["a block of rows moved to the end", rows, [...rest, ...block], 8 * BLOCK],
    ["a block of rows moved to the front", rows, [...block, ...rest], 8 * BLOCK],
    ["all rows updated in place", rows, rows.map(changed), 2 * ROWS],
  ];
  test.each(cases)("%s", async (_name, production, local, most) => {
    const { keys, spilled } = await cost({ production, local, memoryBudget: 2_000_000 });
    expect(keys).toBeLessThanOrEqual(most);
    expect(spilled).toBe(0);
  });
});

describe("memory", () => {
  const budget = 100_000;
  const reversed = [...rows].reverse();
  const added = Array.from({ length: ROWS }, (_, id) => `new${id}\t${"abcde".repeat(8)}`);
  const states: [string, Run][] = [
    ["all shuffled", { production: rows, local: shuffled(rows, randomFrom(1)) }],
    ["reversed", { production: rows, local: reversed }],
    ["a block moved to the end", { production: rows, local: [...rest, ...block] }],
    ["a block moved from the end", { production: [...rest, ...block], local: rows }],
    ["no key in common", { production: rows, local: added }],
    ["all in production unpaired, then local", { production: [...added, ...rows], local: rows }],
  ];
  test.each(states)("never exceeds the budget: %s", async (_name, run) => {
    const { spilled, largestBurst } = await cost({ ...run, memoryBudget: budget });
    expect(spilled).toBeGreaterThan(budget);
    // At the end, what is left may follow what was written last.
    expect(largestBurst).toBeLessThanOrEqual(2 * budget);
  });

  test("needs no storage while one side has nothing", async () => {
    expect((await cost({ production: rows, local: [], memoryBudget: budget })).spilled).toBe(0);
    expect((await cost({ production: [], local: rows, memoryBudget: budget })).spilled).toBe(0);
  });

  test("a block of rows that exceeds it is bridged, whichever side has it first", async () => {
    const bytes = block.join("\n").length;
    const moved = [...rest, ...block];
    const forth = await cost({ production: rows, local: moved, memoryBudget: budget });
    const back = await cost({ production: moved, local: rows, memoryBudget: budget });
    expect(forth.spilled).toBeLessThan(4 * bytes);
    expect(back.spilled).toBeLessThan(8 * bytes);
  });

  test("half of the rows updated and moved to the end are spilled once, in their order", async () => {
    const kept = rows.filter((_, id) => id % 2 === 0);
    const updated = rows.filter((_, id) => id % 2 === 1).map((line) => `${line}!`);
    const run = { production: rows, local: [...kept, ...updated], memoryBudget: budget };
    const { keys, spilled, inOrder } = await cost(run);
    expect(inOrder).toBe(1);
    expect(spilled).toBeLessThan(2 * updated.join("\n").length);
    expect(keys).toBeLessThan(4 * ROWS);
  });
});
