import { describe, expect, test } from "vitest";
import type { Change } from "../../src/compare/change.ts";
import { parker } from "../../src/order/parking.ts";
import { uniqueRules } from "../../src/order/unique-rules.ts";
import { changesetOf } from "../support/changeset.ts";
import { pairOf, schema, tableOf } from "../support/schema.ts";

/** What stands in column `c` of a row meanwhile, for so many rows; undefined where nothing can. */
async function parked(definition: string, more: readonly string[] = [], rows = 1) {
  const catalog = await schema(`CREATE TYPE public.mood AS ENUM ('ok');
CREATE DOMAIN public.short AS text CHECK ((length(VALUE) < 5));
CREATE TABLE public.t (id integer NOT NULL, c ${definition}, d integer NOT NULL);
ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.t ADD CONSTRAINT t_c UNIQUE (c);
CREATE TABLE public.u (id integer NOT NULL, c text);
${more.map((statement) => `${statement};\n`).join("")}`);
  const { name, columns, key = [] } = pairOf(catalog, "t");
  const changes = Array.from({ length: rows }, (_, n): Change => {
    const id = String(n);
    return { kind: "delete", key: [id], before: [id, `old ${n}`, "1"] };
  });
  const [changed] = changesetOf([{ table: name, columns, key, changes }]).tables;
  const table = tableOf(catalog, "t");
  const rules = changed ? uniqueRules(catalog, table, changed) : [];
  const [rule] = rules;
  if (!changed || !rule) throw new Error("the table has no rule");
  const park = parker(catalog, { table, changed }, rules);
  return changes.map((change) => park(rule, change)?.values.get(1));
}

