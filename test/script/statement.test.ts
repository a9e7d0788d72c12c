import { describe, expect, test } from "vitest";
import type { Change } from "../../src/compare/change.ts";
import type { Step } from "../../src/order/steps.ts";
import { statement, statementTogether } from "../../src/script/statement.ts";
import { inPublic } from "../support/schema.ts";
import { scriptTableOf } from "../support/script-table.ts";

const T = `CREATE TABLE public.t (id integer NOT NULL, name text, price numeric);
`;
const KEYED = `${T}ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);
`;

const INSERT: Change = { kind: "insert", key: ["1"], after: ["1", "it's", null] };
const UPDATE: Change = {
  kind: "update",
  key: ["1"],
  columns: [1, 2],
  before: [null, "1.0"],
  after: ["a\nb", "1.00"],
  context: new Map(),
};
const DELETE: Change = { kind: "delete", key: ["1"], before: ["1", null, "1.0"] };

describe("statement", () => {
  const cases: [string, string, Change, string][] = [
    [
      "an insert leaves a row with its key alone",
      KEYED,
      INSERT,
      `INSERT INTO "public"."t" ("id", "name", "price") VALUES ('1', 'it''s', NULL) ON CONFLICT ("id") DO NOTHING;`,
    ],
    [
      "without an arbiter it looks first",
      T,
      INSERT,
      `INSERT INTO "public"."t" ("id", "name", "price") SELECT '1', 'it''s', NULL WHERE NOT EXISTS (SELECT FROM "public"."t" WHERE "id" = '1');`,
    ],
    [
      "a deferrable key is no arbiter",
      `${T}ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id) DEFERRABLE;\n`,
      INSERT,
      `INSERT INTO "public"."t" ("id", "name", "price") SELECT '1', 'it''s', NULL WHERE NOT EXISTS (SELECT FROM "public"."t" WHERE "id" = '1');`,
    ],
    [
      "an identity takes the value it is given",
      KEYED.replace("integer NOT NULL", "integer NOT NULL GENERATED ALWAYS AS IDENTITY"),
      INSERT,
      `INSERT INTO "public"."t" ("id", "name", "price") OVERRIDING SYSTEM VALUE VALUES ('1', 'it''s', NULL) ON CONFLICT ("id") DO NOTHING;`,
    ],
    [
      "an update expects the old values of what it changes",
      KEYED,
      UPDATE,
      `UPDATE "public"."t" SET "name" = E'a\\nb', "price" = '1.00' WHERE "id" = '1' AND "name" IS NULL AND "price"::text = '1.0';`,
    ],
    [
      "a delete expects the whole row",
      KEYED,
      DELETE,
      `DELETE FROM "public"."t" WHERE "id" = '1' AND "name" IS NULL AND "price"::text = '1.0';`,
    ],
    [
      "rows of children by INHERITS are not meant",
      `${KEYED}CREATE TABLE public.c () INHERITS (public.t);\n`,
      DELETE,
      `DELETE FROM ONLY "public"."t" WHERE "id" = '1' AND "name" IS NULL AND "price"::text = '1.0';`,
    ],
    [
      "a delete that would cascade expects that nothing is left to cascade to",
      `${KEYED}CREATE TABLE public.c (t integer);
ALTER TABLE ONLY public.c ADD CONSTRAINT c_t FOREIGN KEY (t) REFERENCES public.t(id) ON DELETE CASCADE;\n`,
      DELETE,
      `DELETE FROM "public"."t" WHERE "id" = '1' AND "name" IS NULL AND "price"::text = '1.0' AND NOT EXISTS (SELECT FROM ONLY "public"."c" AS c WHERE c."t" = '1');`,
    ],
  ];
  test.each(cases)("%s", async (_name, ddl, change, expected) => {
    const key = ddl.includes("PRIMARY KEY") ? undefined : ["id"];
    expect(statement(await scriptTableOf(ddl, [change], key), change)).toBe(expected);
  });

  test("a hostile value cannot leave its literal", async () => {
    const text = "'; DROP TABLE t; --\n\\.\n$state$ :x {{statements}}";
    const change: Change = { kind: "insert", key: ["1"], after: ["1", text, null] };
    expect(statement(await scriptTableOf(KEYED, [change]), change)).toContain(
      `VALUES ('1', E'''; DROP TABLE t; --\\n\\\\.\\n$state$ :x {{statements}}', NULL)`,
    );
  });
});

describe("statementTogether", () => {
  const step = (kind: Step["kind"]): Step => ({
    kind,
    table: inPublic("t"),
    count: 2,
    changes: async function* () {},
    together: true,
    whole: false,
    asCompared: false,
  });
  const other: Change = { kind: "insert", key: ["2"], after: ["2", "b", "3"] };

  test("inserts are one list of rows", async () => {
    const table = await scriptTableOf(KEYED, [INSERT, other]);
    expect(statementTogether(table, { step: step("insert"), within: false }, [INSERT, other])).toBe(
      `INSERT INTO "public"."t" ("id", "name", "price") VALUES ('1', 'it''s', NULL),
  ('2', 'b', '3') ON CONFLICT ("id") DO NOTHING;`,
    );
  });

  test("deletes are one condition", async () => {
    const second: Change = { kind: "delete", key: ["2"], before: ["2", "b", null] };
    const table = await scriptTableOf(KEYED, [DELETE, second]);
    expect(
      statementTogether(table, { step: step("delete"), within: false }, [DELETE, second]),
    ).toBe(
      `DELETE FROM "public"."t" WHERE ("id" = '1' AND "name" IS NULL AND "price"::text = '1.0')
  OR ("id" = '2' AND "name" = 'b' AND "price" IS NULL);`,
    );
  });
});
