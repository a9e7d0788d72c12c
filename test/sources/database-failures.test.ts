import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { ExpectedError, type Failure } from "../../src/errors.ts";
import { openDatabase } from "../../src/sources/database.ts";
import type { DatabaseSource, LinesRequest } from "../../src/sources/source.ts";
import { createDatabase, execute, hasServer, testServer, urlOf } from "../support/postgres.ts";

const SECRET = "S3CR3T@:/?#%&='";

/** The failure that this ends with; whatever is printed of it holds no password. */
async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const error: unknown = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof ExpectedError)) throw new Error("no failure", { cause: error });
  for (const text of [inspect(error, { depth: 20, showHidden: true }), JSON.stringify(error)]) {
    expect(text).not.toContain("S3CR3T");
  }
  return error.failure;
}

function open(url: string, env: Readonly<Record<string, string>> = {}): Promise<DatabaseSource> {
  return openDatabase(url, { env: { HOME: "/nonexistent", ...env } });
}

async function drain(source: DatabaseSource, request: LinesRequest): Promise<void> {
  for await (const _ of source.lines(request));
}

function table(name: string, where?: string): LinesRequest {
  const self = { schema: "public", name };
  return { table: self, parts: [self], columns: ["a"], ...(where === undefined ? {} : { where }) };
}

/** A server that is none of PostgreSQL's. */
async function listen(onConnection: Parameters<typeof createServer>[1]): Promise<[Server, string]> {
  const server = createServer(onConnection).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return [server, `postgres://ann:${encodeURIComponent(SECRET)}@127.0.0.1:${address.port}/d`];
}

describe("a database that cannot be reached", () => {
  const password = encodeURIComponent(SECRET);

  test("because nothing listens", async () => {
    const [server, url] = await listen(() => undefined);
    server.close();
    await once(server, "close");
    const failure = await failureOf(open(url));
    expect(failure).toMatchObject({ code: "connection", display: url.replace(`:${password}`, "") });
    expect(failure).toHaveProperty("reason", expect.stringContaining("ECONNREFUSED"));
  });

  test("because there is no such host", async () => {
    const failure = await failureOf(open(`postgres://ann:${password}@rowpatch.invalid/d`));
    expect(failure).toMatchObject({
      code: "connection",
      remedy: expect.stringContaining("host name"),
    });
  });

  test("because there is no such socket", async () => {
    const failure = await failureOf(
      open(`host=/nonexistent password='${SECRET.replace("'", "\\'")}'`),
    );
    expect(failure).toMatchObject({
      code: "connection",
      reason: expect.stringContaining("ENOENT"),
    });
  });

  test("because what listens hangs up", async () => {
    const [server, url] = await listen((socket) => socket.destroy());
    expect(await failureOf(open(url))).toMatchObject({ code: "connection" });
    server.close();
  });

  test("because what listens never answers", async () => {
    const [server, url] = await listen((socket) => socket.on("error", () => undefined));
    const failure = await failureOf(open(`${url}?connect_timeout=1`));
    expect(failure).toMatchObject({ code: "connection", reason: "timeout expired" });
    server.close();
  });

  test("because the server has no TLS and it was asked for", async () => {
    const [server, url] = await listen((socket) => socket.once("data", () => socket.end("N")));
    const failure = await failureOf(open(`${url}?sslmode=require`));
    expect(failure).toMatchObject({
      code: "connection",
      remedy: expect.stringContaining("sslmode"),
    });
    server.close();
  });
});

/** A message of the protocol: its type, length and body. */
function message(type: string, ...body: (Buffer | string | number)[]): Buffer {
  const parts = body.map((part) => {
    if (typeof part !== "number") return Buffer.from(part);
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(part);
    return bytes;
  });
  const length = Buffer.alloc(4);
  length.writeInt32BE(4 + parts.reduce((sum, { length }) => sum + length, 0));
  return Buffer.concat([Buffer.from(type), length, ...parts]);
}

