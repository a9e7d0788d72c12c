import { describe, expect, test } from "vitest";
import { constrainedColumns, type PairOptions, pairCatalogs } from "../../src/catalog/pair.ts";
import { PLAIN, pairOf, schema } from "../support/schema.ts";

const KEY = "ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);\n";
const T = "CREATE TABLE public.t (id integer NOT NULL, a text NOT NULL, b text);\n";

async function paired(production: string, local: string, options: Partial<PairOptions> = {}) {
  const { pairs, findings } = pairCatalogs(await schema(production), await schema(local), {
    ...PLAIN,
    ...options,
  });
  return {
    pairs: pairs.map(({ name, columns, key }) => `${name.name}(${columns}) by ${key}`),
    findings: findings.map((finding) =>
      [
        finding.code,
        ...("column" in finding ? [finding.column] : []),
        ...("in" in finding ? [finding.in] : []),
      ].join(" "),
    ),
  };
}

describe("pairCatalogs", () => {
  const cases: [string, string, string, { pairs: string[]; findings: string[] }][] = [
    ["tables on both sides pair", T + KEY, T + KEY, { pairs: ["t(id,a,b) by id"], findings: [] }],
    [
      "a table on one side is named with the other",
      `${T}${KEY}CREATE TABLE public.p (id integer);\n`,
      `${T}${KEY}CREATE TABLE public.l (id integer);\n`,
      {
        pairs: ["t(id,a,b) by id"],
        findings: ["table_missing production", "table_missing local"],
      },
    ],
    [
      "columns pair by name, in production's order",
      T + KEY,
      `CREATE TABLE public.t (b text, a text NOT NULL, id integer NOT NULL);\n${KEY}`,
      { pairs: ["t(id,a,b) by id"], findings: [] },
    ],
    [
      "columns on one side are left out",
      T + KEY,
      `${T.replace("b text", "c text")}${KEY}`,
      {
        pairs: ["t(id,a) by id"],
        findings: ["column_missing b local", "column_missing c production"],
      },
    ],
    [
      "another type is told from another length",
      `CREATE TABLE public.t (id integer NOT NULL, a character varying(3), b integer);\n${KEY}`,
      `CREATE TABLE public.t (id integer NOT NULL, a character varying(4), b bigint);\n${KEY}`,
      { pairs: ["t(id,a,b) by id"], findings: ["column_modifier a", "column_type b"] },
    ],
    [
      "generated columns are not compared",
      `CREATE TABLE public.t (id integer NOT NULL, g integer GENERATED ALWAYS AS ((id + 1)) STORED);\n${KEY}`,
      `CREATE TABLE public.t (id integer NOT NULL, g integer GENERATED ALWAYS AS ((id + 1)) STORED);\n${KEY}`,
      { pairs: ["t(id) by id"], findings: ["column_not_compared g"] },
    ],
    [
      "a column that local generates is missing there",
      `CREATE TABLE public.t (id integer NOT NULL, g integer);\n${KEY}`,
      `CREATE TABLE public.t (id integer NOT NULL, g integer GENERATED ALWAYS AS ((id + 1)) STORED);\n${KEY}`,
      { pairs: ["t(id) by id"], findings: ["column_missing g local"] },
    ],
    [
      "a key that both sides have goes before production's first",
      `${T}${KEY}ALTER TABLE ONLY public.t ADD CONSTRAINT t_a UNIQUE (a);\n`,
      `${T}ALTER TABLE ONLY public.t ADD CONSTRAINT t_a UNIQUE (a);\n`,
      { pairs: ["t(id,a,b) by a"], findings: [] },
    ],
    ["else production's own is taken", T + KEY, T, { pairs: ["t(id,a,b) by id"], findings: [] }],
    [
      "a key of local alone is none",
      T,
      T + KEY,
      { pairs: ["t(id,a,b) by undefined"], findings: [] },
    ],
    [
      "NULL identifies nothing, even where it equals NULL",
      `${T}ALTER TABLE ONLY public.t ADD CONSTRAINT t_b UNIQUE NULLS NOT DISTINCT (b);\n`,
      T,
      { pairs: ["t(id,a,b) by undefined"], findings: [] },
    ],
    [
      "partitions are compared at their root",
      `CREATE TABLE public.t (id integer NOT NULL) PARTITION BY LIST (id);
CREATE TABLE public.t1 PARTITION OF public.t FOR VALUES IN (1);
${KEY}ALTER TABLE ONLY public.t1 ADD CONSTRAINT t1_pkey PRIMARY KEY (id);
ALTER INDEX public.t_pkey ATTACH PARTITION public.t1_pkey;\n`,
      `CREATE TABLE public.t (id integer NOT NULL);\n${KEY}`,
      { pairs: ["t(id) by id"], findings: [] },
    ],
    [
      "foreign tables live elsewhere",
      "CREATE FOREIGN TABLE public.f (id integer) SERVER s;\n",
      "CREATE FOREIGN TABLE public.f (id integer) SERVER s;\n",
      { pairs: [], findings: ["not_compared"] },
    ],
  ];
  test.each(cases)("%s", async (_name, production, local, expected) => {
    expect(await paired(production, local)).toEqual(expected);
  });

  const options: [string, Partial<PairOptions>, { pairs: string[]; findings: string[] }][] = [
    [
      "--exclude leaves a table out, and says so",
      { exclude: ["public.t"] },
      { pairs: [], findings: ["not_compared"] },
    ],
    [
      "--include names those that stay",
      { include: ["t"] },
      { pairs: ["t(id,a,b) by id"], findings: [] },
    ],
    [
      "--ignore-column leaves a column out, and says so",
      { ignoreColumns: ["t.b"] },
      { pairs: ["t(id,a) by id"], findings: ["column_not_compared b"] },
    ],
    [
      "a key whose column is ignored is none",
      { ignoreColumns: ["id"] },
      { pairs: ["t(a,b) by undefined"], findings: ["column_not_compared id"] },
    ],
    [
      "--key names one without an index",
      { keys: [{ table: "t", columns: ["b", "a"] }] },
      { pairs: ["t(id,a,b) by b,a"], findings: ["key_without_index"] },
    ],
    [
      "a named key that holds a unique one is unique",
      { keys: [{ table: "t", columns: ["b", "id"] }] },
      { pairs: ["t(id,a,b) by b,id"], findings: [] },
    ],
  ];
  test.each(options)("%s", async (_name, given, expected) => {
    expect(await paired(T + KEY, T + KEY, given)).toEqual(expected);
  });

  test.each<[string, Partial<PairOptions>, string]>([
    ["--include", { include: ["tt"] }, 'no table matches "tt"'],
    ["--exclude", { exclude: ["other.*"] }, 'no table matches "other.*"'],
    ["the table of --key", { keys: [{ table: "x", columns: ["a"] }] }, 'no table matches "x"'],
    ["a column of --key", { keys: [{ table: "t", columns: ["z"] }] }, 'column "z"'],
    ["--ignore-column", { ignoreColumns: ["t.z"] }, '"t.z" matches no column'],
  ])("a mistake in %s is no silence", async (_name, given, message) => {
    await expect(paired(T + KEY, T + KEY, given)).rejects.toMatchObject({
      failure: { code: "usage", message: expect.stringContaining(message) },
    });
  });
});

test("constrained columns are those of other keys, of references from the table and to it", async () => {
  const catalog =
    await schema(`CREATE TABLE public.t (id integer NOT NULL, u text, f integer, r integer, i text, c integer, n text);
${KEY}ALTER TABLE ONLY public.t ADD CONSTRAINT t_u UNIQUE (u);
ALTER TABLE ONLY public.t ADD CONSTRAINT t_r UNIQUE (r);
ALTER TABLE ONLY public.t ADD CONSTRAINT t_f FOREIGN KEY (f) REFERENCES public.t(id);
ALTER TABLE ONLY public.t ADD CONSTRAINT t_c CHECK ((c > 0));
CREATE UNIQUE INDEX t_i ON public.t USING btree (i);
CREATE TABLE public.o (r integer);
ALTER TABLE ONLY public.o ADD CONSTRAINT o_r FOREIGN KEY (r) REFERENCES public.t(r);
`);
  expect(constrainedColumns(catalog, pairOf(catalog, "t"))).toEqual(["u", "f", "r", "i"]);
});
