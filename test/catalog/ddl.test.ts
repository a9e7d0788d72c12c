import { describe, expect, test } from "vitest";
import { catalogFromDdl } from "../../src/catalog/ddl.ts";
import type { Catalog, Table } from "../../src/catalog/types.ts";
import { splitStatements } from "../support/split.ts";

function read(sql: string, where = "shop.sql"): Promise<Catalog> {
  return catalogFromDdl(splitStatements(sql), where);
}

async function readTable(sql: string): Promise<Table> {
  const { tables } = await read(sql);
  const table = tables.at(-1);
  if (!table) throw new Error("no table");
  return table;
}

describe("a column's type", () => {
  const cases: [string, string, string][] = [
    ["integer", "int4", "integer"],
    ["int", "int4", "integer"],
    ["character varying(40)[]", "varchar", "character varying(40)[]"],
    ["varchar", "varchar", "character varying"],
    ["text[][]", "text", "text[]"],
    ["character", "bpchar", "character(1)"],
    ["bpchar", "bpchar", "bpchar"],
    ['"char"', "char", '"char"'],
    ["bit", "bit", "bit(1)"],
    ['"bit"', "bit", '"bit"'],
    ["bit varying(3)", "varbit", "bit varying(3)"],
    ["numeric(7)", "numeric", "numeric(7,0)"],
    ["decimal(5,-2)", "numeric", "numeric(5,-2)"],
    ["time(3)", "time", "time(3) without time zone"],
    ["timestamp(0) with time zone[]", "timestamptz", "timestamp(0) with time zone[]"],
    ["interval", "interval", "interval"],
    ["interval(3)", "interval", "interval(3)"],
    ["interval year to month", "interval", "interval year to month"],
    ["interval day to second(2)", "interval", "interval day to second(2)"],
    ["interval hour", "interval", "interval hour"],
    ["json", "json", "json"],
    ["int2vector", "int2vector", "int2vector"],
  ];
  test.each(cases)("%s is pg_catalog.%s, printed as %s", async (written, name, formatted) => {
    const { columns } = await readTable(`CREATE TABLE public.t (a ${written}, b integer);`);
    const array = written.endsWith("[]");
    expect(columns[0]?.type).toEqual({ schema: "pg_catalog", name, array, formatted });
  });

  test("of an extension keeps its modifier as written", async () => {
    const { columns } = await readTable(
      "CREATE TABLE public.t (p public.geometry(Point,4326)[], q integer);",
    );
    expect(columns[0]?.type).toEqual({
      schema: "public",
      name: "geometry",
      array: true,
      formatted: "public.geometry(Point,4326)[]",
    });
  });

  test("without a schema is the user's in statements that name no schema at all", async () => {
    const text = "CREATE TABLE t (a citext, b text)";
    const old = await catalogFromDdl([{ text, place: "", defaultSchema: "shop" }], "shop.sql");
    expect(old.tables[0]?.name).toEqual({ schema: "shop", name: "t" });
    expect(old.tables[0]?.columns.map(({ type }) => type.formatted)).toEqual([
      "shop.citext",
      "text",
    ]);
  });
});

describe("texts of definitions", () => {
  test("end where the next item starts, whatever quotes and parentheses they hold", async () => {
    const { columns } = await readTable(`CREATE TABLE public.t (
    "DEFAULT" text DEFAULT 'a, b) -- c /* d'::text NOT NULL,
    "é, )" text DEFAULT (('é€😀'::text || 'x'::text) || '('::text) COLLATE pg_catalog."C",
    g text GENERATED ALWAYS AS (upper((c || ') STORED'::text))) STORED,
    last text DEFAULT ')'::text
)
WITH (fillfactor='70');`);
    expect(columns.map(({ default: expression }) => expression)).toEqual([
      "'a, b) -- c /* d'::text",
      "(('é€😀'::text || 'x'::text) || '('::text)",
      undefined,
      "')'::text",
    ]);
    expect(columns[2]?.generated).toEqual({
      kind: "stored",
      expression: "upper((c || ') STORED'::text))",
    });
  });

  test("leave storage parameters of keys out, as pg_get_constraintdef() does", async () => {
    const { constraints } =
      await readTable(`CREATE TABLE public.t (a integer, b integer, r int4range);
ALTER TABLE ONLY public.t
    ADD CONSTRAINT "WITH (é" UNIQUE (a) INCLUDE (b) WITH (fillfactor='70') DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.t
    ADD CONSTRAINT x EXCLUDE USING gist (r WITH &&) WITH (fillfactor='90');`);
    expect(constraints.map(({ definition }) => definition)).toEqual([
      "UNIQUE (a) INCLUDE (b) DEFERRABLE INITIALLY DEFERRED",
      "EXCLUDE USING gist (r WITH &&) WITH (fillfactor='90')",
    ]);
  });

  test("of index expressions leave collation, operator class and order out", async () => {
    const { uniqueIndexes } = await readTable(`CREATE TABLE public.t (a text, b integer);
CREATE UNIQUE INDEX i ON public.t USING btree (lower(a) COLLATE "C" text_pattern_ops DESC, ((b + 1)), a, COALESCE(a, ', ('::text)) INCLUDE (b) WHERE (a <> 'WHERE'::text);`);
    expect(uniqueIndexes[0]).toMatchObject({
      parts: [
        { expression: "lower(a)" },
        { expression: "((b + 1))" },
        { column: "a" },
        { expression: "COALESCE(a, ', ('::text)" },
      ],
      predicate: "(a <> 'WHERE'::text)",
    });
  });

  test("read alike where a dump quotes every name", async () => {
    const plain = await readTable(`CREATE TABLE public.t (
    id integer DEFAULT nextval('public.t_id_seq'::regclass) NOT NULL, "user" text, CONSTRAINT c CHECK ((id > 0))
);`);
    const quoted = await readTable(`CREATE TABLE "public"."t" (
    "id" integer DEFAULT "nextval"('"public"."t_id_seq"'::"regclass") NOT NULL, "user" "text", CONSTRAINT "c" CHECK (("id" > 0))
);`);
    expect(quoted).toEqual(plain);
  });

  test("tell instants in UTC", async () => {
    const { columns } = await readTable(
      "CREATE TABLE public.t (a timestamp with time zone DEFAULT '2001-02-03 09:50:06+05:45'::timestamp with time zone);",
    );
    expect(columns[0]?.default).toBe("'2001-02-03 04:05:06+00'::timestamp with time zone");
  });
});