test("a server older than 13 is named with its version", async () => {
  const values = ["12.22", "120022", "UTF8", "d", "2024-01-01T00:00:00.000000Z", "ann", "t"];
  const ready = message("Z", "I");
  const count = Buffer.from([0, values.length]);
  const columns = values.map(() => Buffer.concat([Buffer.from("c\0"), Buffer.alloc(18)]));
  const fields = values.flatMap((value) => [value.length, value]);
  const row = [message("T", count, ...columns), message("D", count, ...fields)];
  const [server, url] = await listen((socket) => {
    socket.once("data", () => {
      socket.write(Buffer.concat([message("R", 0), ready]));
      socket.on("data", (sent: Buffer) => {
        const rows = sent.includes("server_version_num") ? row : [];
        const answer = [message("1"), message("2"), ...rows, message("C", "SELECT\0"), ready];
        socket.write(Buffer.concat(answer));
      });
    });
  });
  expect(await failureOf(open(`${url}?sslmode=disable`))).toEqual({
    code: "server_unsupported",
    display: `postgres://ann@${new URL(url).host}/d`,
    version: "12.22",
  });
  server.close();
});

describe.skipIf(!hasServer)("a server that refuses", () => {
  async function withRole<T>(work: (role: string) => Promise<T>): Promise<T> {
    const role = `r_${Math.trunc(performance.now() * 1000)}_${process.pid}`;
    const literal = `'${SECRET.replaceAll("'", "''")}'`;
    await execute(testServer().url, `CREATE ROLE ${role} LOGIN PASSWORD ${literal}`);
    try {
      return await work(role);
    } finally {
      await execute(testServer().url, `DROP ROLE ${role}`);
    }
  }

  test("a wrong password says so, without the password", async () => {
    await withRole(async (role) => {
      const failure = await failureOf(open(urlOf("postgres", role, `wrong${SECRET}`)));
      expect(failure).toMatchObject({
        code: "connection",
        reason: expect.stringContaining(role),
        remedy: expect.stringContaining("password"),
      });
    });
  });

  test("no password at all names the places for one", async () => {
    await withRole(async (role) => {
      const url = urlOf("postgres", role, "");
      const failure = await failureOf(open(url, { PGPASSFILE: "/nonexistent/passwords" }));
      expect(failure).toMatchObject({
        code: "connection",
        remedy: expect.stringContaining("/nonexistent/passwords"),
      });
      await using source = await open(url, { PGPASSWORD: SECRET });
      expect(await source.query("SELECT current_user")).toEqual([[role]]);
    });
  });

  test("an unknown database is named", async () => {
    const failure = await failureOf(open(urlOf("no such database")));
    expect(failure).toMatchObject({
      code: "connection",
      reason: expect.stringContaining("no such database"),
      remedy: "check the name of the database",
    });
  });

  test("a table without privilege names it and what to grant, and the rest can still be read", async () => {
    await using database = await createDatabase(
      `CREATE TABLE closed (a int); CREATE TABLE t (a int); GRANT SELECT ON t TO PUBLIC;
       CREATE TABLE hidden (a int); ALTER TABLE hidden ENABLE ROW LEVEL SECURITY; GRANT SELECT ON hidden TO PUBLIC;
       CREATE SEQUENCE numbers`,
    );
    await withRole(async (role) => {
      await using source = await open(urlOf(database.name, role, SECRET));
      expect(await failureOf(drain(source, table("closed")))).toMatchObject({
        code: "query",
        doing: "reading public.closed",
        sqlState: "42501",
        reason: "permission denied for table closed",
        hint: expect.stringContaining(`GRANT SELECT ON public.closed TO ${role}`),
      });
      await drain(source, table("t"));
      expect(await failureOf(drain(source, table("hidden")))).toMatchObject({
        sqlState: "42501",
        hint: expect.stringContaining("BYPASSRLS"),
      });
      expect(await failureOf(source.sequences())).toMatchObject({
        doing: "reading sequence public.numbers",
        hint: expect.stringContaining('GRANT SELECT ON SEQUENCE "public"."numbers"'),
      });
      await drain(source, table("t"));
    });
  });

  test.each([
    ["a syntax error", "a = = 1", "42601"],
    ["an unknown column", "b = 1", "42703"],
    ["no boolean", "a", "42804"],
    ["an error in a row", "1 / (a - 1) > 0", "22012"],
    ["another statement", "true) ; COMMIT; SELECT (1", "42601"],
    ["another statement behind COPY", "true)) TO STDOUT; DROP TABLE t; SELECT ((1", "42601"],
    ["a parameter", "a = $1", "08P01"],
    ["an unclosed comment", "true /*", "42601"],
  ])(
    "a condition with %s fails with the server's message, and the snapshot stands",
    async (_, where, sqlState) => {
      await using database = await createDatabase(
        "CREATE TABLE t AS SELECT generate_series(1, 3) AS a",
      );
      await using source = await open(database.url);
      const failure = await failureOf(drain(source, table("t", where)));
      expect(failure).toMatchObject({ code: "query", sqlState });
      expect(failure).toHaveProperty("doing", expect.stringMatching(/^reading public\.t where /));
      expect(await source.query("SELECT count(*) FROM public.t")).toEqual([["3"]]);
    },
  );

  test("a line that breaks is a failure of the connection", async () => {
    await using database = await createDatabase(
      "CREATE TABLE t AS SELECT repeat('x', 1000) AS a FROM generate_series(1, 20000)",
    );
    const kill =
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rowpatch'";
    await using idle = await open(database.url);
    await execute(database.url, kill);
    expect(await failureOf(idle.query("SELECT 1"))).toMatchObject({
      code: expect.stringMatching(/^(connection|query)$/),
    });

    await using busy = await open(database.url);
    const lines = busy.lines(table("t"))[Symbol.asyncIterator]();
    await lines.next();
    await execute(database.url, kill);
    const rest = (async () => {
      while (!(await lines.next()).done);
    })();
    expect(await failureOf(rest)).toMatchObject({
      code: expect.stringMatching(/^(connection|query)$/),
    });
    expect(await failureOf(busy.query("SELECT 1"))).toMatchObject({ code: "connection" });
  });
});

