import { describe, expect, test } from "vitest";
import type { Changeset } from "../../src/changeset/types.ts";
import type { Change } from "../../src/compare/change.ts";
import { checkAll, fillLoads, loadKey, planLoads } from "../../src/script/checks.ts";
import { preflightCheck } from "../../src/script/preflight.ts";
import { sql } from "../../src/script/sql.ts";
import { stateCheck } from "../../src/script/state-check.ts";
import { type ScriptTable, scriptTables } from "../../src/script/table.ts";
import { changesetOf } from "../support/changeset.ts";
import { pairOf, schema } from "../support/schema.ts";

const OPTIONS = { rows: 2, bytes: 1e6, temporaryTables: true };
const BOTH = { before: true, after: true };

const insert = (n: number): Change => ({ kind: "insert", key: [`${n}`], after: [`${n}`, "x"] });
const remove = (n: number): Change => ({ kind: "delete", key: [`${n}`], before: [`${n}`, "x"] });

async function setOf(
  changes: readonly Change[],
): Promise<{ readonly changeset: Changeset; readonly tables: readonly ScriptTable[] }> {
  const catalog = await schema(`CREATE TABLE public.t (id integer NOT NULL, a text);
ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);
`);
  const { name, columns, key = [] } = pairOf(catalog, "t");
  const changeset = changesetOf([{ table: name, columns, key, changes }]);
  return { changeset, tables: [...scriptTables(catalog, changeset.tables).values()] };
}

async function listed<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe("planLoads", () => {
  test("many changes of a kind get a temporary table, few do not", async () => {
    const { changeset, tables } = await setOf([insert(1), insert(2), insert(3), remove(4)]);
    const loads = planLoads(changeset, tables, { options: OPTIONS, sides: BOTH });
    expect([...loads.keys()]).toEqual(tables.map((table) => loadKey(table, "insert")));
    const pieces = await listed(fillLoads(loads.values()));
    expect(pieces.filter((piece) => /^\d/.test(piece))).toEqual(["1\t1\tx\n2\t2\tx\n3\t3\tx"]);
  });

  test("none does where temporary tables may not be made", async () => {
    const { changeset, tables } = await setOf([insert(1), insert(2), insert(3)]);
    const options = { ...OPTIONS, temporaryTables: false };
    expect(planLoads(changeset, tables, { options, sides: BOTH }).size).toBe(0);
  });
});

describe("checkAll", () => {
  test("every change is checked once, from its temporary table or a list", async () => {
    const changes = [insert(1), insert(2), insert(3), remove(4), remove(5)];
    const { changeset, tables } = await setOf(changes);
    const loads = planLoads(changeset, tables, { options: OPTIONS, sides: BOTH });
    const checks = await listed(
      checkAll(changeset, tables, {
        loads,
        sides: BOTH,
        check: (rows, from) =>
          sql`${from.startsWith("pg_temp") ? sql`table` : sql`list`} ${rows.columns.length}`,
      }),
    );
    expect(checks).toEqual(["-- public.t", "table 2", "list 2"]);
  });
});

describe("the state check", () => {
  async function checksOf(change: Change, check: typeof stateCheck): Promise<string> {
    const { changeset, tables } = await setOf([change]);
    return (
      await listed(checkAll(changeset, tables, { loads: new Map(), check, sides: BOTH }))
    ).join("");
  }

  test("an inserted row is there with its values", async () => {
    expect(await checksOf(insert(1), stateCheck)).toContain(
      `WHERE NOT EXISTS (SELECT FROM "public"."t" AS t WHERE t."id" = want.k1 AND t."id" = want.a1 AND t."a" IS NOT DISTINCT FROM want.a2)`,
    );
  });

  test("a deleted row is gone, whatever it holds now", async () => {
    expect(await checksOf(remove(1), stateCheck)).toContain(
      `WHERE EXISTS (SELECT FROM "public"."t" AS t WHERE t."id" = want.k1)`,
    );
  });

  test("preflight tells a taken key, a changed row and a row that is gone", async () => {
    expect(await checksOf(insert(1), preflightCheck)).toContain(
      "the key is taken by a row that differs in ",
    );
    expect(await checksOf(remove(1), preflightCheck)).toContain(
      "WHEN t.\"id\" IS NULL THEN 'in place'",
    );
    const update: Change = {
      kind: "update",
      key: ["1"],
      columns: [1],
      before: ["x"],
      after: ["y"],
      context: new Map(),
    };
    const told = await checksOf(update, preflightCheck);
    expect(told).toContain("'the row is gone'");
    expect(told).toContain(`CASE WHEN NOT (t."a" IS NOT DISTINCT FROM want.b1) THEN 'a' END`);
  });
});