describe("a row is parked", () => {
  const cases: [string, string, string[], string | null | undefined][] = [
    ["as NULL where the column takes it", "text", [], null],
    ["as a number at the end of the range", "integer NOT NULL", [], "-2147483547"],
    ["as a smallint", "smallint NOT NULL", [], "-32761"],
    ["as a bigint", "bigint NOT NULL", [], "-9223372036854775707"],
    ["within the precision of numeric", "numeric(6,2) NOT NULL", [], "-9999.00"],
    ["nowhere in a narrow numeric", "numeric(3,0) NOT NULL", [], undefined],
    ["nowhere in a numeric of hundreds", "numeric(6,-2) NOT NULL", [], undefined],
    ["within the length of varchar", "character varying(8) NOT NULL", [], "ed 00001"],
    ["nowhere in a short varchar", "character varying(5) NOT NULL", [], undefined],
    ["in a year long ago", "date NOT NULL", [], "4699-01-01 BC"],
    ["at a whole second", "timestamp(0) without time zone NOT NULL", [], "4700-01-01 00:00:01 BC"],
    ["at a second of UTC", "timestamp with time zone NOT NULL", [], "4700-01-01 00:00:01+00 BC"],
    ["as a range of its own", "int4range NOT NULL", [], "[-2147483646,-2147483645)"],
    ["nowhere in a range of days", "daterange NOT NULL", [], undefined],
    ["nowhere in an enum", "public.mood NOT NULL", [], undefined],
    ["nowhere in a domain: it may limit values", "public.short", [], undefined],
    ["as an array of one", "integer[] NOT NULL", [], "{-2147483547}"],
    ["nowhere in an array of an enum", "public.mood[] NOT NULL", [], undefined],
    ["nowhere in a boolean", "boolean NOT NULL", [], undefined],
    ["nowhere in an identity", "integer GENERATED ALWAYS AS IDENTITY NOT NULL", [], undefined],
    [
      "as NULL where a CHECK lets it pass",
      "integer",
      ["ALTER TABLE public.t ADD CONSTRAINT x CHECK ((c > 0))"],
      null,
    ],
    [
      "nowhere where a CHECK is false of NULL",
      "text",
      ["ALTER TABLE public.t ADD CONSTRAINT x CHECK ((COALESCE(c, ''::text) <> ''::text))"],
      undefined,
    ],
    [
      "nowhere where a CHECK counts NULLs",
      "text",
      ["ALTER TABLE public.t ADD CONSTRAINT x CHECK ((num_nonnulls(c, d) = 2))"],
      undefined,
    ],
    [
      "nowhere where a CHECK limits values and NULL is not taken",
      "integer NOT NULL",
      ["ALTER TABLE public.t ADD CONSTRAINT x CHECK ((c > 0))"],
      undefined,
    ],
    [
      "as NULL in a reference",
      "integer",
      [
        "ALTER TABLE ONLY public.u ADD CONSTRAINT u_pkey PRIMARY KEY (id)",
        "ALTER TABLE ONLY public.t ADD CONSTRAINT t_u FOREIGN KEY (c) REFERENCES public.u(id)",
      ],
      null,
    ],
    [
      "nowhere in a part of a reference that takes all as NULL or none",
      "integer",
      [
        "ALTER TABLE ONLY public.u ADD CONSTRAINT u_pkey PRIMARY KEY (id, c)",
        "ALTER TABLE ONLY public.t ADD CONSTRAINT t_u FOREIGN KEY (c, d) REFERENCES public.u(id, c) MATCH FULL",
      ],
      undefined,
    ],
    [
      "nowhere where others refer to the value",
      "text",
      ["ALTER TABLE ONLY public.u ADD CONSTRAINT u_t FOREIGN KEY (c) REFERENCES public.t(c)"],
      undefined,
    ],
  ];
  test.each(cases)("%s", async (_name, definition, more, expected) => {
    expect(await parked(definition, more)).toEqual([expected]);
  });

  const free = (definition: string) => parked(`${definition} NOT NULL`, [], 5000);
  test.each([
    ["text", /^rowpatch parked \.*[0-9a-f]{16} [0-9a-z]{5}$/],
    ["character varying(6)", /^[ 0-9a-z]{6}$/],
    ["integer", /^-\d+$/],
    ["numeric", /^-90{40}\d+$/],
    ["numeric(10,3)", /^-9\d{6}\.000$/],
    // As float8out prints it: shortest digits, exponent of two digits at least.
    ["double precision", /^-1\.\d{0,8}[1-9]e\+300$/],
    ["real", /^-1\.\d{0,5}[1-9]e\+30$/],
    ["oid", /^42\d{8}$/],
    ["interval", /^-\d+ days$/],
    ["bit varying", /^[01]{128}$/],
    ["jsonb", /^"rowpatch parked .*"$/],
    ["text[]", /^\{"rowpatch parked .*"\}$/],
    ["uuid", /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/],
    ["bytea", /^\\x[0-9a-f]{32}$/],
    ["date", /^\d{4}-01-\d{2} BC$/],
    ["timestamp(0) without time zone", /^\d{4}-01-01 00:\d\d:\d\d BC$/],
  ])(
    "values of %s differ for thousands of rows, spelled as PostgreSQL prints them",
    async (definition, spelling) => {
      const values = await free(definition);
      expect(new Set(values).size).toBe(5000);
      expect(values.filter((value) => typeof value !== "string" || !spelling.test(value))).toEqual(
        [],
      );
    },
  );

  test("values are the same for the same changes", async () => {
    expect(await parked("text NOT NULL", [], 3)).toEqual(await parked("text NOT NULL", [], 3));
  });
});

test("of several columns, one that changes anyway is parked", async () => {
  const catalog = await schema(`CREATE TABLE public.t (id integer NOT NULL, a integer, b integer);
ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.t ADD CONSTRAINT t_ab UNIQUE (a, b);
`);
  const change: Change = {
    kind: "update",
    key: ["1"],
    columns: [2],
    before: ["5"],
    after: ["6"],
    context: new Map([[1, "4"]]),
  };
  const { name, columns, key = [] } = pairOf(catalog, "t");
  const [changed] = changesetOf([{ table: name, columns, key, changes: [change] }]).tables;
  const table = tableOf(catalog, "t");
  const rules = changed ? uniqueRules(catalog, table, changed) : [];
  const [rule] = rules;
  if (!changed || !rule) throw new Error("the table has no rule");
  expect(parker(catalog, { table, changed }, rules)(rule, change)).toEqual({
    values: new Map([[2, null]]),
    isSure: true,
  });
});
