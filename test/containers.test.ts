import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openDatabase } from "../src/sources/database.ts";
import { run } from "./cli/run.ts";
import { contentOf, execute, psql } from "./support/postgres.ts";
import { startContainer, whyNoDocker } from "./support/server/docker.ts";
import type { StartedServer } from "./support/server/types.ts";

const missing = await whyNoDocker();
/** Where Docker is promised, as in CI, its absence is a failure. */
const isRequired = process.env["CI_REQUIRE_DOCKER"] === "1";

describe.skipIf(missing !== undefined && !isRequired)("a container of its own", () => {
  let started: StartedServer;
  let failure: string | undefined;
  beforeAll(async () => {
    try {
      started = await startContainer();
    } catch (cause) {
      if (isRequired) throw cause;
      failure = cause instanceof Error ? cause.message : String(cause);
    }
  });
  afterAll(() => started?.stop());
  // Docker may answer and still have no image, as on a machine without a network.
  beforeEach(({ skip }) => {
    if (failure !== undefined) skip(failure);
  });

  const table = { schema: "public", name: "film" };

  async function create(name: string, sql: string): Promise<string> {
    await execute(started.server.url, `CREATE DATABASE ${name}`);
    const url = started.server.url.replace(/postgres$/, name);
    await execute(url, sql);
    return url;
  }

  function psqlInside(url: string, what: { readonly sql?: string; readonly file?: string }) {
    const { container = "" } = started.server;
    return psql(url, { ...what, container });
  }

  test("is read live, as its own psql copies it", async () => {
    const url = await create(
      "live",
      "CREATE TABLE film (id int PRIMARY KEY, title text); INSERT INTO film SELECT i, repeat(E'ü\\\\\t', i % 40) FROM generate_series(1, 20000) i",
    );
    await using source = await openDatabase(url, { env: {} });
    let text = "";
    const request = { table, parts: [table], columns: ["id", "title"] };
    for await (const chunk of source.lines(request)) text += chunk.toString();
    const { stdout, exitCode } = await psqlInside(url, { sql: "COPY film TO STDOUT;" });
    expect(exitCode).toBe(0);
    expect(text === stdout && text.length > 1_000_000).toBe(true);
  });

  test("becomes what local is by its own psql, and what it was again", async () => {
    const sql =
      "CREATE TABLE film (id int PRIMARY KEY, title text, UNIQUE (title)); INSERT INTO film VALUES (1, 'a'), (2, 'b'), (3, E'c\\\\'), (4, NULL)";
    const production = await create("production", sql);
    const local = await create(
      "local",
      `${sql}; DELETE FROM film WHERE id = 1; UPDATE film SET title = 'a' WHERE id = 2; INSERT INTO film VALUES (5, E'e\\n:x')`,
    );
    const before = await contentOf(production);
    const folder = mkdtempSync(join(tmpdir(), "rowpatch-containers-"));
    try {
      const out = join(folder, "out");
      const sides = ["--production", production, "--local", local];
      const ran = await run(["script", ...sides, "--deletes", "apply", "--out", out]);
      expect({ code: ran.code, stderr: ran.stderr }).toMatchObject({ code: 0 });
      const apply = (name: string) => psqlInside(production, { file: join(out, `${name}.sql`) });
      expect(await apply("verify")).toMatchObject({ exitCode: 3 });
      expect(await apply("deploy")).toMatchObject({ exitCode: 0 });
      expect(await contentOf(production)).toEqual(await contentOf(local));
      expect(await apply("verify")).toMatchObject({ exitCode: 0 });
      expect(await apply("revert")).toMatchObject({ exitCode: 0 });
      expect(await contentOf(production)).toEqual(before);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
