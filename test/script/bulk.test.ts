import { describe, expect, test } from "vitest";
import type { Change, Datum } from "../../src/compare/change.ts";
import {
  applyRows,
  type BulkLoad,
  isBulk,
  loadRows,
  measure,
  type Rows,
} from "../../src/script/bulk.ts";
import { chunksOf, valuesList } from "../../src/script/chunks.ts";
import { hashOf } from "../../src/script/column.ts";
import { sql } from "../../src/script/sql.ts";
import type { ScriptTable } from "../../src/script/table.ts";
import { scriptTableOf } from "../support/script-table.ts";

const T = `CREATE TABLE public.t (id integer NOT NULL, name text, price numeric);
ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);
`;
const LARGE = "x".repeat(9000);
const BOTH = { before: true, after: true };

function update(
  id: string,
  columns: readonly number[],
  [before, after]: readonly Datum[][],
): Change {
  return {
    kind: "update",
    key: [id],
    columns,
    before: before ?? [],
    after: after ?? [],
    context: new Map(),
  };
}

function rowsOf(changes: readonly Change[]): Rows {
  return {
    kind: changes[0]?.kind ?? "insert",
    count: changes.length,
    async *changes() {
      yield* changes;
    },
  };
}

async function load(table: ScriptTable, changes: readonly Change[]): Promise<BulkLoad> {
  const rows = rowsOf(changes);
  return { ...(await measure(table, rows)), ...rows, sides: BOTH, name: sql`rows` };
}

async function listed<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe("measure", () => {
  test("tells bytes of both sides, and the columns that any row changes", async () => {
    const changes = [
      update("1", [1], [["a"], ["bcd"]]),
      update(
        "2",
        [1, 2],
        [
          ["a", "1"],
          [null, "2"],
        ],
      ),
    ];
    const table = await scriptTableOf(T, changes);
    const { bytes, columns, copyable } = await measure(table, rowsOf(changes));
    expect({ bytes, copyable }).toEqual({ bytes: 7, copyable: true });
    expect(columns.map(({ position, masked }) => ({ position, masked }))).toEqual([
      { position: 1, masked: false },
      { position: 2, masked: true },
    ]);
  });

  test("a column with one large old value is compared by hash", async () => {
    const changes = [update("1", [1], [[LARGE], ["b"]]), update("2", [1], [["c"], [LARGE]])];
    const { columns } = await measure(await scriptTableOf(T, changes), rowsOf(changes));
    expect(columns[0]?.hashed).toEqual({ before: true, after: false });
  });

  test("bytes that are not text cannot be copied", async () => {
    const changes: Change[] = [
      { kind: "insert", key: ["1"], after: ["1", { base64: "/w==" }, null] },
    ];
    const { copyable } = await measure(await scriptTableOf(T, changes), rowsOf(changes));
    expect(copyable).toBe(false);
  });

  test.each([
    ["as many rows as the limit are written one by one", 2, 0, false],
    ["one more goes in bulk", 3, 0, true],
    ["so do many bytes in few rows", 1, 101, true],
  ])("%s", async (_name, count, bytes, expected) => {
    const size = { ...(await measure(await scriptTableOf(T), rowsOf([]))), bytes };
    expect(isBulk(size, count, { rows: 2, bytes: 100, temporaryTables: true })).toBe(expected);
  });
});

describe("loadRows", () => {
  test("rows travel as COPY data, old large values as hashes, unchanged columns marked", async () => {
    const changes = [
      update("1", [1], [[LARGE], ["a\tb"]]),
      update(
        "2",
        [1, 2],
        [
          [null, "1.0"],
          ["\\.", null],
        ],
      ),
    ];
    const pieces = await listed(loadRows(await load(await scriptTableOf(T, changes), changes)));
    expect(pieces).toEqual([
      "CREATE TEMPORARY TABLE rows (k1 integer, b1 text, a1 text, b2 text, a2 text, m2 boolean) ON COMMIT DROP;",
      "COPY pg_temp.rows FROM stdin;",
      `1\t${hashOf(LARGE)}\ta\\tb\t\\N\t\\N\tf\n2\t\\N\t\\\\.\t1.0\t\\N\tt`,
      "\\.",
      "CREATE INDEX ON pg_temp.rows (k1);",
      "ANALYZE pg_temp.rows;",
    ]);
  });

  test("an insert has no old values, a delete no new ones", async () => {
    const insert: Change = { kind: "insert", key: ["1"], after: ["1", "a", "2"] };
    const table = await scriptTableOf(T);
    const [create] = await listed(loadRows(await load(table, [insert])));
    expect(create).not.toContain(" m1 ");
  });
});

