import { describe, expect, test } from "vitest";
import { nameKey } from "../../src/names.ts";
import { uniqueReleases } from "../../src/order/unique.ts";
import { uniqueRules } from "../../src/order/unique-rules.ts";
import { changesetOf } from "../support/changeset.ts";
import { pairOf, schema, tableOf } from "../support/schema.ts";
import { changesBetween, type Row } from "../support/states.ts";

const TABLE = `CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;
CREATE TABLE public.t (id integer NOT NULL, a text, b text, n numeric, c public.citext, r int4range);
ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);
`;

describe("uniqueRules", () => {
  const cases: [string, string, string[]][] = [
    ["the key that rows are paired by is none", "", []],
    [
      "a constraint compares its columns",
      "ALTER TABLE ONLY public.t ADD CONSTRAINT x UNIQUE (b, a);",
      ["x compares 2,1 involves 2,1"],
    ],
    [
      "NULLS NOT DISTINCT lets no two NULLs stand",
      "ALTER TABLE ONLY public.t ADD CONSTRAINT x UNIQUE NULLS NOT DISTINCT (a);",
      ["x compares 1 involves 1 with NULLs"],
    ],
    [
      "a deferrable constraint can wait",
      "ALTER TABLE ONLY public.t ADD CONSTRAINT x UNIQUE (a) DEFERRABLE;",
      ["x compares 1 involves 1 can wait"],
    ],
    [
      "a condition's columns take part",
      "CREATE UNIQUE INDEX x ON public.t USING btree (a) WHERE (b IS NULL);",
      ["x compares 1 involves 1,2"],
    ],
    [
      "of expressions only PostgreSQL can tell",
      "CREATE UNIQUE INDEX x ON public.t USING btree (length(a), b);",
      ["x compares  involves 2,1"],
    ],
    [
      "but one that folds case compares its column",
      "CREATE UNIQUE INDEX x ON public.t USING btree (lower(a), b);",
      ["x compares 1,2 involves 1,2"],
    ],
    [
      "unless the column is generated",
      "ALTER TABLE public.t ADD COLUMN g text GENERATED ALWAYS AS (COALESCE(a, b)) STORED;\nCREATE UNIQUE INDEX x ON public.t USING btree (lower(g));",
      ["x compares  involves 1,2"],
    ],
    [
      "a generated column is what it is made of",
      "ALTER TABLE public.t ADD COLUMN g integer GENERATED ALWAYS AS (length(a)) STORED;\nCREATE UNIQUE INDEX x ON public.t USING btree (g);",
      ["x compares  involves 1"],
    ],
    [
      "of exclusion too",
      "ALTER TABLE ONLY public.t ADD CONSTRAINT x EXCLUDE USING gist (r WITH &&);",
      ["x compares  involves 5"],
    ],
    [
      "an index of columns that are not compared is none",
      "CREATE UNIQUE INDEX x ON public.t USING btree ((1));",
      [],
    ],
  ];
  test.each(cases)("%s", async (_name, statement, expected) => {
    const catalog = await schema(`${TABLE}${statement}\n`);
    const { name, columns, key = [] } = pairOf(catalog, "t");
    const [changed] = changesetOf([{ table: name, columns, key, changes: [] }]).tables;
    const rules = changed ? uniqueRules(catalog, tableOf(catalog, "t"), changed) : [];
    expect(
      rules.map(
        (rule) =>
          `${rule.name} compares ${rule.compared} involves ${rule.involved}${rule.nullsFree ? "" : " with NULLs"}${rule.deferrable ? " can wait" : ""}`,
      ),
    ).toEqual(expected);
  });
});