describe("what tables take over", () => {
  test("children of INHERITS have the columns of their parents first", async () => {
    const { tables } =
      await read(`CREATE TABLE public.parent (a integer NOT NULL, b text DEFAULT 'b'::text);
CREATE TABLE public.child (c integer, b text DEFAULT 'mine'::text) INHERITS (public.parent);
ALTER TABLE ONLY public.child ALTER COLUMN a SET DEFAULT 7;`);
    expect(tables[0]?.columns).toMatchObject([
      { name: "a", notNull: true, default: "7" },
      { name: "b", default: "'mine'::text" },
      { name: "c" },
    ]);
  });

  test("DEFAULT NULL takes the parent's default away", async () => {
    const { columns } = await readTable(`CREATE TABLE public.a (v integer DEFAULT 1);
CREATE TABLE public.b () INHERITS (public.a);
ALTER TABLE ONLY public.b ALTER COLUMN v SET DEFAULT NULL;`);
    expect(columns).toEqual([{ name: "v", type: expect.anything(), notNull: false }]);
  });

  test("partitions made by PARTITION OF have the columns, and no copies of keys and checks", async () => {
    const { columns, constraints, partitionOf } =
      await readTable(`CREATE TABLE public.p (id integer NOT NULL, k text DEFAULT 'k'::text, CONSTRAINT c CHECK ((id > 0))) PARTITION BY LIST (k);
CREATE TABLE public.p_1 PARTITION OF public.p (CONSTRAINT c CHECK ((id > 0))) FOR VALUES IN ('a');`);
    expect(columns.map(({ name, default: value }) => [name, value])).toEqual([
      ["id", undefined],
      ["k", "'k'::text"],
    ]);
    expect(constraints).toEqual([]);
    expect(partitionOf).toEqual({ schema: "public", name: "p" });
  });

  test("a key of a partitioned table counts once every partition has attached its own", async () => {
    const sql = `CREATE TABLE public.p (id integer NOT NULL) PARTITION BY LIST (id);
CREATE TABLE public.p_1 (id integer NOT NULL);
ALTER TABLE ONLY public.p ATTACH PARTITION public.p_1 FOR VALUES IN (1);
ALTER TABLE ONLY public.p ADD CONSTRAINT p_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.p_1 ADD CONSTRAINT p_1_pkey PRIMARY KEY (id);
`;
    const names = ({ tables }: Catalog): string[][] =>
      tables.map(({ constraints }) => constraints.map(({ name }) => name));
    expect(names(await read(sql))).toEqual([[], ["p_1_pkey"]]);
    const attached = `${sql}ALTER INDEX public.p_pkey ATTACH PARTITION public.p_1_pkey;`;
    expect(names(await read(attached))).toEqual([["p_pkey"], []]);
  });

  test("a cloned trigger that was switched off appears on its partition", async () => {
    const { tables } = await read(`CREATE TABLE public.p (id integer) PARTITION BY LIST (id);
CREATE TABLE public."P é" (id integer);
ALTER TABLE ONLY public.p ATTACH PARTITION public."P é" FOR VALUES IN (1);
CREATE TRIGGER t AFTER INSERT ON public.p FOR EACH ROW EXECUTE FUNCTION public.f(' ON public.p ');
ALTER TABLE public."P é" DISABLE TRIGGER t;`);
    expect(tables[0]?.triggers).toMatchObject([
      {
        enabled: "disabled",
        definition: `CREATE TRIGGER t AFTER INSERT ON public."P é" FOR EACH ROW EXECUTE FUNCTION public.f(' ON public.p ')`,
      },
    ]);
  });
});

