import { describe, expect, test } from "vitest";
import { missingData, undefinedTables } from "../../src/catalog/coverage.ts";
import type { DataBlock, DumpSource } from "../../src/sources/source.ts";
import { inPublic, pairOf, schema } from "../support/schema.ts";
import { databaseOf, dumpOf } from "../support/sources.ts";

const T = `CREATE TABLE public.t (id integer NOT NULL) PARTITION BY LIST (id);
CREATE TABLE public.p1 PARTITION OF public.t FOR VALUES IN (1);
CREATE TABLE public.p2 PARTITION OF public.t FOR VALUES IN (2);
CREATE TABLE public.plain (id integer NOT NULL);
`;
const root = (leaves: readonly string[]): DataBlock => ({
  table: inPublic("t"),
  columns: ["id"],
  leaves: leaves.map(inPublic),
});
const ROOT: DataBlock = { table: inPublic("t"), columns: ["id"] };

async function gap(table: string, production: DumpSource): Promise<string | undefined> {
  const catalog = await schema(T);
  const sources = { production, local: databaseOf([]) };
  return missingData(pairOf(catalog, table), sources, { production: catalog, local: catalog });
}

describe("missingData", () => {
  const cases: [string, string, (string | DataBlock)[], string | undefined][] = [
    ["a table with its block is whole", "plain", ["plain"], undefined],
    ["a dump of definitions has no data", "plain", [], "there is no data in the production dump"],
    [
      "a table without a block has no data",
      "plain",
      ["p1"],
      "there is no data for it in the production dump",
    ],
    ["a tree with all leaves is whole", "t", ["p1", "p2"], undefined],
    [
      "a tree without one is not",
      "t",
      ["p1"],
      "there is no data for 1 of its 2 partitions in the production dump",
    ],
    ["a tree without any is not", "t", ["plain"], "there is no data for it in the production dump"],
    ["rows through the root may be of any leaf", "t", [ROOT], undefined],
    ["unless the dump tells which they are of", "t", [root(["p1", "p2"])], undefined],
    [
      "then others are missing",
      "t",
      [root(["p1"])],
      "there is no data for 1 of its 2 partitions in the production dump",
    ],
    ["both ways add up", "t", [root(["p1"]), "p2"], undefined],
  ];
  test.each(cases)("%s", async (_name, table, blocks, expected) => {
    expect(await gap(table, dumpOf(blocks))).toBe(expected);
  });

  test("a database has all its rows", async () => {
    const catalog = await schema(T);
    const sources = { production: databaseOf([]), local: databaseOf([]) };
    const catalogs = { production: catalog, local: catalog };
    expect(missingData(pairOf(catalog, "plain"), sources, catalogs)).toBeUndefined();
  });
});

describe("undefinedTables", () => {
  async function found(production: DumpSource, local: DumpSource) {
    const catalog = await schema(T);
    return undefinedTables({ production, local }, { production: catalog, local: catalog });
  }

  test("names each table that has rows but no definition once", async () => {
    expect(await found(dumpOf(["plain", "x", "x"]), dumpOf(["x", "y"]))).toMatchObject([
      { code: "not_compared", table: inPublic("x") },
      { code: "not_compared", table: inPublic("y") },
    ]);
  });

  test("a dump of data only that knows more tables than the other side says where one is missing", async () => {
    const local = dumpOf(["x"], { tablesFrom: "other side" });
    expect(await found(dumpOf(["plain"]), local)).toMatchObject([
      { code: "table_missing", table: inPublic("x"), in: "production" },
    ]);
  });
});
