import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { createDatabase, execute, hasServer, psql } from "../support/postgres.ts";
import { scriptsOf } from "../support/scripts.ts";

const OPTIONS = "ENCODING 'SQL_ASCII' LOCALE 'C'";
const TABLE = `CREATE TABLE t (k text PRIMARY KEY, v text);
  INSERT INTO t SELECT E'\\xff' || g || E'\\xfe', 'v' FROM generate_series(1, 300) AS g`;

const digest = (text: string): string => createHash("sha256").update(text).digest("hex");

describe.skipIf(!hasServer)("keys that are no UTF-8, of a SQL_ASCII database", () => {
  test.each([
    ["row by row", { bulkThreshold: 1_000 }],
    ["by one statement", { bulkThreshold: 10 }],
  ])("go to production and back, %s", async (_name, scripts) => {
    await using production = await createDatabase({ options: OPTIONS, sql: TABLE });
    await using local = await createDatabase({
      options: OPTIONS,
      sql: `${TABLE}; UPDATE t SET v = 'n' WHERE v = 'v' AND length(k) = 5;
        DELETE FROM t WHERE length(k) = 3; INSERT INTO t VALUES (E'\\xfd', 'new')`,
    });
    const rows = (url: string) =>
      execute(url, "SELECT encode(k::bytea, 'hex'), v FROM t ORDER BY k::bytea");
    const before = await rows(production.url);
    await using files = await scriptsOf(
      { production: production.url, local: local.url },
      { deletes: "apply" },
      scripts,
    );
    const run = (script: "deploy" | "verify" | "revert") =>
      psql(production.url, { file: files.path(script) });
    expect(await run("deploy")).toMatchObject({ exitCode: 0 });
    expect(await rows(production.url)).toEqual(await rows(local.url));
    expect(await run("verify")).toMatchObject({ exitCode: 0 });
    expect(await run("revert")).toMatchObject({ exitCode: 0 });
    expect(await rows(production.url)).toEqual(before);
  });

  test("are found by the key's index", async () => {
    await using production = await createDatabase({ options: OPTIONS, sql: TABLE });
    await using local = await createDatabase({
      options: OPTIONS,
      sql: `${TABLE}; UPDATE t SET v = 'n' WHERE k LIKE '%7%'`,
    });
    await using files = await scriptsOf({ production: production.url, local: local.url });
    const update = /^UPDATE .*;$/m.exec(await readFile(files.path("deploy"), "utf8"))?.[0] ?? "";
    expect(update).toContain("convert_from");
    const plan = await execute(
      production.url,
      `SET enable_seqscan = off; SET search_path = pg_catalog; EXPLAIN ${update}`,
    );
    expect(plan.flat().join("\n")).toMatch(/Index Cond: \(k = /);
  });

  test("are in the same order however the rows lie", async () => {
    await using production = await createDatabase({ options: OPTIONS, sql: TABLE });
    const edit = "UPDATE t SET v = 'n'";
    await using local = await createDatabase({ options: OPTIONS, sql: `${TABLE}; ${edit}` });
    await using other = await createDatabase({
      options: OPTIONS,
      sql: `${TABLE}; ${edit}; CREATE TABLE u AS SELECT * FROM t ORDER BY md5(k); TRUNCATE t; INSERT INTO t SELECT * FROM u; DROP TABLE u`,
    });
    const linesOf = async (url: string): Promise<string> => {
      await using files = await scriptsOf({ production: production.url, local: url });
      return digest(files.found.lines.join("\n"));
    };
    expect(await linesOf(other.url)).toBe(await linesOf(local.url));
  });
});
