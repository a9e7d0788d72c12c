import { describe, expect, test } from "vitest";
import { ExpectedError } from "../../src/errors.ts";
import { openDatabase } from "../../src/sources/database.ts";
import type { DatabaseSource, LinesRequest } from "../../src/sources/source.ts";
import {
  createDatabase,
  execute,
  hasServer,
  type TestDatabase,
  urlOf,
} from "../support/postgres.ts";

function open(url: string, signal?: AbortSignal): Promise<DatabaseSource> {
  return openDatabase(url, { env: {}, several: true, ...(signal ? { signal } : {}) });
}

function table(name: string, ...columns: string[]): LinesRequest {
  const self = { schema: "public", name };
  return { table: self, parts: [self], columns };
}

function named(...names: string[]) {
  return names.map((name) => ({ schema: "public", name }));
}

async function read(source: DatabaseSource, request: LinesRequest): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of source.lines(request)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ExpectedError) return error.failure.code;
    throw error;
  }
  return "none";
}

async function connections({ url }: TestDatabase): Promise<number> {
  const [[count] = []] = await execute(
    url,
    `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rowpatch'`,
  );
  return Number(count);
}

/** Resolves when a session waits for a lock on a table. */
async function waiting({ url }: TestDatabase): Promise<void> {
  for (;;) {
    const [[found] = []] = await execute(
      url,
      `SELECT count(*) FROM pg_locks WHERE NOT granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    if (found !== "0") return;
  }
}

describe.skipIf(!hasServer)("several connections to one database", () => {
  test("see the same snapshot", async () => {
    await using database = await createDatabase(
      "CREATE TABLE a (id int); INSERT INTO a VALUES (1); CREATE TABLE b (id int); INSERT INTO b VALUES (1)",
    );
    await using source = await open(database.url);
    await execute(database.url, "INSERT INTO a VALUES (2); INSERT INTO b VALUES (2)");
    const { connections: count } = await source.prepare({
      tables: named("a", "b"),
      connections: 2,
    });
    expect(count).toBe(2);
    const one = source.lines(table("a", "id"))[Symbol.asyncIterator]();
    expect(String((await one.next()).value)).toBe("1\n");
    // The first connection is in the midst of a table: this is another one.
    expect(await read(source, table("b", "id"))).toBe("1\n");
    expect((await one.next()).done).toBe(true);
    await source.settle();
    expect(await connections(database)).toBe(1);
  });

  test("are fewer where the role may not have as many", async () => {
    await using database = await createDatabase(
      "CREATE TABLE a (id int); INSERT INTO a VALUES (1)",
    );
    const role = `limited_${database.name}`;
    await execute(
      database.url,
      `CREATE ROLE ${role} LOGIN PASSWORD 'limited' CONNECTION LIMIT 1; GRANT SELECT ON a TO ${role}`,
    );
    try {
      await using source = await open(urlOf(database.name, role, "limited"));
      const prepared = await source.prepare({ tables: named("a"), connections: 4 });
      expect(prepared.connections).toBe(1);
      expect(await read(source, table("a", "id"))).toBe("1\n");
    } finally {
      await execute(database.url, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });

  test("are all closed when the source is, also in the midst of reading", async () => {
    await using database = await createDatabase(
      "CREATE TABLE a AS SELECT generate_series(1, 500000) AS id; CREATE TABLE b AS SELECT * FROM a",
    );
    const source = await open(database.url);
    await source.prepare({ tables: named("a", "b"), connections: 2 });
    const readers = [table("a", "id"), table("b", "id")].map((request) =>
      source.lines(request)[Symbol.asyncIterator](),
    );
    for (const reader of readers) expect((await reader.next()).done).toBe(false);
    await source[Symbol.asyncDispose]();
    await expect.poll(() => connections(database)).toBe(0);
  });

  test("are all cancelled when the user interrupts", async () => {
    await using database = await createDatabase(
      "CREATE TABLE a AS SELECT generate_series(1, 500000) AS id; CREATE TABLE b AS SELECT * FROM a",
    );
    const controller = new AbortController();
    await using source = await open(database.url, controller.signal);
    await source.prepare({ tables: named("a", "b"), connections: 2 });
    const both = Promise.all(
      [table("a", "id"), table("b", "id")].map(async (request) => {
        for await (const _ of source.lines(request)) controller.abort();
      }),
    );
    expect(await codeOf(both)).toBe("interrupted");
    await expect.poll(() => connections(database)).toBe(0);
  });
});

describe.skipIf(!hasServer)("tables that others change", () => {
  test("truncated before they were locked are a failure, not empty", async () => {
    await using database = await createDatabase(
      "CREATE TABLE a (id int); INSERT INTO a VALUES (1)",
    );
    await using source = await open(database.url);
    await execute(database.url, "TRUNCATE a");
    expect(await codeOf(source.prepare({ tables: named("a"), connections: 1 }))).toBe(
      "table_replaced",
    );
  });

  test.each([
    ["rewritten", "ALTER TABLE a ALTER id TYPE bigint"],
    [
      "replaced by another",
      "CREATE TABLE n (id int); INSERT INTO n VALUES (2); DROP TABLE a; ALTER TABLE n RENAME TO a",
    ],
  ])("%s before they were locked are a failure", async (_, sql) => {
    await using database = await createDatabase(
      "CREATE TABLE a (id int); INSERT INTO a VALUES (1)",
    );
    await using source = await open(database.url);
    await execute(database.url, sql);
    expect(await codeOf(source.prepare({ tables: named("a"), connections: 1 }))).toBe(
      "table_replaced",
    );
  });

  test("are not truncated before they were read", async () => {
    await using database = await createDatabase(
      "CREATE TABLE a (id int); INSERT INTO a VALUES (1)",
    );
    const source = await open(database.url);
    await source.prepare({ tables: named("a"), connections: 1 });
    const truncated = execute(database.url, "TRUNCATE a");
    await waiting(database);
    expect(await read(source, table("a", "id"))).toBe("1\n");
    await source[Symbol.asyncDispose]();
    await truncated;
    expect(await execute(database.url, "SELECT * FROM a")).toEqual([]);
  });

  test("keep their locks after a statement that failed", async () => {
    await using database = await createDatabase(
      "CREATE TABLE a (id int); INSERT INTO a VALUES (1)",
    );
    await using source = await open(database.url);
    await source.prepare({ tables: named("a"), connections: 1 });
    expect(await codeOf(source.query("SELECT 1 / 0"))).toBe("query");
    const refused = execute(database.url, "SET lock_timeout = 1; TRUNCATE a");
    await expect(refused).rejects.toThrow("lock timeout");
  });

  test("are read by the first connection where another one would queue behind who waits", async () => {
    await using database = await createDatabase(
      "CREATE TABLE a AS SELECT generate_series(1, 500000) AS id; CREATE TABLE b (id int); INSERT INTO b VALUES (1)",
    );
    const source = await open(database.url);
    await source.prepare({ tables: named("a", "b"), connections: 2 });
    const first = source.lines(table("a", "id"))[Symbol.asyncIterator]();
    await first.next();
    const truncated = execute(database.url, "TRUNCATE b");
    await waiting(database);
    const second = read(source, table("b", "id"));
    for (let part = await first.next(); !part.done; ) part = await first.next();
    expect(await second).toBe("1\n");
    await source[Symbol.asyncDispose]();
    await truncated;
  });

  test("are checked after reading where the role may not lock them", async () => {
    await using database = await createDatabase(
      "CREATE TABLE a (id int); INSERT INTO a VALUES (1)",
    );
    const role = `column_${database.name}`;
    await execute(
      database.url,
      `CREATE ROLE ${role} LOGIN PASSWORD 'column'; GRANT SELECT (id) ON a TO ${role}`,
    );
    const source = await open(urlOf(database.name, role, "column"));
    try {
      await source.prepare({ tables: named("a"), connections: 1 });
      await execute(database.url, "TRUNCATE a");
      expect(await read(source, table("a", "id"))).toBe("");
      expect(await codeOf(source.settle())).toBe("table_replaced");
    } finally {
      await source[Symbol.asyncDispose]();
      await execute(database.url, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });
});

/** Beyond the size from which several connections share a table; rows of some pages are gone, some moved to the end. */
const LARGE = `CREATE TABLE a (id int, filler text) WITH (fillfactor = 10);
  INSERT INTO a SELECT n, repeat('x', 600) FROM generate_series(1, 12000) n;
  UPDATE a SET filler = 'moved' WHERE id % 1000 = 0; DELETE FROM a WHERE id BETWEEN 3000 AND 5000`;

describe.skipIf(!hasServer)("a large table", () => {
  test.each([2, 3, 5])("comes in the same order over %i connections", async (count) => {
    await using database = await createDatabase(LARGE);
    await using source = await open(database.url);
    const request = table("a", "filler", "id");
    const expected = await read(source, request);
    expect(expected.split("\n")).toHaveLength(10_000);
    await execute(database.url, "INSERT INTO a SELECT n, 'later' FROM generate_series(1, 1000) n");
    const { bytes } = await source.prepare({ tables: named("a"), connections: count });
    expect([...bytes.values()][0]).toBeGreaterThan(64 * 1024 * 1024);
    expect((await read(source, request)) === expected).toBe(true);
    expect((await read(source, request)) === expected).toBe(true);
  });

  test("may be left early", async () => {
    await using database = await createDatabase(LARGE);
    await using source = await open(database.url);
    await source.prepare({ tables: named("a"), connections: 3 });
    let chunks = 0;
    for await (const chunk of source.lines(table("a", "id", "filler"))) {
      chunks += chunk.length > 0 ? 1 : 0;
      if (chunks === 20) break;
    }
    expect(await source.query("SELECT 1")).toEqual([["1"]]);
    expect((await read(source, table("a", "id"))).split("\n")).toHaveLength(10_000);
  });
});
