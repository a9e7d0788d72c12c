import { describe, expect, test } from "vitest";
import { references, tuple } from "../../src/order/references.ts";
import { changesetOf } from "../support/changeset.ts";
import { pairOf, schema } from "../support/schema.ts";

const DDL = `CREATE TABLE public.country (id integer NOT NULL, code text NOT NULL);
CREATE TABLE public.city (id integer NOT NULL, country text, up integer, mayor integer NOT NULL);
ALTER TABLE ONLY public.country ADD CONSTRAINT country_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.country ADD CONSTRAINT country_code UNIQUE (code);
ALTER TABLE ONLY public.city ADD CONSTRAINT city_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.city ADD CONSTRAINT city_up FOREIGN KEY (up) REFERENCES public.city(id);
ALTER TABLE ONLY public.city ADD CONSTRAINT city_country FOREIGN KEY (country) REFERENCES public.country(code);
ALTER TABLE ONLY public.city ADD CONSTRAINT city_mayor FOREIGN KEY (mayor) REFERENCES public.city(id);
`;

async function found(ddl: string, tables: readonly string[], without: readonly string[] = []) {
  const catalog = await schema(ddl);
  const { tables: changed } = changesetOf(
    tables.map((name) => {
      const { name: table, columns, key = [] } = pairOf(catalog, name);
      const kept = columns.filter((column) => !without.includes(column));
      return { table, columns: kept, key, changes: [] };
    }),
  );
  return references(catalog, changed).map(
    ({ foreignKey, child, parent, childPositions, parentPositions, nullable }) =>
      `${foreignKey.name}: ${child.table.name}(${childPositions ?? "?"}) -> ${parent.table.name}(${parentPositions ?? "?"}), nullable (${nullable})`,
  );
}

describe("references", () => {
  test("are told by child and name, by positions in the changed columns", async () => {
    expect(await found(DDL, ["city", "country"])).toEqual([
      "city_country: city(1) -> country(1), nullable (1)",
      "city_mayor: city(3) -> city(0), nullable ()",
      "city_up: city(2) -> city(0), nullable (2)",
    ]);
  });

  test("to tables without changes are left out", async () => {
    expect(await found(DDL, ["country"])).toEqual([]);
  });

  test("by columns that are not compared have no positions", async () => {
    expect(await found(DDL, ["city", "country"], ["country", "code"])).toContain(
      "city_country: city(?) -> country(?), nullable ()",
    );
  });

  test("of MATCH FULL end only when all columns can be NULL", async () => {
    const ddl = (column: string) => `CREATE TABLE public.a (x integer NOT NULL, y integer NOT NULL);
CREATE TABLE public.b (id integer NOT NULL, x integer, y integer${column});
ALTER TABLE ONLY public.a ADD CONSTRAINT a_pkey PRIMARY KEY (x, y);
ALTER TABLE ONLY public.b ADD CONSTRAINT b_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.b ADD CONSTRAINT b_a FOREIGN KEY (x, y) REFERENCES public.a(x, y) MATCH FULL;
`;
    expect(await found(ddl(" NOT NULL"), ["a", "b"])).toEqual([
      "b_a: b(1,2) -> a(0,1), nullable ()",
    ]);
    expect(await found(ddl(""), ["a", "b"])).toEqual(["b_a: b(1,2) -> a(0,1), nullable (1,2)"]);
  });

  test("of partitions count as their root's", async () => {
    const ddl = `CREATE TABLE public.a (id integer NOT NULL);
CREATE TABLE public.p (id integer NOT NULL, a integer) PARTITION BY LIST (id);
CREATE TABLE public.p1 PARTITION OF public.p FOR VALUES IN (1);
ALTER TABLE ONLY public.a ADD CONSTRAINT a_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.p ADD CONSTRAINT p_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.p1 ADD CONSTRAINT p1_a FOREIGN KEY (a) REFERENCES public.a(id);
`;
    expect(await found(ddl, ["a", "p"])).toEqual(["p1_a: p(1) -> a(0), nullable (1)"]);
  });
});

describe("tuple", () => {
  test("a NULL or unknown value refers to nothing", () => {
    expect(tuple(["1", null])).toBeUndefined();
    expect(tuple(["1", undefined])).toBeUndefined();
  });

  test("values that join to the same text are told apart", () => {
    expect(tuple(["a,b", "c"])).not.toBe(tuple(["a", "b,c"]));
    expect(tuple([{ base64: "/w==" }])).not.toBe(tuple(["/w=="]));
  });
});
