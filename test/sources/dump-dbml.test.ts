import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { run } from "../cli/run.ts";

const folder = mkdtempSync(join(tmpdir(), "rowpatch-dbml-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Names that mean something in SQL or DBML. */
const NAMES: readonly string[] = [
  "Two words",
  'say "hi"',
  "it's",
  "'''",
  "back\\slash",
  "`code`",
  "a.b",
  "{ }",
  "[pk, note: 'x']",
  "// no comment",
  "/* nor this */",
  "-- nor this",
  "line\nbreak",
  "tab\there",
  "Table",
  "1st",
  "größe 水 🐘",
  "#fff",
  "a:b < c > d",
  "%s $1 $$",
];
/** As long as names may be. */
const LONGEST = "n".repeat(63);
const SCHEMA = 'we"ird.schema';

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const inSchema = (name: string): string => `${quoted(SCHEMA)}.${quoted(name)}`;

/** A table for each name, each of which refers to the one before it; the first with a column for each name. */
function hostileDump(titles: readonly string[]): string {
  const tables = [...NAMES, LONGEST];
  const more = NAMES.map((name) => `, ${quoted(name)} text`).join("");
  const definitions = tables.flatMap((name, index) => [
    `CREATE TABLE ${inSchema(name)} (id integer NOT NULL, parent integer, mood ${inSchema("mood's")}${index === 0 ? more : ""});`,
    `ALTER TABLE ONLY ${inSchema(name)} ADD CONSTRAINT ${quoted(`pk ${index}`)} PRIMARY KEY (id);`,
  ]);
  const references = tables.slice(1).map((name, index) => {
    const constraint = `ADD CONSTRAINT ${quoted(`${name.slice(0, 50)} fk`)} FOREIGN KEY (parent)`;
    return `ALTER TABLE ONLY ${inSchema(name)} ${constraint} REFERENCES ${inSchema(tables[index] ?? "")}(id) ON DELETE CASCADE;`;
  });
  return [
    "SET client_encoding = 'UTF8';",
    "SET standard_conforming_strings = on;",
    `CREATE SCHEMA ${quoted(SCHEMA)};`,
    `CREATE TYPE ${inSchema("mood's")} AS ENUM (${NAMES.map(literal).join(", ")});`,
    ...definitions,
    `CREATE TABLE public.film (id integer NOT NULL, title text);`,
    `COPY public.film (id, title) FROM stdin;`,
    ...titles.map((title, index) => `${index + 1}\t${title}`),
    "\\.",
    "ALTER TABLE ONLY public.film ADD CONSTRAINT film_pkey PRIMARY KEY (id);",
    ...references,
    "",
  ].join("\n");
}

interface Endpoint {
  readonly schemaName: string | null;
  readonly tableName: string;
  readonly fieldNames: readonly string[];
  readonly relation: string;
}

interface Named {
  readonly name: string;
}

/** What is read of a parsed schema. */
interface Parsed {
  readonly schemas: readonly (Named & {
    readonly tables: readonly (Named & {
      readonly fields: readonly (Named & {
        readonly pk?: boolean;
        readonly type: { readonly type_name: string };
      })[];
    })[];
    readonly enums: readonly (Named & { readonly values: readonly Named[] })[];
    readonly refs: readonly (Named & {
      readonly endpoints: readonly Endpoint[];
      readonly onDelete?: string;
    })[];
  })[];
}

/** @dbml/core itself reads what it wrote. */
function parse(dbml: string): Parsed {
  const { Parser } = createRequire(import.meta.url)("@dbml/core");
  return new Parser().parse(dbml, "dbmlv2");
}

/** Everything of the schema is there under its own name, and nothing else. */
function expectHostileSchema(dbml: string): void {
  const { schemas } = parse(dbml);
  const tables = schemas.flatMap(({ name, tables }) => tables.map((table) => ({ name, table })));
  const found = tables.map(({ name, table }) => `${name} | ${table.name}`);
  const wanted = [...NAMES, LONGEST].map((name) => `${SCHEMA} | ${name}`);
  expect(found.toSorted()).toEqual([...wanted, "public | film"].toSorted());
  for (const { name, table } of tables) {
    if (name !== SCHEMA) continue;
    expect(table.fields.map((field) => field.name)).toEqual([
      ...["id", "parent", "mood"],
      ...(table.name === NAMES[0] ? NAMES : []),
    ]);
    expect(table.fields.filter(({ pk }) => pk).map((field) => field.name)).toEqual(["id"]);
    expect(table.fields[1]?.type.type_name).toBe("integer");
  }
  const enums = schemas.flatMap(({ name, enums }) => enums.map((type) => ({ name, type })));
  expect(enums.map(({ name, type }) => [name, type.name])).toEqual([[SCHEMA, "mood's"]]);
  expect(enums[0]?.type.values.map(({ name }) => name)).toEqual(NAMES);
  const refs = schemas.flatMap(({ refs }) => refs);
  const chain = refs.map(({ endpoints, onDelete }) => {
    const many = endpoints.find(({ relation }) => relation === "*");
    const one = endpoints.find(({ relation }) => relation === "1");
    return [many?.tableName, many?.fieldNames, one?.tableName, one?.fieldNames, onDelete];
  });
  const links = [...NAMES.slice(1), LONGEST].map((name, index) => {
    return [name, ["parent"], NAMES[index], ["id"], "cascade"];
  });
  const byTable = (a: readonly unknown[], b: readonly unknown[]): number =>
    String(a[0]) < String(b[0]) ? -1 : 1;
  expect(chain.toSorted(byTable)).toEqual(links.toSorted(byTable));
}

function write(name: string, titles: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, hostileDump(titles));
  return path;
}

test("inspect --dbml writes a schema of hostile names that DBML reads again", async () => {
  const { code, stdout, stderr } = await run(["inspect", write("i.sql", ["Alien"]), "--dbml"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expectHostileSchema(stdout);
});

test("script --dbml puts production's schema beside the scripts, script without it does not", async () => {
  const sides = [write("p.sql", ["Alien"]), write("l.sql", ["Aliens"])] as const;
  const script = (out: string, ...flags: readonly string[]) =>
    run(
      [
        "script",
        "--production",
        sides[0],
        "--local",
        sides[1],
        "--out",
        join(folder, out),
        ...flags,
      ],
      { env: { TMPDIR: folder } },
    );
  const made = await script("with", "--dbml");
  expect(made).toMatchObject({ code: 0 });
  expectHostileSchema(readFileSync(join(folder, "with", "schema.dbml"), "utf8"));
  expect(readFileSync(join(folder, "with", "MANIFEST"), "utf8")).toContain("schema.dbml");
  expect(await script("without")).toMatchObject({ code: 0 });
  expect(() => readFileSync(join(folder, "without", "schema.dbml"))).toThrow("ENOENT");
});
