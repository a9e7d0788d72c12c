import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { openDatabase } from "../../src/sources/database.ts";
import type { DatabaseSource, LinesRequest } from "../../src/sources/source.ts";
import {
  createDatabase,
  execute,
  hasServer,
  psql,
  type TestDatabase,
} from "../support/postgres.ts";

function open(url: string, signal?: AbortSignal): Promise<DatabaseSource> {
  return openDatabase(url, { env: {}, ...(signal === undefined ? {} : { signal }) });
}

function table(name: string, ...columns: string[]): LinesRequest {
  const self = { schema: "public", name };
  return { table: self, parts: [self], columns };
}

async function read(source: DatabaseSource, request: LinesRequest): Promise<string> {
  let text = "";
  for await (const chunk of source.lines(request)) text += chunk.toString("latin1");
  return Buffer.from(text, "latin1").toString();
}

/** A database, and a source that is open on it. */
async function opened(sql: string) {
  const stack = new AsyncDisposableStackLike();
  const database = stack.use(await createDatabase(sql));
  const source = stack.use(await open(database.url));
  return { database, source, [Symbol.asyncDispose]: () => stack.dispose() };
}

/** Node 20 has no AsyncDisposableStack. */
class AsyncDisposableStackLike {
  readonly #all: AsyncDisposable[] = [];
  use<T extends AsyncDisposable>(resource: T): T {
    this.#all.push(resource);
    return resource;
  }
  async dispose(): Promise<void> {
    for (const resource of this.#all.reverse()) await resource[Symbol.asyncDispose]();
  }
}

/** What the server does for other connections to this database. */
async function activity({ url }: TestDatabase): Promise<(string | null)[][]> {
  return execute(
    url,
    `SELECT application_name, state FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`,
  );
}

describe.skipIf(!hasServer)("lines of a live database", () => {
  test.each<[string, string, LinesRequest, string]>([
    [
      "hold the fields asked for, in that order",
      "CREATE TABLE t (a int, b text, c int); INSERT INTO t VALUES (1, 'x', 2)",
      table("t", "c", "a"),
      "2\t1\n",
    ],
    [
      "tell NULL from the empty string and from \\N",
      "CREATE TABLE t (a text); INSERT INTO t VALUES (NULL), (''), ('\\N')",
      table("t", "a"),
      "\\N\n\n\\\\N\n",
    ],
    [
      "escape what would end a field or a line",
      "CREATE TABLE t (a text); INSERT INTO t VALUES (E'a\\tb\\nc\\rd\\\\e\\x01')",
      table("t", "a"),
      "a\\tb\\nc\\rd\\\\e\x01\n",
    ],
    ["are none for an empty table", "CREATE TABLE t (a int)", table("t", "a"), ""],
    [
      "are empty for a table without columns",
      "CREATE TABLE t (); INSERT INTO t DEFAULT VALUES; INSERT INTO t DEFAULT VALUES",
      table("t"),
      "\n\n",
    ],
    [
      "are UTF-8",
      "CREATE TABLE t (a text); INSERT INTO t VALUES ('äöü 😀 日本')",
      table("t", "a"),
      "äöü 😀 日本\n",
    ],
    [
      "leave out the rows of tables that inherit",
      "CREATE TABLE t (a int); CREATE TABLE child () INHERITS (t); INSERT INTO t VALUES (1); INSERT INTO child VALUES (2)",
      table("t", "a"),
      "1\n",
    ],
    [
      "leave them out under a condition too",
      "CREATE TABLE t (a int); CREATE TABLE child () INHERITS (t); INSERT INTO t VALUES (1), (3); INSERT INTO child VALUES (2)",
      { ...table("t", "a"), where: "a < 3 -- not three" },
      "1\n",
    ],
    [
      "come from every partition, and the root holds none",
      `CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF t FOR VALUES IN (1);
       CREATE TABLE p2 PARTITION OF t FOR VALUES IN (2) PARTITION BY LIST (a);
       CREATE TABLE p3 PARTITION OF p2 DEFAULT; INSERT INTO t VALUES (2), (1)`,
      {
        ...table("t", "a"),
        parts: ["t", "p1", "p2", "p3"].map((name) => ({ schema: "public", name })),
      },
      "1\n2\n",
    ],
    [
      "come from a table with any name",
      `CREATE SCHEMA "S.""x"; CREATE TABLE "S.""x"."select ;--
t" ("Ü "" \\" int, "order" int); INSERT INTO "S.""x"."select ;--
t" VALUES (1, 2)`,
      {
        table: { schema: 'S."x', name: "select ;--\nt" },
        parts: [{ schema: 'S."x', name: "select ;--\nt" }],
        columns: ['Ü " \\', "order"],
      },
      "1\t2\n",
    ],
    [
      "may hold generated columns under a condition",
      "CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 2) STORED); INSERT INTO t VALUES (1), (2)",
      { ...table("t", "b"), where: "b > 2" },
      "4\n",
    ],
  ])("%s", async (_, sql, request, expected) => {
    await using context = await opened(sql);
    expect(await read(context.source, request)).toBe(expected);
  });

  test("are what psql copies, in chunks of whole lines that are not small", async () => {
    await using context = await opened(
      `CREATE TABLE t (a int, b text);
       INSERT INTO t SELECT i, repeat(md5(i::text), i % 60) FROM generate_series(1, 20000) i;
       -- Larger than any buffer, and smaller than a frame's header and nothing else.
       INSERT INTO t VALUES (0, repeat('x', 9000000)), (NULL, NULL), (NULL, '');
       INSERT INTO t SELECT i, repeat('y', 70000) FROM generate_series(1, 50) i`,
    );
    const hash = createHash("md5");
    const sizes: number[] = [];
    for await (const chunk of context.source.lines(table("t", "a", "b"))) {
      expect(chunk.at(-1)).toBe(0x0a);
      sizes.push(chunk.length);
      hash.update(chunk);
    }
    const { stdout } = await psql(context.database.url, { sql: "COPY t TO STDOUT;" });
    expect(hash.digest("hex")).toBe(createHash("md5").update(stdout).digest("hex"));
    expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThanOrEqual(65536);
    expect(Math.max(...sizes)).toBeLessThan(9_600_000);
  });

  test("are held back by the server while the consumer is busy", async () => {
    await using context = await opened(
      "CREATE TABLE t (a text); INSERT INTO t SELECT repeat('x', 1000) FROM generate_series(1, 30000)",
    );
    const { database, source } = context;
    let bytes = 0;
    let state = "";
    for await (const chunk of source.lines(table("t", "a"))) {
      bytes += chunk.length;
      for (let tries = 0; tries < 500 && state !== "ClientWrite"; tries += 1) {
        const [row] = await execute(
          database.url,
          "SELECT wait_event FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rowpatch'",
        );
        state = row?.[0] ?? "";
      }
    }
    expect({ state, bytes }).toEqual({ state: "ClientWrite", bytes: 30000 * 1001 });
  });

  test("can be left early: the server stops, and the snapshot stands", async () => {
    await using context = await opened(
      `CREATE TABLE slow AS SELECT i, repeat('x', 100000) AS a FROM generate_series(1, 2000) i;
       CREATE TABLE t AS SELECT 1 AS a`,
    );
    const { database, source } = context;
    await source.query("SELECT 1");
    await execute(database.url, "INSERT INTO t VALUES (2)");
    const started = performance.now();
    // A minute and more if it ran to its end.
    const where = "pg_catalog.pg_sleep(0.04) IS NOT NULL";
    for await (const chunk of source.lines({ ...table("slow", "i", "a"), where })) {
      expect(chunk.length).toBeGreaterThan(65536);
      break;
    }
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(await activity(database)).toEqual([["rowpatch", "idle in transaction"]]);
    expect(await read(source, table("t", "a"))).toBe("1\n");
  });

  test("can be left early when all of them have come already", async () => {
    await using context = await opened("CREATE TABLE t AS SELECT 1 AS a");
    for (let time = 0; time < 20; time += 1) {
      for await (const chunk of context.source.lines(table("t", "a"))) {
        expect(chunk.toString()).toBe("1\n");
        break;
      }
    }
    expect(await read(context.source, table("t", "a"))).toBe("1\n");
  });

  test("keep the bytes of a database without an encoding, and convert those of LATIN1", async () => {
    const sql =
      "CREATE TABLE t (a bytea, b text); INSERT INTO t VALUES ('\\xe4', convert_from('\\xe4', 'LATIN1'))";
    await using latin = await createDatabase({ sql, options: "ENCODING 'LATIN1' LOCALE 'C'" });
    await using source = await open(latin.url);
    expect(source.provenance.encoding).toBe("LATIN1");
    expect(await read(source, table("t", "b"))).toBe("ä\n");

    const bytes =
      "SET client_encoding = SQL_ASCII; CREATE TABLE t (b text); INSERT INTO t VALUES (E'\\xe4\\xff')";
    await using ascii = await createDatabase({
      sql: bytes,
      options: "ENCODING 'SQL_ASCII' LOCALE 'C'",
    });
    await using raw = await open(ascii.url);
    expect(raw.provenance.encoding).toBe("SQL_ASCII");
    const chunks: Buffer[] = [];
    for await (const chunk of raw.lines(table("t", "b"))) chunks.push(Buffer.from(chunk));
    expect(Buffer.concat(chunks)).toEqual(Buffer.from([0xe4, 0xff, 0x0a]));
  });
});

describe.skipIf(!hasServer)("a live source", () => {
  test("says where it came from", async () => {
    await using context = await opened("");
    const { name } = context.database;
    const { provenance, versionNumber } = context.source;
    expect(versionNumber).toBeGreaterThanOrEqual(130000);
    expect(provenance).toMatchObject({ kind: "database", database: name, encoding: "UTF8" });
    expect(provenance.display).toMatch(new RegExp(`^postgres://[^:/@]+@[^@]*/${name}$`));
    expect(provenance.serverVersion).toMatch(/^\d+/);
    expect(provenance.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(provenance.systemIdentifier).toMatch(/^\d+$/);
  });

  test("sees what was there when it was opened, and nothing later", async () => {
    await using context = await opened("CREATE TABLE t AS SELECT 1 AS a");
    await execute(context.database.url, "UPDATE t SET a = 2; INSERT INTO t VALUES (3)");
    expect(await read(context.source, table("t", "a"))).toBe("1\n");
    expect(await context.source.query("SELECT a FROM public.t")).toEqual([["1"]]);
  });

  test("answers in PostgreSQL's text, also what JavaScript has types for", async () => {
    await using context = await opened("");
    const [row] = await context.source.query(
      `SELECT 9007199254740993, 1.10::numeric, true, NULL, '{"a":1}'::json, ARRAY[1,2], 0.1::float4, '\\x00ff'::bytea,
        '2024-02-29 23:59:59.123456+05:45'::timestamptz, $1::text, $2::text`,
      ["a'b", null],
    );
    expect(row).toEqual([
      "9007199254740993",
      "1.10",
      "t",
      null,
      '{"a":1}',
      "{1,2}",
      "0.1",
      "\\x00ff",
      "2024-02-29 18:14:59.123456+00",
      "a'b",
      null,
    ]);
  });

  test("answers queries that are asked at once, in their order", async () => {
    await using context = await opened("");
    const numbers = ["1", "2", "3", "4", "5"];
    const rows = await Promise.all(numbers.map((n) => context.source.query("SELECT $1::int", [n])));
    expect(rows).toEqual(numbers.map((n) => [[n]]));
  });

  test("reads the same whatever the settings of role and database", async () => {
    await using database = await createDatabase(`
      CREATE TABLE t (a timestamptz, b date, c interval, d float8, e bytea, f money, g xml, h regclass, i text[]);
      INSERT INTO t VALUES ('2024-12-31 10:00+00', '2024-12-31', '-1 year 2 mons 3 days -04:05', 0.1::float8 + 0.2::float8,
        '\\x00ff5c', 1234.5, '<a/>b', 't', '{NULL,"NULL"}');`);
    await using plain = await open(database.url);
    const columns = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    const expected = await read(plain, table("t", ...columns));
    expect(expected).toBe(
      '2024-12-31 10:00:00+00\t2024-12-31\t-10 mons +3 days -04:05:00\t0.30000000000000004\t\\\\x00ff5c\t$1,234.50\t<a/>b\tpublic.t\t{NULL,"NULL"}\n',
    );
    const hostile = {
      TimeZone: "Asia/Kathmandu",
      DateStyle: "German",
      IntervalStyle: "sql_standard",
      extra_float_digits: "-3",
      bytea_output: "escape",
      xmloption: "document",
      search_path: "public",
      array_nulls: "off",
      standard_conforming_strings: "off",
      escape_string_warning: "off",
      transform_null_equals: "on",
      quote_all_identifiers: "on",
      statement_timeout: "300ms",
      idle_in_transaction_session_timeout: "300ms",
      lock_timeout: "1ms",
      default_transaction_read_only: "off",
      default_transaction_isolation: "serializable",
    };
    const set = Object.entries(hostile).map(
      ([name, value]) => `ALTER DATABASE ${database.name} SET ${name} = '${value}'`,
    );
    await execute(
      database.url,
      `${set.join("; ")}; ALTER DATABASE ${database.name} SET search_path = public`,
    );
    await using source = await open(database.url);
    await source.query("SELECT pg_sleep(0.5)");
    const where = "a <> NULL OR 'a\\b' = E'a\\\\b'";
    expect(await read(source, { ...table("t", ...columns), where })).toBe(expected);
    expect(await source.query("SELECT current_setting('transaction_isolation')")).toEqual([
      ["repeatable read"],
    ]);
  });

  test("cannot be written through", async () => {
    await using context = await opened("CREATE TABLE t (a int)");
    await expect(context.source.query("INSERT INTO public.t VALUES (1)")).rejects.toMatchObject({
      failure: { code: "query", sqlState: "25006" },
    });
    await expect(context.source.query("SELECT 1; COMMIT")).rejects.toMatchObject({
      failure: { code: "query", sqlState: "42601" },
    });
  });

  test("is disposed of once, however often that is asked", async () => {
    await using context = await opened("");
    await context.source[Symbol.asyncDispose]();
    await context.source[Symbol.asyncDispose]();
    await expect(context.source.query("SELECT 1")).rejects.toThrow("closed already");
  });

  test("refuses a query while lines are read instead of waiting for ever", async () => {
    await using context = await opened("CREATE TABLE t AS SELECT generate_series(1, 100000) AS a");
    for await (const _ of context.source.lines(table("t", "a"))) {
      await expect(context.source.query("SELECT 1")).rejects.toThrow("still reading public.t");
      await expect(
        context.source.lines(table("t", "a"))[Symbol.asyncIterator]().next(),
      ).rejects.toThrow("still reading public.t");
      break;
    }
    expect(await context.source.query("SELECT 1")).toEqual([["1"]]);
  });
});

describe.skipIf(!hasServer)("sequences of a live database", () => {
  test("have their last value and whether it was handed out, ordered by name", async () => {
    await using context = await opened(`
      CREATE TABLE t (id serial, n bigint GENERATED BY DEFAULT AS IDENTITY);
      CREATE SCHEMA "B"; CREATE SEQUENCE "B"."s "" x" MINVALUE -9223372036854775808 INCREMENT -1 START -5;
      CREATE SEQUENCE big; SELECT setval('big', 9223372036854775807); SELECT setval('t_id_seq', 7, false);
      SELECT nextval('t_n_seq')`);
    expect(await context.source.sequences()).toEqual([
      { name: { schema: "B", name: 's " x' }, lastValue: "-5", isCalled: false },
      { name: { schema: "public", name: "big" }, lastValue: "9223372036854775807", isCalled: true },
      { name: { schema: "public", name: "t_id_seq" }, lastValue: "7", isCalled: false },
      { name: { schema: "public", name: "t_n_seq" }, lastValue: "1", isCalled: true },
    ]);
  });

  test("may be none, or more than one statement reads", async () => {
    await using none = await opened("");
    expect(await none.source.sequences()).toEqual([]);
    await using many = await opened(
      "DO $$ BEGIN FOR i IN 1..450 LOOP EXECUTE format('CREATE SEQUENCE s%s', i); END LOOP; END $$",
    );
    const sequences = await many.source.sequences();
    expect(new Set(sequences.map(({ name }) => name.name)).size).toBe(450);
  });
});