describe("what people write and pg_dump does not", () => {
  test("constraints without names get those that PostgreSQL gives", async () => {
    const { constraints, columns } = await readTable(`CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (
  id serial PRIMARY KEY, a int NOT NULL REFERENCES a ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  v text UNIQUE CHECK (v <> ''), w int, UNIQUE (v, w), FOREIGN KEY (w) REFERENCES a
);`);
    expect(columns[0]).toMatchObject({
      notNull: true,
      default: "nextval('public.b_id_seq'::regclass)",
    });
    expect(constraints.map(({ name, definition }) => `${name}: ${definition}`)).toEqual([
      "b_a_fkey: FOREIGN KEY (a) REFERENCES public.a(id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED",
      "b_pkey: PRIMARY KEY (id)",
      "b_v_check: CHECK (v <> '')",
      "b_v_key: UNIQUE (v)",
      "b_v_w_key: UNIQUE (v, w)",
      "b_w_fkey: FOREIGN KEY (w) REFERENCES public.a(id)",
    ]);
  });

  test("names are cut to 63 bytes between characters", async () => {
    const name = "é".repeat(31);
    const { constraints } = await readTable(`CREATE TABLE public."${name}" (id int PRIMARY KEY);`);
    expect(constraints[0]?.name).toBe(`${"é".repeat(29)}_pkey`);
  });

  test("labels added to an enum stand in their place", async () => {
    const { types } = await read(`CREATE TYPE public.mood AS ENUM ('sad', 'ok');
ALTER TYPE public.mood ADD VALUE 'later' BEFORE 'ok';
ALTER TYPE public.mood ADD VALUE 'end';`);
    expect(types).toMatchObject([{ labels: ["sad", "later", "ok", "end"] }]);
  });
});

describe("statements that define nothing of a catalog", () => {
  test.each([
    "CREATE FUNCTION public.f() RETURNS void LANGUAGE sql AS $$ CREATE TABLE public.trap (id integer); $$",
    "CREATE FUNCTION this is no SQL at all",
    "CREATE VIEW public.v AS SELECT nothing that parses FROM",
    "CREATE EVENT TRIGGER e ON sql_drop EXECUTE FUNCTION public.f()",
    "COMMENT ON TABLE public.t IS 'CREATE TABLE x (a int);'",
    'ALTER TABLE public.t OWNER TO "some one"',
    "GRANT SELECT ON TABLE public.t TO PUBLIC",
    "CREATE INDEX i ON public.t USING btree (a)",
    "ALTER TABLE ONLY public.elsewhere ADD CONSTRAINT c CHECK ((a > 0))",
    "ALTER TABLE IF EXISTS public.elsewhere DROP CONSTRAINT IF EXISTS c",
    "CREATE TRIGGER t INSTEAD OF INSERT ON public.view FOR EACH ROW EXECUTE FUNCTION public.f()",
    "CREATE TEMP TABLE passing (a integer)",
    "",
  ])("%s", async (text) => {
    const catalog = await catalogFromDdl([{ text, place: "line 1" }], "shop.sql");
    expect(Object.values(catalog).flat()).toEqual([]);
  });
});

describe("a statement that matters and cannot be read names file, place and reason", () => {
  const table = "CREATE TABLE public.t (a integer);\n";
  const cases: [string, string, RegExp][] = [
    ["that is no SQL", "CREATE TABLE public.x (a integer,);", /syntax error at or near "\)"/],
    ["that copies another table's columns", "CREATE TABLE public.x (LIKE public.t);", /LIKE/],
    ["that makes a table a second time", "CREATE TABLE public.t (b integer);", /second time/],
    ["that makes a table from a query", "CREATE TABLE public.x AS SELECT 1;", /from a query/],
    [
      "that inherits from a table of elsewhere",
      "CREATE TABLE public.x () INHERITS (public.elsewhere);",
      /public\.elsewhere, which this dump does not define/,
    ],
    [
      "that refers to a table without a primary key",
      "ALTER TABLE ONLY public.t ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES public.t;",
      /no primary key/,
    ],
    [
      "that renames a table",
      "ALTER TABLE public.t RENAME TO u;",
      /does not rename or move public\.t/,
    ],
    ["that drops a column", "ALTER TABLE public.t DROP COLUMN a;", /AT_DropColumn/],
  ];
  test.each(cases)("%s", async (_name, sql, reason) => {
    await expect(read(`${table}${sql}`)).rejects.toMatchObject({
      failure: {
        code: "ddl_unreadable",
        path: "shop.sql",
        place: "statement 2",
        reason: expect.stringMatching(reason),
      },
    });
  });
});
