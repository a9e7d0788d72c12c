import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { describe, expect, test } from "vitest";
import { loadParser, parseStatements } from "../../src/catalog/parser.ts";
import { type Restored, restoreDump, restoreFailed } from "../../src/rehearse/restore.ts";
import { clientTarget } from "../../src/rehearse/restore-target.ts";
import { roleOf } from "../../src/rehearse/statement-role.ts";
import { openDump } from "../../src/sources/dump.ts";
import {
  contentOf,
  createDatabase,
  hasServer,
  pgDump,
  type TestDatabase,
} from "../support/postgres.ts";

const SHARED = new URL("../../../shared/", import.meta.url);
const pathOf = (name: string): string => fileURLToPath(new URL(name, SHARED));
const DEMO = fileURLToPath(new URL("../../templates/demo/production.sql", import.meta.url));

async function restore(path: string, database: TestDatabase): Promise<Restored> {
  await using dump = await openDump(path);
  const client = new Client(database.url);
  await client.connect();
  try {
    return await restoreDump(dump, clientTarget(client));
  } finally {
    await client.end();
  }
}

/** Both restored with nothing lost: by psql, and by us. */
async function expectSame(path: string): Promise<void> {
  await using ours = await createDatabase();
  expect(await restore(path, ours)).toMatchObject({ failures: [] });
  await using theirs = await createDatabase({ file: path });
  expect(await contentOf(ours.url)).toEqual(await contentOf(theirs.url));
  const [a, b] = [await schemaOf(ours), await schemaOf(theirs)];
  expect(a).toBe(b);
}

async function schemaOf(database: TestDatabase): Promise<string> {
  const { exitCode, stdout } = await pgDump(database.url, ["--schema-only", "--no-owner"]);
  expect(exitCode).toBe(0);
  return stdout.replaceAll(/^\\(un)?restrict .*$/gm, "");
}

describe.skipIf(!hasServer)("restoreDump", () => {
  test("restores the demo's dump as psql does", () => expectSame(DEMO));

  test.skipIf(!existsSync(pathOf("samples/pagila.sql")))("restores pagila as psql does", () =>
    expectSame(pathOf("samples/pagila.sql")),
  );

  test.skipIf(!existsSync(pathOf("fixtures/pg15")))(
    "restores the nasty database of PostgreSQL 15 alike from each format",
    async () => {
      const contents = [];
      for (const name of ["plain.sql", "custom_gzip.dump"]) {
        await using database = await createDatabase();
        expect(await restore(pathOf(`fixtures/pg15/${name}`), database)).toMatchObject({
          tables: 65,
          failures: [],
        });
        const content = Object.entries(await contentOf(database.url));
        // The hash of an enum is that of its OID: each database puts these rows into other partitions.
        contents.push(content.filter(([table]) => !table.startsWith("public.p_hash_enum_")));
      }
      expect(contents[1]).toEqual(contents[0]);
    },
  );

  test("lists what the server refuses, with its place, and goes on", async () => {
    await using database = await createDatabase(
      "CREATE TABLE page (x int); CREATE TYPE order_status AS ENUM ('a')",
    );
    const restored = await restore(DEMO, database);
    expect(restored.failures.map(({ place, sqlState }) => [place, sqlState])).toContainEqual([
      "rows of public.page",
      "42703",
    ]);
    expect(restored.failures[0]).toMatchObject({
      place: expect.stringMatching(/^line \d+$/),
      sqlState: "42710",
    });
    expect(Object.keys(await contentOf(database.url))).toContain("public.customer");
    expect(restoreFailed("x", restored.failures).message).toMatch(
      /^x: restoring line \d+ failed: .*; \d+ more statements failed$/,
    );
  });
});

describe("roleOf", () => {
  const cases: readonly (readonly [string, ReturnType<typeof roleOf>])[] = [
    ["CREATE TABLE t (a int)", "before rows"],
    ["ALTER TABLE ONLY t REPLICA IDENTITY FULL", "before rows"],
    ["ALTER TABLE ONLY p ATTACH PARTITION q DEFAULT", "before rows"],
    ["ALTER TABLE ONLY t ALTER COLUMN a SET DEFAULT 1", "before rows"],
    ["COMMENT ON TABLE t IS 'x'", "before rows"],
    ["ALTER TABLE ONLY t ADD CONSTRAINT k PRIMARY KEY (a)", "after rows"],
    ["CREATE INDEX i ON t (a)", "after rows"],
    ["CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f()", "after rows"],
    ["REFRESH MATERIALIZED VIEW v", "after rows"],
    ["ALTER TABLE t OWNER TO x", "left out"],
    ["ALTER FUNCTION f() OWNER TO x", "left out"],
    ["GRANT ALL ON t TO x", "left out"],
    ["CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p", "left out"],
    ["CREATE DATABASE d", "left out"],
    ["COMMENT ON DATABASE d IS 'x'", "left out"],
    ["CREATE SCHEMA public", "left out"],
    ["DROP TABLE t", "left out"],
  ];
  test.each(cases)("%s: %s", async (sql, role) => {
    await loadParser();
    expect(roleOf(parseStatements(sql))).toBe(role);
  });
});