describe("uniqueReleases", () => {
  const row = (id: string, values: Partial<Record<"a" | "b" | "n" | "c", string>>): Row => [
    id,
    values.a ?? null,
    values.b ?? null,
    values.n ?? null,
    values.c ?? null,
    null,
  ];

  async function released(statement: string, production: readonly Row[], local: readonly Row[]) {
    const catalog = await schema(`${TABLE}${statement}\n`);
    const changeset = changesBetween(catalog, { t: production }, { t: local });
    const { releases, deferred, findings } = await uniqueReleases(
      catalog,
      changeset,
      () => new Set(),
    );
    const [found] = releases.values();
    return [
      ...[...(found?.parked.keys() ?? [])].map((key) => `parked ${key}`),
      ...[...(found?.early ?? [])].map((key) => `early ${key}`),
      ...[...(found?.first ?? [])].map(([key, level]) => `first ${key} ${level}`),
      ...deferred.map(({ name }) => `deferred ${name}`),
      ...findings.map(({ code }) => code),
    ];
  }

  const ranges: [string, string | null, string | null, string[]][] = [
    ["an empty one before", "empty", "[1,5)", []],
    ["an empty one after", "[1,5)", "empty", []],
    ["NULL before", null, "[1,5)", []],
    ["NULL after", "[1,5)", null, []],
    ["another one", "[1,3)", "[1,5)", ['early ["1"]']],
  ];
  test.each(ranges)("ranges that must not overlap: %s", async (_name, before, after, expected) => {
    const exclusion = "ALTER TABLE ONLY public.t ADD CONSTRAINT x EXCLUDE USING gist (r WITH &&);";
    const holding = (id: string, range: string | null): Row => [...row(id, {}).slice(0, 5), range];
    const found = await released(exclusion, [holding("1", before)], [holding("2", after)]);
    expect(found).toEqual(expected);
  });

  const PARENT = `CREATE TABLE public.p (id integer NOT NULL, a text NOT NULL);
ALTER TABLE ONLY public.p ADD CONSTRAINT p_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.p ADD CONSTRAINT p_a UNIQUE (a);
CREATE TABLE public.c (id integer NOT NULL, p integer);
ALTER TABLE ONLY public.c ADD CONSTRAINT c_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.c ADD CONSTRAINT c_p FOREIGN KEY (p) REFERENCES public.p(id);
`;

  const deletions: [string, Row[], Row[], { early?: string[]; parked?: string[] }][] = [
    ["goes early where no row refers to it", [["5", "2"]], [["5", "1"]], { early: ['["1"]'] }],
    ["is parked where one does", [["5", "1"]], [["5", "2"]], { parked: ['["1"]'] }],
    ["or one that is deleted too", [["5", "1"]], [], { parked: ['["1"]'] }],
  ];
  test.each(deletions)("a deleted row %s", async (_name, before, after, expected) => {
    const catalog = await schema(PARENT);
    const changeset = changesBetween(
      catalog,
      {
        p: [
          ["1", "x"],
          ["2", "y"],
        ],
        c: before,
      },
      {
        p: [
          ["3", "x"],
          ["2", "y"],
        ],
        c: after,
      },
    );
    const { releases } = await uniqueReleases(catalog, changeset, () => new Set());
    const found = releases.get(nameKey({ schema: "public", name: "p" }));
    expect({ early: [...(found?.early ?? [])], parked: [...(found?.parked.keys() ?? [])] }).toEqual(
      {
        early: [],
        parked: [],
        ...expected,
      },
    );
  });
  /** Neither NULL nor any other value may stand in `a` for a while. */
  const NOWHERE = `ALTER TABLE public.t ALTER COLUMN a SET NOT NULL;
ALTER TABLE public.t ADD CONSTRAINT y CHECK ((a <> ''::text));
`;
  const unique = (columns: string, rest = "") =>
    `ALTER TABLE ONLY public.t ADD CONSTRAINT x UNIQUE ${rest}(${columns});`;

  const cases: [string, string, Row[], Row[], string[]][] = [
    [
      "values that stay with their rows release nothing",
      unique("a"),
      [row("1", { a: "x", b: "1" }), row("2", { a: "y" })],
      [row("1", { a: "x", b: "2" }), row("2", { a: "y", b: "3" })],
      [],
    ],
    [
      "two NULLs do not collide",
      unique("a"),
      [row("1", {}), row("2", { a: "x" })],
      [row("1", { a: "y" }), row("2", {})],
      [],
    ],
    [
      "unless NULL equals NULL",
      unique("a", "NULLS NOT DISTINCT "),
      [row("1", {}), row("2", { a: "x" })],
      [row("1", { a: "y" }), row("2", {})],
      ['parked ["1"]'],
    ],
    [
      "two columns collide only together",
      unique("a, b"),
      [row("1", { a: "x", b: "1" }), row("2", { a: "y", b: "2" })],
      [row("1", { a: "y", b: "1" }), row("2", { a: "x", b: "2" })],
      [],
    ],
    [
      "an unchanged column counts in the pair",
      unique("a, b"),
      [row("1", { a: "x", b: "1" }), row("2", { a: "y", b: "1" })],
      [row("1", { a: "y", b: "1" }), row("2", { a: "x", b: "1" })],
      ['parked ["1"]', 'parked ["2"]'],
    ],
    [
      "numbers collide whatever their scale",
      unique("n"),
      [row("1", { n: "1.0" })],
      [row("1", { n: "2" }), row("2", { n: "1.00" })],
      ['parked ["1"]'],
    ],
    [
      "citext collides whatever its case",
      unique("c"),
      [row("1", { c: "A" })],
      [row("1", { c: "b" }), row("2", { c: "a" })],
      ['parked ["1"]'],
    ],
    [
      "an insert takes the value of a deleted row",
      unique("a"),
      [row("1", { a: "x" })],
      [row("2", { a: "x" })],
      ['early ["1"]'],
    ],
    [
      "a row outside of the condition holds nothing",
      "CREATE UNIQUE INDEX x ON public.t USING btree (a) WHERE (b IS NULL);",
      [row("1", { a: "x", b: "gone" }), row("2", { a: "y" })],
      [row("1", { a: "z", b: "gone" }), row("2", { a: "x" })],
      [],
    ],
    [
      "a row leaves the condition for another that comes into it",
      "CREATE UNIQUE INDEX x ON public.t USING btree (a) WHERE (b IS NULL);",
      [row("1", { a: "x" }), row("2", { a: "x", b: "gone" })],
      [row("1", { a: "x", b: "gone" }), row("2", { a: "x" })],
      ['parked ["1"]'],
    ],
    [
      "of an expression every value may be any other",
      "CREATE UNIQUE INDEX x ON public.t USING btree (length(a));",
      [row("1", { a: "x" }), row("2", { a: "y" })],
      [row("1", { a: "z" }), row("2", { a: "v" })],
      ['parked ["1"]', 'parked ["2"]'],
    ],
    [
      "texts that differ in more than case do not meet in lower()",
      "CREATE UNIQUE INDEX x ON public.t USING btree (lower(a));",
      [row("1", { a: "x" }), row("2", { a: "y" })],
      [row("1", { a: "Y" }), row("2", { a: "v" })],
      ['parked ["2"]'],
    ],
    [
      "NULL frees no row from a condition that asks for it",
      `${NOWHERE}CREATE UNIQUE INDEX x ON public.t USING btree (a) WHERE (b IS NULL);`,
      [row("1", { a: "x" }), row("2", { a: "y" })],
      [row("1", { a: "y" }), row("2", { a: "x" })],
      ["unique_value_moves"],
    ],
    [
      "but from one that asks for a value",
      `${NOWHERE}CREATE UNIQUE INDEX x ON public.t USING btree (a) WHERE (b = '1'::text);`,
      [row("1", { a: "x", b: "1" }), row("2", { a: "y", b: "1" })],
      [row("1", { a: "y", b: "1" }), row("2", { a: "x", b: "1" })],
      ['parked ["1"]', 'parked ["2"]'],
    ],
    [
      "an update that nothing else frees comes before what takes its value",
      `${NOWHERE}${unique("a")}`,
      [row("1", { a: "x" }), row("2", { a: "y" }), row("3", { a: "z" })],
      [row("1", { a: "y" }), row("2", { a: "z" }), row("3", { a: "v" }), row("4", { a: "x" })],
      ['first ["3"] 0', 'first ["2"] 1', 'first ["1"] 2'],
    ],
    [
      "unless they wait for each other in a circle",
      `${NOWHERE}${unique("a")}`,
      [row("1", { a: "x" }), row("2", { a: "y" }), row("3", { a: "z" })],
      [row("1", { a: "y" }), row("2", { a: "x" }), row("3", { a: "v" }), row("4", { a: "z" })],
      ['first ["3"] 0', "unique_value_moves"],
    ],
    [
      "a deferrable constraint is deferred",
      `${unique("a").slice(0, -1)} DEFERRABLE;`,
      [row("1", { a: "x" }), row("2", { a: "y" })],
      [row("1", { a: "y" }), row("2", { a: "x" })],
      ["deferred x"],
    ],
  ];
  test.each(cases)("%s", async (_name, statement, production, local, expected) => {
    expect(await released(statement, production, local)).toEqual(expected);
  });
});
