import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { introspect } from "../../src/catalog/introspect.ts";
import { readCatalog } from "../../src/catalog/snapshot.ts";
import { openDatabase } from "../../src/sources/database.ts";
import { openDump } from "../../src/sources/dump.ts";
import { fixturePath, hasFixtures } from "../support/fixtures.ts";
import { createDatabase, hasServer, pgDump, psql, type TestDatabase } from "../support/postgres.ts";

const samples = new URL("../../../shared/samples/", import.meta.url);
const hasSamples = existsSync(samples);

/** The script makes and enters a database of its own first. */
async function createChinook(): Promise<TestDatabase> {
  const text = readFileSync(new URL("chinook.sql", samples), "utf8");
  const database = await createDatabase();
  const { exitCode, stderr } = await psql(database.url, {
    sql: text.slice(text.indexOf("\\c chinook;") + "\\c chinook;".length),
  });
  if (exitCode !== 0) throw new Error(stderr);
  return database;
}

const CORNERS = fileURLToPath(new URL("corners.sql", import.meta.url));

describe.skipIf(!hasServer).each([
  { name: "every corner", has: true, make: () => createDatabase({ file: CORNERS }) },
  {
    name: "the fixture database",
    has: hasFixtures,
    make: () => createDatabase({ file: fixturePath("src/nasty.sql") }),
  },
  {
    name: "Pagila",
    has: hasSamples,
    make: () => createDatabase({ file: fileURLToPath(new URL("pagila.sql", samples)) }),
  },
  { name: "Chinook", has: hasSamples, make: createChinook },
])("$name", ({ has, make }) => {
  let database: TestDatabase | undefined;
  let folder = "";
  const url = (): string => database?.url ?? "";

  beforeAll(async () => {
    if (has) database = await make();
    folder = await mkdtemp(join(tmpdir(), "rowpatch-catalog-"));
  });
  afterAll(async () => {
    await database?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  test.skipIf(!has).each([
    ["plain", ["-Fp"]],
    ["custom", ["-Fc"]],
    ["plain with every name quoted", ["-Fp", "--quote-all-identifiers"]],
    ["plain with --create --clean", ["-Fp", "--create", "--clean", "--if-exists"]],
    ["plain schema", ["-Fp", "--schema-only", "--no-owner", "--no-privileges"]],
  ])("a %s dump gives the catalog that the server gives", async (name, args) => {
    const path = join(folder, name.replaceAll(" ", "-"));
    const dumped = await pgDump(url(), [...args, "-f", path]);
    expect(dumped).toMatchObject({ exitCode: 0 });
    await using dump = await openDump(path);
    await using live = await openDatabase(url(), { env: {} });
    const catalog = await readCatalog(live);
    expect(catalog.tables.length).toBeGreaterThan(10);
    expect(await readCatalog(dump)).toEqual(catalog);
  });

  test.skipIf(!has)("is read in one message of twelve queries", async () => {
    await using live = await openDatabase(url(), { env: {} });
    const asked: number[] = [];
    await introspect({
      versionNumber: live.versionNumber,
      queryAll: (texts) => {
        asked.push(Object.keys(texts).length);
        return live.queryAll(texts);
      },
    });
    expect(asked).toEqual([12]);
  });
});

describe.skipIf(!hasServer)("a server", () => {
  test("leaves out members of extensions, temporary tables and system schemas", async () => {
    await using database = await createDatabase(
      "CREATE EXTENSION hstore; CREATE TEMP TABLE passing (id int); CREATE TABLE kept (id int)",
    );
    await using live = await openDatabase(database.url, { env: {} });
    const catalog = await introspect(live);
    expect(catalog).toMatchObject({
      tables: [{ name: { schema: "public", name: "kept" } }],
      types: [],
      extensions: [{ name: "hstore", schema: "public" }],
    });
  });

  test("leaves out an invalid unique index", async () => {
    await using database = await createDatabase(
      "CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1)",
    );
    const { exitCode } = await psql(database.url, {
      sql: "CREATE UNIQUE INDEX CONCURRENTLY broken ON t (a)",
    });
    expect(exitCode).not.toBe(0);
    await using live = await openDatabase(database.url, { env: {} });
    expect((await introspect(live)).tables).toMatchObject([{ uniqueIndexes: [] }]);
  });

  test("reads 200 tables as it reads one", async () => {
    await using database = await createDatabase(
      `DO $$ BEGIN FOR i IN 1..200 LOOP
         EXECUTE format('CREATE TABLE t%s (id serial PRIMARY KEY, v text UNIQUE, up int REFERENCES t%s)', i, i);
       END LOOP; END $$`,
    );
    await using live = await openDatabase(database.url, { env: {} });
    const { tables, sequences } = await introspect(live);
    expect([tables.length, sequences.length]).toEqual([200, 200]);
    expect(tables.every(({ constraints }) => constraints.length === 3)).toBe(true);
  });
});