describe.skipIf(!hasServer)("an interruption", () => {
  const running =
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rowpatch'";

  /** The server notices a closed line a moment after it was closed. */
  async function untilGone(url: string): Promise<string | null | undefined> {
    let count: string | null | undefined;
    for (let tries = 0; tries < 500 && count !== "0"; tries += 1)
      count = (await execute(url, running))[0]?.[0];
    return count;
  }

  test("cancels a query on the server", async () => {
    await using database = await createDatabase();
    const controller = new AbortController();
    await using source = await openDatabase(database.url, { env: {}, signal: controller.signal });
    const query = source.query("SELECT pg_sleep(300)");
    controller.abort();
    expect(await failureOf(query)).toEqual({ code: "interrupted" });
    expect(await failureOf(source.query("SELECT 1"))).toEqual({ code: "interrupted" });
    expect(await untilGone(database.url)).toBe("0");
  });

  test("cancels lines on the server", async () => {
    await using database = await createDatabase(
      "CREATE TABLE t AS SELECT repeat('x', 70000) AS a FROM generate_series(1, 5000)",
    );
    const controller = new AbortController();
    await using source = await openDatabase(database.url, { env: {}, signal: controller.signal });
    const read = (async () => {
      for await (const _ of source.lines(table("t", "pg_catalog.pg_sleep(0.1) IS NOT NULL")))
        controller.abort();
    })();
    expect(await failureOf(read)).toEqual({ code: "interrupted" });
    expect(await untilGone(database.url)).toBe("0");
  });

  test("before it is opened opens nothing", async () => {
    const signal = AbortSignal.abort();
    expect(await failureOf(openDatabase(testServer().url, { env: {}, signal }))).toEqual({
      code: "interrupted",
    });
  });

  test("while it connects ends the wait", async () => {
    const [server, url] = await listen((socket) => socket.on("error", () => undefined));
    const controller = new AbortController();
    const opening = openDatabase(url, { env: {}, signal: controller.signal });
    await once(server, "connection");
    controller.abort();
    expect(await failureOf(opening)).toEqual({ code: "interrupted" });
    server.close();
  });
});
