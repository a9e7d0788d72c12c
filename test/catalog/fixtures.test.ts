import { describe, expect, test } from "vitest";
import { partitionRoot, tableByName } from "../../src/catalog/lookup.ts";
import { readCatalog } from "../../src/catalog/snapshot.ts";
import type { Catalog, Table } from "../../src/catalog/types.ts";
import { formatName, nameKey } from "../../src/names.ts";
import { openDatabase } from "../../src/sources/database.ts";
import { openDump } from "../../src/sources/dump.ts";
import { fixturePath, hasFixtures, readManifest } from "../support/fixtures.ts";
import { createDatabase, hasServer, testServer } from "../support/postgres.ts";
import { type ExpectedFacts, readFacts } from "./facts.ts";

const VERSIONS = ["pg13", "pg15", "pg17", "pg18"];

/** Fixtures of a version that hold the whole fixture database; others are of parts, or of other databases. */
function wholeDumps(version: string): [string][] {
  return Object.entries(readManifest())
    .filter(([name]) => name.startsWith(`${version}/`) && !name.includes("from_server"))
    .filter(([, { scope }]) => scope !== "part of the tables")
    .filter(([, { expected }]) => JSON.stringify(expected).includes("expected.nasty"))
    .filter(([name]) => !name.includes("data_only") && !name.includes("exclude"))
    .map(([name]) => [name]);
}

const plain = new Map(VERSIONS.map((version) => [version, lazily(`${version}/plain.sql`)]));

function lazily(name: string): () => Promise<Catalog> {
  let catalog: Promise<Catalog> | undefined;
  return () => {
    catalog ??= catalogOf(name);
    return catalog;
  };
}

async function plainCatalog(version: string): Promise<Catalog> {
  const catalog = await plain.get(version)?.();
  if (!catalog) throw new Error(`no fixtures of ${version}`);
  return catalog;
}

async function catalogOf(name: string): Promise<Catalog> {
  const options = name.includes("dumpall") ? { database: "nasty" } : {};
  await using dump = await openDump(fixturePath(name), options);
  return readCatalog(dump);
}

describe.skipIf(!hasFixtures).each(VERSIONS)("the fixtures of %s", (version) => {
  test.each(wholeDumps(version))("%s gives the catalog of the plain dump", async (name) => {
    expect(await catalogOf(name)).toEqual(await plainCatalog(version));
  });

  test("tell columns, keys and partitions as the server told", async () => {
    const facts = readFacts(`${version}/expected.nasty.json`);
    const catalog = await plainCatalog(version);
    const found = catalog.tables.map((table) => factsOf(catalog, table));
    expect(Object.fromEntries(found)).toEqual(facts);
  });
});

/** What the expectations hold of a table. Columns by name: those of inheritance children come in another order. */
function factsOf(catalog: Catalog, table: Table): [string, ExpectedFacts] {
  const primary = table.constraints.find(({ kind }) => kind === "primary");
  const root = partitionRoot(catalog, table.name);
  const isPartition = nameKey(root) !== nameKey(table.name);
  const columns = table.columns.map(({ name, type, notNull, generated, identity }) => ({
    name,
    type: type.formatted,
    not_null: notNull,
    generated: generated ? generated.kind.charAt(0) : "",
    identity: identity === undefined ? "" : identity === "always" ? "a" : "d",
  }));
  const facts: ExpectedFacts = {
    columns: Object.fromEntries(columns.map((column) => [column.name, column])),
    partition_root: isPartition ? formatName(root) : null,
    persistence: table.unlogged ? "u" : "p",
    primary_key: primary?.kind === "primary" ? primary.columns : null,
  };
  return [nameKey(table.name), facts];
}

describe.skipIf(!hasFixtures)("dumps of parts", () => {
  test.each([
    ["pg18/custom_tables_subset.dump", 5],
    ["pg18/plain_clean_create.sql", 2],
    ["pg18/custom_data_only.dump", 0],
    ["pg18/plain_data_only_disable_triggers.sql", 0],
  ])("%s gives its own tables as the whole dump has them", async (name, count) => {
    const whole = tableByName(await plainCatalog("pg18"));
    const { tables } = await catalogOf(name);
    expect(tables).toHaveLength(count);
    expect(tables).toEqual(tables.map((table) => whole.get(nameKey(table.name))));
  });

  test("a dump without some tables gives the others", async () => {
    const whole = await plainCatalog("pg18");
    const { tables } = await catalogOf("pg18/custom_exclude.dump");
    const expected = whole.tables.filter(({ name }) => name.name !== "wide");
    expect(tables.map(({ name }) => name)).toEqual(expected.map(({ name }) => name));
  });

  test("pg_dump 18 tells of a server of 15 what pg_dump 15 tells", async () => {
    expect(await catalogOf("pg18/custom_from_server15.dump")).toEqual(await plainCatalog("pg15"));
  });
});

const is15 = hasServer && Math.floor(testServer().versionNumber / 10000) === 15;

describe.skipIf(!hasFixtures || !is15)("a server of 15", () => {
  test("gives the catalog of the fixtures of 15", async () => {
    await using database = await createDatabase({ file: fixturePath("src/nasty.sql") });
    await using live = await openDatabase(database.url, { env: {} });
    expect(await readCatalog(live)).toEqual(await plainCatalog("pg15"));
  });
});
