import { describe, expect, test } from "vitest";
import { catalogFromDdl } from "../../src/catalog/ddl.ts";
import {
  foreignKeysTo,
  inheritanceChildren,
  isPartition,
  keyCandidates,
  leafTables,
  partitionRoot,
  partitionTree,
  resolveType,
  tableByName,
} from "../../src/catalog/lookup.ts";
import type { Catalog, Table } from "../../src/catalog/types.ts";
import { nameKey, type TableName } from "../../src/names.ts";
import { splitStatements } from "../support/split.ts";

function read(sql: string): Promise<Catalog> {
  return catalogFromDdl(splitStatements(sql), "shop.sql");
}

const inPublic = (name: string): TableName => ({ schema: "public", name });
const bare = (names: readonly TableName[]): string[] => names.map(({ name }) => name);

function tableOf(catalog: Catalog, name: string): Table {
  const table = tableByName(catalog).get(nameKey(inPublic(name)));
  if (!table) throw new Error(`no table ${name}`);
  return table;
}

describe("trees", () => {
  const catalog = read(
    `CREATE TABLE public.root (id integer, k integer) PARTITION BY LIST (id);
CREATE TABLE public.z PARTITION OF public.root FOR VALUES IN (1) PARTITION BY LIST (k);
CREATE TABLE public.b PARTITION OF public.z FOR VALUES IN (1);
CREATE TABLE public.c PARTITION OF public.z DEFAULT;
CREATE TABLE public.a PARTITION OF public.root DEFAULT;
CREATE TABLE public.plain (id integer);
CREATE TABLE public.child () INHERITS (public.plain);`,
  );

  test("hold the root first, then partitions of any depth by name", async () => {
    expect(bare(partitionTree(await catalog, inPublic("root")))).toEqual([
      "root",
      "a",
      "b",
      "c",
      "z",
    ]);
    expect(bare(partitionTree(await catalog, inPublic("z")))).toEqual(["z", "b", "c"]);
    expect(bare(partitionTree(await catalog, inPublic("plain")))).toEqual(["plain"]);
  });

  test("have their rows in the tables that are not partitioned", async () => {
    expect(bare(leafTables(await catalog, inPublic("root")))).toEqual(["a", "b", "c"]);
    expect(bare(leafTables(await catalog, inPublic("plain")))).toEqual(["plain"]);
  });

  test("have one root", async () => {
    expect(partitionRoot(await catalog, inPublic("c"))).toEqual(inPublic("root"));
    expect(partitionRoot(await catalog, inPublic("child"))).toEqual(inPublic("child"));
  });

  test("of INHERITS are others than those of partitions", async () => {
    expect(bare(inheritanceChildren(await catalog, inPublic("plain")))).toEqual(["child"]);
    expect(inheritanceChildren(await catalog, inPublic("root"))).toEqual([]);
    expect(isPartition(tableOf(await catalog, "a"))).toBe(true);
    expect(isPartition(tableOf(await catalog, "child"))).toBe(false);
  });
});

