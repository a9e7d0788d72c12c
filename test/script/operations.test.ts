import { readFile } from "node:fs/promises";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ScriptOptions } from "../../src/pipeline.ts";
import { ADVISORY_KEY } from "../../src/script/locks.ts";
import { rowsOf, stateOf } from "../support/content.ts";
import { createDatabase, execute, hasServer, psql } from "../support/postgres.ts";
import { type Files, scriptsOf } from "../support/scripts.ts";
import { driftedCopy, QUESTIONS, type Setting, settingOf } from "../support/setting.ts";

const LEDGER = { schema: 'o"ps', name: "Led'ger.$$" };
const TABLE = `"o""ps"."Led'ger.$$"`;
const DIRECTIONS = ["deploy", "revert"] as const;

let common: Setting;
const made: Files[] = [];

beforeAll(async () => {
  if (hasServer) common = await settingOf(QUESTIONS);
});

afterAll(async () => {
  for (const files of made) await files[Symbol.asyncDispose]();
  await common?.[Symbol.asyncDispose]();
});

async function filesWith(options: Partial<ScriptOptions>, setting = common): Promise<Files> {
  const sides = { production: setting.production.url, local: setting.local.url };
  const files = await scriptsOf(sides, { deletes: "apply" }, options);
  made.push(files);
  return files;
}

describe.skipIf(!hasServer).concurrent("operations", { timeout: 120_000 }, () => {
  test("progress names each step and its rows, unless nothing is done; quiet=1 says the outcome alone", async () => {
    await using copy = await driftedCopy(common, "SELECT 1");
    const loud = await psql(copy.url, { file: common.files.path("deploy") });
    const steps = loud.stdout.match(/^\d+\.\d s {2}step \d+ of (\d+): public\.\w+, \d+ \w+.*$/gm);
    expect(steps).toHaveLength(Number(/step \d+ of (\d+)/.exec(loud.stdout)?.[1]));
    expect(loud.stdout).toMatch(/\n\d+\.\d s {2}checking .*\nCHG-1: 9 rows changed\n$/);
    const again = await psql(copy.url, { file: common.files.path("deploy") });
    expect(again.stdout.match(/^\d+\.\d s {2}step/gm)).toHaveLength(1);
    expect(again.stdout).toMatch(/\nCHG-1: already in place, nothing changed\n$/);
    const dry = { quiet: "1", dry_run: "yes" };
    expect(
      await psql(copy.url, { file: common.files.path("deploy"), variables: dry }),
    ).toMatchObject({
      exitCode: 0,
      stdout: "dry run, all rolled back: already in place, nothing would be changed\n",
    });
    const variables = { quiet: "1" };
    expect(await psql(copy.url, { file: common.files.path("revert"), variables })).toMatchObject({
      exitCode: 0,
      stdout: "revert of CHG-1: 9 rows changed\n",
    });
  });

  test("a second script at the same time is refused, and told who runs the first", async () => {
    await using copy = await driftedCopy(common, "SELECT 1");
    const client = new Client({ connectionString: copy.url, application_name: "rowpatch other" });
    await client.connect();
    try {
      await client.query(`BEGIN; SELECT pg_advisory_xact_lock(${ADVISORY_KEY})`);
      for (const script of DIRECTIONS)
        expect(await psql(copy.url, { file: common.files.path(script) })).toMatchObject({
          exitCode: 3,
          stderr: expect.stringMatching(
            /another script of rowpatch runs in this database: process \d+, user \w+, rowpatch other, .*since 20/,
          ),
        });
      await client.query("ROLLBACK");
      expect(await psql(copy.url, { file: common.files.path("deploy") })).toMatchObject({
        exitCode: 0,
      });
    } finally {
      await client.end();
    }
  });

  test("the session is named after the ticket while the script runs, and has its time limit", async () => {
    const files = await filesWith({ statementTimeout: "90s" });
    const text = await readFile(files.path("deploy"), "utf8");
    expect(text).toContain("('application_name', 'rowpatch CHG-1')");
    expect(text).toContain("('statement_timeout', '90s')");
    await using copy = await driftedCopy(common, "SELECT 1");
    const run = await psql(copy.url, {
      sql: `\\i ${files.path("deploy")}\nSHOW application_name;\n`,
    });
    expect(run).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/\npsql\n$/) });
  });

  test("--lock keeps other writers out of all tables that change", async () => {
    const files = await filesWith({ lockTables: true });
    await using copy = await driftedCopy(common, "SELECT 1");
    const client = new Client({ connectionString: copy.url });
    await client.connect();
    try {
      await client.query("BEGIN; UPDATE note SET text = 'x'; DELETE FROM choice WHERE false");
      const run = await psql(copy.url, { file: files.path("deploy") });
      expect(run).toMatchObject({
        exitCode: 3,
        stderr: expect.stringMatching(
          /another session holds a lock on "public"\."choice" for longer than 5s: process \d+, user \w+, .*since 20.*\n.*Nothing was changed/,
        ),
      });
      await client.query("ROLLBACK");
    } finally {
      await client.end();
    }
    expect(await psql(copy.url, { file: files.path("deploy") })).toMatchObject({ exitCode: 0 });
  });
});

