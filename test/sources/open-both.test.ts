import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { describe, expect, test } from "vitest";
import { ExpectedError } from "../../src/errors.ts";
import { openBoth } from "../../src/sources/open.ts";
import { createDatabase, execute, hasServer } from "../support/postgres.ts";

const NO_DUMP = "/nonexistent/prod.dump";
/** A program, but no dump. */
const OTHER_FILE = process.execPath;

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ExpectedError) return error.failure.code;
    throw error;
  }
  return "none";
}

async function listen(onConnection: Parameters<typeof createServer>[1]): Promise<[Server, string]> {
  const server = createServer(onConnection).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return [server, `postgres://ann@127.0.0.1:${address.port}/d`];
}

describe("of two sources", () => {
  test("the first one's failure is told, also where the second one fails sooner", async () => {
    const notThere = "postgres://ann@127.0.0.1:1/d";
    expect(await codeOf(openBoth([OTHER_FILE, notThere], { env: {} }))).toBe("not_a_dump");
    expect(await codeOf(openBoth([NO_DUMP, OTHER_FILE], { env: {} }))).toBe("source_missing");
    expect(await codeOf(openBoth([OTHER_FILE, "host=db port=x"], { env: {} }))).toBe("not_a_dump");
  });

  test("a second one that never answers is not waited for when the first one has failed", async () => {
    const [server, silent] = await listen((socket) => socket.on("error", () => undefined));
    const start = performance.now();
    const opening = openBoth([NO_DUMP, `${silent}?connect_timeout=60`], { env: {} });
    expect(await codeOf(opening)).toBe("source_missing");
    expect(performance.now() - start).toBeLessThan(20_000);
    server.close();
    // Nothing stays connected to it.
    await once(server, "close");
  });

  test("an interrupt ends both", async () => {
    const [server, silent] = await listen((socket) => socket.on("error", () => undefined));
    const interrupt = new AbortController();
    const opening = openBoth([silent, silent], { env: {}, signal: interrupt.signal });
    server.once("connection", () => interrupt.abort());
    expect(await codeOf(opening)).toBe("interrupted");
    server.close();
    await once(server, "close");
  });

  test.skipIf(!hasServer)("the first one is closed when the second one fails", async () => {
    await using database = await createDatabase("CREATE TABLE t (id int)");
    const { url } = database;
    expect(await codeOf(openBoth([url, NO_DUMP], { env: {} }))).toBe("source_missing");
    expect(await codeOf(openBoth([NO_DUMP, url], { env: {} }))).toBe("source_missing");
    const [[left] = []] = await execute(
      url,
      `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rowpatch'
       AND backend_xmin IS NOT NULL`,
    );
    expect(left).toBe("0");
    const both = await openBoth([url, url], { env: {} });
    await using first = both[0];
    await using second = both[1];
    expect([first.kind, second.kind]).toEqual(["database", "database"]);
  });
});