describe("keyCandidates", () => {
  const columns = "a integer NOT NULL, b integer NOT NULL, n integer, m integer";
  const cases: [string, string, string[]][] = [
    [
      "the primary key comes first",
      "ADD CONSTRAINT z PRIMARY KEY (b); ADD CONSTRAINT a UNIQUE (a)",
      ["primary z b", "unique a a"],
    ],
    [
      "constraints come before indexes, each by name",
      "ADD CONSTRAINT y UNIQUE (b); ADD CONSTRAINT x UNIQUE (b, a); UNIQUE INDEX a (a)",
      ["unique x b a", "unique y b", "index a a"],
    ],
    [
      "unique columns that take NULL identify nothing",
      "ADD CONSTRAINT x UNIQUE (a, n); UNIQUE INDEX i (m)",
      [],
    ],
    [
      "unless NULL equals NULL",
      "ADD CONSTRAINT x UNIQUE NULLS NOT DISTINCT (a, n)",
      ["unique x a n"],
    ],
    ["a deferrable unique constraint is none", "ADD CONSTRAINT x UNIQUE (a) DEFERRABLE", []],
    [
      "a deferrable primary key is one",
      "ADD CONSTRAINT x PRIMARY KEY (a) DEFERRABLE",
      ["primary x a deferrable"],
    ],
    ["partial indexes are none", "UNIQUE INDEX i (a) WHERE (b > 1)", []],
    ["indexes of expressions are none", "UNIQUE INDEX i (a, ((b + 1)))", []],
    ["exclusion constraints are none", "ADD CONSTRAINT x EXCLUDE USING gist (a WITH =)", []],
  ];
  test.each(cases)("%s", async (_name, parts, expected) => {
    const statements = parts
      .split("; ")
      .map((part) =>
        part.startsWith("ADD")
          ? `ALTER TABLE ONLY public.t ${part};`
          : part.replace(
              /^UNIQUE INDEX (\w+) (.*)$/,
              "CREATE UNIQUE INDEX $1 ON public.t USING btree $2;",
            ),
      );
    const catalog = await read(`CREATE TABLE public.t (${columns});\n${statements.join("\n")}`);
    const found = keyCandidates(tableOf(catalog, "t")).map((key) =>
      [key.kind, key.name, ...key.columns, ...(key.immediate ? [] : ["deferrable"])].join(" "),
    );
    expect(found).toEqual(expected);
  });
});

describe("foreignKeysTo", () => {
  test("finds foreign keys of all tables, the table's own among them", async () => {
    const catalog = await read(`CREATE TABLE public.a (id integer NOT NULL, up integer);
CREATE TABLE public.b (a integer);
ALTER TABLE ONLY public.a ADD CONSTRAINT a_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.b ADD CONSTRAINT b_a FOREIGN KEY (a) REFERENCES public.a(id);
ALTER TABLE ONLY public.a ADD CONSTRAINT a_up FOREIGN KEY (up) REFERENCES public.a(id);`);
    const found = foreignKeysTo(catalog, inPublic("a"));
    expect(found.map(({ table, foreignKey }) => [table.name, foreignKey.name])).toEqual([
      ["a", "a_up"],
      ["b", "b_a"],
    ]);
    expect(foreignKeysTo(catalog, inPublic("b"))).toEqual([]);
  });
});

describe("resolveType", () => {
  const definitions = `CREATE TYPE public.mood AS ENUM ('ok');
CREATE TYPE public.pair AS (x integer);
CREATE TYPE public.span AS RANGE (subtype = integer, multirange_type_name = public.spans);
CREATE DOMAIN public.inner_domain AS public.mood;
CREATE DOMAIN public.outer_domain AS public.inner_domain;
CREATE DOMAIN public.list AS public.mood[];
CREATE TABLE public.other (id integer);
`;
  const cases: [string, string, string, string[]][] = [
    ["integer", "base", "integer", []],
    ["public.mood", "enum", "public.mood", []],
    ["public.pair", "composite", "public.pair", []],
    ["public.other", "composite", "public.other", []],
    ["public.span", "range", "public.span", []],
    ["public.spans", "multirange", "public.spans", []],
    ["int4range", "range", "int4range", []],
    ["datemultirange", "multirange", "datemultirange", []],
    ["public.mood[]", "array", "public.mood[]", []],
    ["public.outer_domain", "enum", "public.mood", ["outer_domain", "inner_domain"]],
    ["public.outer_domain[]", "array", "public.outer_domain[]", []],
    ["public.list", "array", "public.mood[]", ["list"]],
    ["public.citext", "base", "public.citext", []],
  ];
  test.each(cases)("%s is %s %s", async (written, kind, formatted, domains) => {
    const catalog = await read(`${definitions}CREATE TABLE public.t (c ${written});`);
    const column = tableOf(catalog, "t").columns[0];
    const resolved = column && resolveType(catalog, column.type);
    expect(resolved).toMatchObject({ kind, type: { formatted } });
    expect(resolved?.domains.map(({ name }) => name)).toEqual(domains);
  });
});