describe.skipIf(!hasServer).concurrent("the ledger", { timeout: 120_000 }, () => {
  const entries = (url: string) =>
    execute(
      url,
      `SELECT direction, ticket, inserts, updates, deletes, outcome, session_role = session_user, length(checksum) FROM ${TABLE} ORDER BY id`,
    );

  test("is made, keeps who did what, and says so at the next run", async () => {
    const files = await filesWith({ ledger: LEDGER });
    await using copy = await driftedCopy(common, "SELECT 1");
    const said = /ledger: deployed at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC by \w+, CHG-1\n/;
    const dry = await psql(copy.url, { file: files.path("deploy"), variables: { dry_run: "1" } });
    expect(dry).toMatchObject({ exitCode: 0 });
    expect(await psql(copy.url, { file: files.path("deploy") })).toMatchObject({
      exitCode: 0,
      stderr: "",
      stdout: expect.not.stringMatching(said),
    });
    expect(await psql(copy.url, { file: files.path("deploy") })).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(
        new RegExp(`${said.source}[\\s\\S]*: already in place, nothing changed\n$`),
      ),
    });
    expect(await psql(copy.url, { file: files.path("revert") })).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(said),
    });
    expect(await psql(copy.url, { file: files.path("deploy") })).toMatchObject({ exitCode: 0 });
    expect((await entries(copy.url)).map((row) => row.map(String).join(" "))).toEqual([
      "deploy CHG-1 4 2 3 9 rows changed t 64",
      "revert CHG-1 3 2 4 9 rows changed t 64",
      "deploy CHG-1 4 2 3 9 rows changed t 64",
    ]);
    const sums = await execute(copy.url, `SELECT count(DISTINCT checksum)::int FROM ${TABLE}`);
    expect(sums).toEqual([["1"]]);
  });

  test("refuses to deploy again what someone has taken back by hand", async () => {
    const files = await filesWith({ ledger: LEDGER });
    await using copy = await driftedCopy(common, "SELECT 1");
    await psql(copy.url, { file: files.path("deploy") });
    // The same way back, unseen by the ledger.
    await psql(copy.url, { file: common.files.path("revert") });
    const before = await stateOf(copy.url);
    expect(await psql(copy.url, { file: files.path("deploy") })).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(
        /the ledger says: deployed at .* by \w+, CHG-1; yet the changes were not in place/,
      ),
    });
    expect(await stateOf(copy.url)).toEqual(before);
    const variables = { ledger: "accept" };
    expect(await psql(copy.url, { file: files.path("deploy"), variables })).toMatchObject({
      exitCode: 0,
    });
  });

  test("of another shape is refused", async () => {
    const files = await filesWith({ ledger: LEDGER });
    await using copy = await driftedCopy(
      common,
      `CREATE SCHEMA "o""ps"; CREATE TABLE ${TABLE} (id bigint, ticket text)`,
    );
    const before = await stateOf(copy.url);
    expect(await psql(copy.url, { file: files.path("deploy") })).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/is no ledger of rowpatch, it has no: done_at timestamp/),
    });
    expect(await stateOf(copy.url)).toEqual(before);
  });

  test("is not compared, unless it is named", async () => {
    const sql = `CREATE TABLE t (id int PRIMARY KEY); CREATE SCHEMA ops; CREATE TABLE ops.ledger (id int PRIMARY KEY); CREATE SCHEMA old; CREATE TABLE old.rows (id int PRIMARY KEY);`;
    await using production = await createDatabase({ sql });
    await using local = await createDatabase({
      template: production.name,
      sql: "INSERT INTO ops.ledger VALUES (1); INSERT INTO old.rows VALUES (1)",
    });
    const sides = { production: production.url, local: local.url };
    const options = { ledger: { schema: "ops", name: "ledger" }, backupSchema: "old" };
    await using without = await scriptsOf(sides, options);
    expect(without.found.changes).toEqual({});
    await using named = await scriptsOf(sides, { ...options, include: ["ops.ledger"] });
    expect(named.found.changes).toEqual({ "ops.ledger": { insert: 1 } });
  });
});