describe("applyRows", () => {
  test("an update writes new values of the column's type, and leaves marked columns alone", async () => {
    const changes = [
      update("1", [1], [["a"], ["b"]]),
      update(
        "2",
        [1, 2],
        [
          ["a", "1"],
          ["b", "2"],
        ],
      ),
    ];
    const applied = applyRows(await load(await scriptTableOf(T, changes), changes), sql`x AS want`);
    expect(applied).toContain(
      `"name" = want.a1, "price" = CASE WHEN want.m2 THEN want.a2::numeric ELSE t."price" END`,
    );
    expect(applied).toContain(`t."name" IS NOT DISTINCT FROM want.b1`);
    expect(applied).toContain(`(NOT want.m2 OR t."price"::text IS NOT DISTINCT FROM want.b2)`);
  });

  test("an insert leaves rows with its keys alone", async () => {
    const insert: Change = { kind: "insert", key: ["1"], after: ["1", "a", "2"] };
    const applied = applyRows(await load(await scriptTableOf(T), [insert]), sql`x AS want`);
    expect(applied).toMatch(/ON CONFLICT \("id"\) DO NOTHING;$/);
    expect(applied).toContain("SELECT want.a1, want.a2, want.a3::numeric FROM x AS want");
  });

  test("a delete expects the whole row, found by its key once", async () => {
    const remove: Change = { kind: "delete", key: ["1"], before: ["1", "a", "2"] };
    const applied = applyRows(await load(await scriptTableOf(T), [remove]), sql`x AS want`);
    expect(applied).toContain(`t."id" = want.k1`);
    expect(applied).not.toContain(`t."id" IS NOT DISTINCT FROM`);
    expect(applied).toContain(`t."name" IS NOT DISTINCT FROM want.b2`);
  });
});

describe("chunksOf", () => {
  async function chunks(changes: readonly Change[], hashAfter = false) {
    const table = await scriptTableOf(T, changes);
    return listed(chunksOf(table, rowsOf(changes).changes(), { hashAfter }));
  }

  test("rows with the same changed columns share a list, in their order", async () => {
    const found = await chunks([
      update("1", [1], [["a"], ["b"]]),
      update("2", [2], [["1"], ["2"]]),
      update("3", [1], [["c"], ["d"]]),
    ]);
    expect(found.map(({ rows }) => rows.map(({ key }) => key.join()))).toEqual([["1", "3"], ["2"]]);
  });

  test("a large value stands in a list of its own, as hash where it is only compared", async () => {
    const changes = [update("1", [1], [["a"], [LARGE]]), update("2", [1], [["c"], ["d"]])];
    const compared = await chunks(changes, true);
    expect(compared.map(({ rows }) => rows[0]?.after)).toEqual([[hashOf(LARGE)], ["d"]]);
    expect(compared[0]?.columns[0]?.hashed).toEqual({ before: true, after: true });
    expect(compared[0]?.rows[0]?.before).toEqual([hashOf("a")]);
    const [written] = await chunks(changes);
    expect(written?.rows.map(({ after }) => after)).toEqual([[LARGE], ["d"]]);
  });

  test("a list ends at 500 rows, or at half a megabyte", async () => {
    const many = Array.from({ length: 1201 }, (_, n) => update(String(n), [1], [["a"], ["b"]]));
    expect((await chunks(many)).map(({ rows }) => rows.length)).toEqual([500, 500, 201]);
    const wide = Array.from({ length: 100 }, (_, n) =>
      update(String(n), [1], [["a"], ["b".repeat(8000)]]),
    );
    const sizes = (await chunks(wide)).map(({ rows }) => rows.length);
    expect(sizes.length).toBe(2);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(100);
  });

  test("the first row gives the list its types", async () => {
    const [chunk] = await chunks([
      update("1", [2], [["1"], [null]]),
      update("2", [2], [["2"], ["3"]]),
    ]);
    expect(chunk && valuesList(chunk, BOTH)).toBe(
      `(VALUES ('1'::integer, '1'::text, NULL::text),
      ('2', '2', '3')) AS want (k1, b1, a1)`,
    );
    expect(chunk && valuesList(chunk, { before: false, after: true })).toContain("want (k1, a1)");
  });
});
