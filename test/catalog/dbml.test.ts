import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { schemaDbml } from "../../src/catalog/dbml.ts";
import { catalogFromDdl } from "../../src/catalog/ddl.ts";
import { readCatalog } from "../../src/catalog/snapshot.ts";
import type { Catalog } from "../../src/catalog/types.ts";
import { nameKey } from "../../src/names.ts";
import { openDump } from "../../src/sources/dump.ts";
import { fixturePath, hasFixtures } from "../support/fixtures.ts";
import { splitStatements } from "../support/split.ts";

/** What is read of a parsed schema. */
interface Parsed {
  readonly schemas: readonly {
    readonly name: string;
    readonly tables: readonly ParsedTable[];
    readonly enums: readonly {
      readonly name: string;
      readonly values: readonly { readonly name: string }[];
    }[];
    readonly refs: readonly unknown[];
  }[];
}

interface ParsedTable {
  readonly name: string;
  readonly note: string | null;
  readonly fields: readonly { readonly name: string; readonly note: string | null }[];
  readonly indexes: readonly { readonly name: string }[];
  readonly checks: readonly { readonly name: string }[];
}

/** @dbml/core itself reads what it wrote. */
function parse(dbml: string): Parsed {
  const { Parser } = createRequire(import.meta.url)("@dbml/core");
  return new Parser().parse(dbml, "dbmlv2");
}

function tablesOf({ schemas }: Parsed): Map<string, ParsedTable> {
  return new Map(
    schemas.flatMap(({ name: schema, tables }) =>
      tables.map((table) => [nameKey({ schema, name: table.name }), table] as const),
    ),
  );
}

async function dbmlOf(sql: string): Promise<{ readonly catalog: Catalog; readonly dbml: string }> {
  const catalog = await catalogFromDdl(splitStatements(sql), "test.sql");
  return { catalog, dbml: await schemaDbml(catalog) };
}

describe.skipIf(!hasFixtures)("the schema of a dump as DBML", () => {
  test.each(["pg13", "pg18"])("%s: every table, column and label survives", async (version) => {
    await using dump = await openDump(fixturePath(`${version}/custom_gzip.dump`));
    const catalog = await readCatalog(dump);
    const parsed = parse(await schemaDbml(catalog));
    const expected = catalog.tables.filter(
      ({ partitionOf, columns }) => !partitionOf && columns.length > 0,
    );
    const found = tablesOf(parsed);
    expect([...found.keys()].sort()).toEqual(expected.map(({ name }) => nameKey(name)).sort());
    for (const { name, columns } of expected) {
      const fields = found.get(nameKey(name))?.fields.map((field) => field.name);
      expect(fields).toEqual(columns.map((column) => column.name));
    }
    const labels = parsed.schemas.flatMap(({ enums }) => enums.flatMap(({ values }) => values));
    const known = catalog.types.flatMap((type) => (type.kind === "enum" ? type.labels : []));
    expect(labels.map(({ name }) => name)).toEqual(known);
  });
});

describe("what DBML has no word for stands in notes", () => {
  const SQL = `CREATE TABLE public.part (id integer NOT NULL, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE public.part_2026 (id integer NOT NULL, at date NOT NULL);
ALTER TABLE ONLY public.part ATTACH PARTITION public.part_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE public.room (
    id integer NOT NULL,
    name text DEFAULT 'it''s \`quoted\`'::text,
    during tsrange,
    area numeric(5,2) DEFAULT 1,
    size integer GENERATED ALWAYS AS ((id * 2)) STORED,
    "select" integer,
    CONSTRAINT "area's" CHECK ((area > (0)::numeric))
);
ALTER TABLE ONLY public.room ADD CONSTRAINT room_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.room ADD CONSTRAINT room_during_excl EXCLUDE USING gist (during WITH &&);
CREATE UNIQUE INDEX room_name ON public.room USING btree (name) WHERE (id > 10);
CREATE UNIQUE INDEX room_lower ON public.room USING btree (lower(name), "select");
CREATE TABLE public.bare (
);
CREATE TABLE public.booking (id integer NOT NULL, room integer, other integer);
ALTER TABLE ONLY public.booking ADD CONSTRAINT booking_room_fkey FOREIGN KEY (room) REFERENCES public.room(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.booking ADD CONSTRAINT booking_again_fkey FOREIGN KEY (room) REFERENCES public.room(id);
ALTER TABLE ONLY public.booking ADD CONSTRAINT booking_other_fkey FOREIGN KEY (other) REFERENCES public.room(id) DEFERRABLE INITIALLY DEFERRED;
`;

  test("partitions, exclusion constraints, partial indexes, generated columns", async () => {
    const { dbml } = await dbmlOf(SQL);
    const parsed = parse(dbml);
    const tables = tablesOf(parsed);
    const table = (name: string) => tables.get(nameKey({ schema: "public", name }));
    expect([...tables.keys()]).toHaveLength(3);
    expect(table("part")?.note).toBe("partitioned by RANGE (at)\npartitions: public.part_2026");
    expect(table("room")?.note).toBe(
      [
        "constraint room_during_excl EXCLUDE USING gist (during WITH &&)",
        "CREATE UNIQUE INDEX room_name ON public.room USING btree (name) WHERE (id > 10)",
      ].join("\n"),
    );
    expect(table("room")?.indexes.map(({ name }) => name)).toEqual(["room_lower"]);
    expect(table("room")?.checks.map(({ name }) => name)).toEqual(["area's"]);
    expect(table("room")?.fields.map(({ note }) => note || null)).toEqual([
      ...[null, "default 'it''s `quoted`'::text", null, null],
      "generated always as ((id * 2)) stored",
      null,
    ]);
    expect(dbml).toContain("Note tables_without_columns {\n  'public.bare'\n}");
  });

  test("one reference between the same columns; the other, and what is deferrable, in notes", async () => {
    const { dbml } = await dbmlOf(SQL);
    const { schemas } = parse(dbml);
    expect(schemas.flatMap(({ refs }) => refs)).toHaveLength(2);
    expect(dbml).toContain(
      'Ref "booking_again_fkey":"room"."id" < "booking"."room" [update: no action, delete: no action]',
    );
    expect(tablesOf({ schemas }).get(nameKey({ schema: "public", name: "booking" }))?.note).toBe(
      [
        "constraint booking_other_fkey FOREIGN KEY (other) REFERENCES public.room(id) DEFERRABLE INITIALLY DEFERRED",
        "constraint booking_room_fkey FOREIGN KEY (room) REFERENCES public.room(id) ON DELETE CASCADE",
      ].join("\n"),
    );
  });

  test("a catalog without tables is an empty schema", async () => {
    const { dbml } = await dbmlOf("");
    expect(parse(dbml).schemas.flatMap(({ tables }) => tables)).toEqual([]);
  });
});