describe.skipIf(!hasServer).concurrent("the backup", { timeout: 120_000 }, () => {
  const SCHEMA = 'bac"kup';
  const HARD = {
    production: `
CREATE TABLE part (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text, twice text GENERATED ALWAYS AS (v || v) STORED);
INSERT INTO part (v) VALUES ('a'), ('b'), ('c');
CREATE TABLE "a_table_with_a_name_as_long_as_names_may_be_in_postgresql_öäü" (id int, k int, v text UNIQUE, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE p1 PARTITION OF "a_table_with_a_name_as_long_as_names_may_be_in_postgresql_öäü" FOR VALUES IN (1);
CREATE TABLE p2 PARTITION OF "a_table_with_a_name_as_long_as_names_may_be_in_postgresql_öäü" FOR VALUES IN (2);
INSERT INTO "a_table_with_a_name_as_long_as_names_may_be_in_postgresql_öäü" VALUES (1, 1, 'one'), (2, 2, 'two'), (3, 2, 'three');
CREATE TABLE swap (id int PRIMARY KEY, u text UNIQUE); INSERT INTO swap VALUES (1, 'x'), (2, 'y');`.replaceAll(
      "v text UNIQUE",
      "v text",
    ),
    edits: `UPDATE part SET v = 'z' WHERE id = 1; DELETE FROM part WHERE id = 2; INSERT INTO part (v) VALUES ('new');
UPDATE "a_table_with_a_name_as_long_as_names_may_be_in_postgresql_öäü" SET v = 'ONE' WHERE id = 1;
DELETE FROM "a_table_with_a_name_as_long_as_names_may_be_in_postgresql_öäü" WHERE id = 3;
UPDATE swap SET u = NULL; UPDATE swap SET u = 'y' WHERE id = 1; UPDATE swap SET u = 'x' WHERE id = 2;`,
  };

  const kept = async (url: string) => {
    const rows = await rowsOf(url);
    return Object.entries(rows)
      .filter(([name]) => name.startsWith('"bac""kup"'))
      .map(([name, lines]) => [name.slice(11).replaceAll(/[0-9a-f]{8}"?$/g, "#"), ...lines]);
  };

  test.for([
    ["row by row", 1000],
    ["set-based", 0],
  ] as const)("holds the rows as they were, %s", async ([, bulkThreshold]) => {
    await using setting = await settingOf(HARD, {}, { bulkThreshold, backupSchema: SCHEMA });
    const { url } = setting.production;
    const run = await psql(url, { file: setting.files.path("deploy") });
    expect(run).toMatchObject({
      exitCode: 0,
      stderr: "",
      stdout: expect.stringMatching(/: 7 rows changed\n$/),
    });
    expect((await kept(url)).sort()).toEqual([
      ['"a_table_with_a_name_as_long_as_names_may_be_in_p_CHG-1_#', "(1,1,one)", "(3,2,three)"],
      ['"part_CHG-1_#', "(1,aa,a)", "(2,bb,b)"],
      ['"swap_CHG-1_#', "(1,x)", "(2,y)"],
    ]);
    const after = await stateOf(url);
    const again = await psql(url, { file: setting.files.path("deploy") });
    expect(again).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/: already in place, nothing changed\n$/),
    });
    expect(await stateOf(url)).toEqual(after);
    expect(await psql(url, { file: setting.files.path("revert") })).toMatchObject({ exitCode: 0 });
    expect(await kept(url)).toHaveLength(6);
    const reverted = await stateOf(url);
    const third = await psql(url, { file: setting.files.path("deploy") });
    expect(third).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/a backup is there already: "bac""kup"\."a_table[\s\S]*RENAME/),
    });
    expect(await stateOf(url)).toEqual(reverted);
  });

  test("is not made where nothing is done", async () => {
    const files = await filesWith({ backupSchema: SCHEMA });
    await using copy = await driftedCopy(common, "SELECT 1");
    await psql(copy.url, { file: common.files.path("deploy") });
    const before = await stateOf(copy.url);
    expect(await psql(copy.url, { file: files.path("deploy") })).toMatchObject({ exitCode: 0 });
    expect(await stateOf(copy.url)).toEqual(before);
    expect(await execute(copy.url, "SELECT 1 FROM pg_namespace WHERE nspname LIKE 'bac%'")).toEqual(
      [],
    );
  });
});

describe.skipIf(!hasServer).concurrent("preflight", { timeout: 120_000 }, () => {
  test("lists rows by table and key, and counts obstacles for themselves", async () => {
    await using copy = await driftedCopy(
      common,
      "UPDATE choice SET votes = 99; UPDATE question SET text = 'x'; INSERT INTO question VALUES (77, 'ninth', 'x', NULL, NULL)",
    );
    const { stdout, stderr } = await psql(copy.url, { file: common.files.path("preflight") });
    expect(
      [...stdout.matchAll(/^ public\.(\w+) +\| (id=\d+)/gm)].map(([, ...row]) => row.join(" ")),
    ).toEqual([
      "choice id=1",
      "choice id=3",
      "choice id=4",
      "question id=1",
      "question id=2",
      "question id=9",
    ]);
    expect(stdout).toMatch(/pending .* obstacles *\n[-+]+\n 4 +\| 0 +\| 5 +\| 1\n/);
    expect(stderr).toContain("5 changes have drifted, 1 obstacle by other rows: the deploy script");
  });
});
