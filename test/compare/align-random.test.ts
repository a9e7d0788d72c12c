import { describe, expect, test } from "vitest";
import { randomFrom, shuffled } from "./lines.ts";
import { align, alignCounted, naivePairs, naiveSurplus, type Run } from "./pairing-run.ts";

type Random = (below: number) => number;

const SIZES: readonly ((random: Random) => number)[] = [
  () => 1,
  () => 2,
  (random) => 1 + random(30),
  () => 1_000,
];
const BUDGETS = [1, 300, 3_000, 20_000, 1_000_000];

/** Cases of few rows are many, as most faults need few rows; those of many rows reach full batches, grown tables and deep spilling. */
const TABLES = [
  { name: "up to 12 rows", cases: 8_000, rows: 12, width: 6 },
  { name: "up to 60 rows", cases: 1_500, rows: 60, width: 40 },
  { name: "up to 4000 rows", cases: 25, rows: 4_000, width: 200 },
];

describe.each(TABLES)(
  "two states of a table of $name, in any order and chunks, within any budget",
  (table) => {
    test("every difference is found, once", async () => {
      let spilled = 0;
      let inOrder = 0;
      for (let seed = 1; seed <= table.cases; seed += 1) {
        const random = randomFrom(seed);
        const run = reading(random, editedTable(random, table));
        const { pairs, duplicates, spills } = await align(run);
        const found = { pairs, duplicates, open: spills.open };
        const expected = { pairs: naivePairs(run), duplicates: [], open: 0 };
        if (JSON.stringify(found) !== JSON.stringify(expected)) {
          expect({ seed, ...found }).toEqual({ seed, ...expected });
        }
        if (spills.bytes > 0) spilled += 1;
        inOrder += spills.inOrder;
      }
      expect(spilled).toBeGreaterThan(table.cases / 20);
      expect(inOrder).toBeGreaterThan(table.cases / 200);
    });

    test("lines without a key are counted", async () => {
      let spilled = 0;
      for (let seed = 1; seed <= table.cases; seed += 1) {
        const random = randomFrom(-seed);
        const run = reading(random, repeatedLines(random, table.rows));
        const { surplus, spills } = await alignCounted(run);
        const expected = naiveSurplus(run);
        if (JSON.stringify(surplus) !== JSON.stringify(expected) || spills.open > 0) {
          expect({ seed, surplus, open: spills.open }).toEqual({
            seed,
            surplus: expected,
            open: 0,
          });
        }
        if (spills.bytes > 0) spilled += 1;
      }
      expect(spilled).toBeGreaterThan(table.cases / 20);
    });
  },
);

function reading(random: Random, states: Pick<Run, "production" | "local">): Run {
  const [size, otherSize] = [SIZES[random(4)], SIZES[random(4)]];
  return {
    ...states,
    productionChunk: () => size?.(random) ?? 1,
    localChunk: () => otherSize?.(random) ?? 1,
    memoryBudget: (BUDGETS[random(5)] ?? 1) * (states.production.length > 1_000 ? 10 : 1),
  };
}

/** Unique keys. In local some rows are changed, removed, added or moved; or the whole order is another one. */
function editedTable(random: Random, table: { readonly rows: number; readonly width: number }) {
  const value = () => "abc".charAt(random(3)).repeat(random(table.width));
  const production = Array.from({ length: random(table.rows) }, (_, id) => `${id}\t${value()}`);
  const edits = [0, 2, 20, 90][random(4)] ?? 0;
  // As PostgreSQL leaves a table of which only rows were updated.
  const onlyUpdated = random(3) === 0;
  const moved: string[] = [];
  const local: string[] = [];
  production.forEach((line, id) => {
    const edit = random(100) < edits ? (onlyUpdated ? 4 : random(5)) : 5;
    if (edit === 1) local.push(line, `new${id}\t${value()}`);
    if (edit === 2) local.push(`${id}\t${value()}`);
    if (edit === 3) moved.push(line);
    if (edit === 4) moved.push(`${id}\t${value()}`);
    if (edit === 5) local.push(line);
  });
  local.splice(random(4) === 0 ? random(local.length + 1) : local.length, 0, ...moved);
  return { production, local: reordered(random, local) };
}

function reordered(random: Random, lines: string[]): string[] {
  switch (random(6)) {
    case 0:
      return shuffled(lines, random);
    case 1:
      return lines.reverse();
    case 2: {
      const at = random(lines.length + 1);
      return [...lines.slice(at), ...lines.slice(0, at)];
    }
    default:
      return lines;
  }
}

/** Lines out of few, so that many are repeated. */
function repeatedLines(random: Random, rows: number) {
  const kinds = 1 + random(rows);
  const line = () => {
    const kind = random(kinds);
    return `${kind}\t${"x".repeat(kind % 7)}`;
  };
  const production = Array.from({ length: random(rows) }, line);
  const local = reordered(
    random,
    production.filter(() => random(20) > 0),
  );
  for (let more = random(5); more > 0; more -= 1) local.splice(random(local.length + 1), 0, line());
  return { production, local };
}
