import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rowsOf, stateOf } from "./support/content.ts";
import { execute, type Finished, hasServer, type TestDatabase } from "./support/postgres.ts";
import { run } from "./support/programs.ts";
import { driftedCopy, QUESTIONS, type Setting, settingOf } from "./support/setting.ts";

/** Settings of a role or database that change what statements mean or how values print. */
const HOSTILE = [
  "standard_conforming_strings = off",
  "backslash_quote = on",
  "escape_string_warning = on",
  "DateStyle = 'German'",
  "IntervalStyle = 'sql_standard'",
  "TimeZone = 'Asia/Kathmandu'",
  "search_path = evil, public",
  "statement_timeout = '500ms'",
  "extra_float_digits = -15",
  "bytea_output = escape",
  "xmloption = document",
  "array_nulls = off",
  "transform_null_equals = on",
  "quote_all_identifiers = on",
  "row_security = off",
  "default_transaction_read_only = on",
  "default_transaction_isolation = serializable",
  "client_min_messages = debug1",
  "lc_monetary = 'C'",
  "check_function_bodies = off",
  "enable_seqscan = off",
  "enable_indexscan = off",
];

/** Functions and operators that shadow those of pg_catalog where the search path lets them. */
const EVIL = `
CREATE SCHEMA evil;
CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT '2000-01-01'::timestamptz $$;
CREATE FUNCTION evil.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS $$ SELECT 'evil'::text $$;
CREATE FUNCTION evil.current_setting(text) RETURNS text LANGUAGE sql AS $$ SELECT '0'::text $$;
CREATE FUNCTION evil.concat(text, text) RETURNS text LANGUAGE sql AS $$ SELECT 'evil'::text $$;
CREATE FUNCTION evil.to_regclass(text) RETURNS regclass LANGUAGE sql AS $$ SELECT NULL::regclass $$;
CREATE FUNCTION evil.never(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT false $$;
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.never);
CREATE TYPE evil.integer AS ENUM ('evil');
CREATE DOMAIN evil.text AS pg_catalog.text CHECK (VALUE IS NULL);
CREATE TABLE evil.question (id int);
CREATE VIEW evil.pg_class AS SELECT * FROM pg_catalog.pg_class WHERE false;`;

const PSQLRC = `\\set ON_ERROR_ROLLBACK on
\\set ON_ERROR_STOP off
\\set AUTOCOMMIT off
\\set SINGLELINE on
\\set ECHO all
\\set VERBOSITY verbose
\\set QUIET off
\\set FETCH_COUNT 1
\\set HIDE_TABLEAM on
\\set rowpatch_outcome evil
\\set id 7
\\pset format html
\\pset null '(null)'
\\pset fieldsep '!'
\\pset border 0
\\timing on
\\encoding LATIN1
`;

let common: Setting;

beforeAll(async () => {
  if (hasServer) common = await settingOf(QUESTIONS);
});

afterAll(async () => {
  await common?.[Symbol.asyncDispose]();
});

/** psql as a user starts it: with its start-up file, and only these arguments. */
function bareRun(
  url: string,
  file: string,
  options: {
    readonly args?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<Finished> {
  return run({ program: "psql", url, file, args: options.args ?? [], env: options.env ?? {} });
}

function hasOwnPsql(): boolean {
  return spawnSync("psql", ["--version"]).status === 0;
}

/** The way to local and back with any psql; the states are what they are elsewhere. */
async function goAndReturn(
  copy: TestDatabase,
  runFile: (file: string) => Promise<Finished>,
): Promise<void> {
  const original = await rowsOf(copy.url);
  const said = {
    preflight: /: ready to deploy/,
    deploy: /: 9 rows changed/,
    verify: /: verified, every change is in place/,
    revert: /: 9 rows changed/,
  } as const;
  for (const script of ["preflight", "deploy", "verify", "revert"] as const) {
    const { exitCode, stdout, stderr } = await runFile(common.files.path(script));
    expect({ exitCode, stdout }, `${script}: ${stderr}`).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(said[script]),
    });
    if (script === "deploy")
      expect(await rowsOf(copy.url, ["evil.question"])).toEqual(await rowsOf(common.local.url));
  }
  expect(await rowsOf(copy.url)).toEqual(original);
}

/** Deploy refuses a row that has changed, and leaves everything as it is. */
async function refuses(
  copy: TestDatabase,
  runFile: (file: string) => Promise<Finished>,
): Promise<void> {
  const before = await stateOf(copy.url);
  expect(await runFile(common.files.path("deploy"))).toMatchObject({
    exitCode: 3,
    stderr: expect.stringContaining("public.question id=1"),
  });
  expect(await stateOf(copy.url)).toEqual(before);
}

/** Waits until a statement has waited for another session's lock for so long. */
async function untilWaitsFor(url: string, interval: string): Promise<void> {
  const waiting = `SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0
      AND clock_timestamp() - query_start > '${interval}'`;
  while ((await execute(url, waiting)).length === 0);
}

const psqlrc = join(mkdtempSync(join(tmpdir(), "rowpatch-psqlrc-")), "psqlrc");
writeFileSync(psqlrc, PSQLRC);
afterAll(() => rm(dirname(psqlrc), { recursive: true }));

describe
  .skipIf(!hasServer)
  .concurrent("the same outcome whatever surrounds the script", { timeout: 180_000 }, () => {
    const surroundings: readonly {
      readonly name: string;
      readonly prepare?: (copy: TestDatabase) => Promise<unknown>;
      readonly args?: readonly string[];
      readonly env?: Readonly<Record<string, string>>;
      readonly skip?: boolean;
    }[] = [
      {
        name: "settings of the role",
        prepare: (copy) =>
          execute(
            copy.url,
            HOSTILE.map(
              (setting) => `ALTER ROLE CURRENT_USER IN DATABASE "${copy.name}" SET ${setting};`,
            ).join("\n"),
          ),
      },
      {
        name: "functions, operators and types in front of those of pg_catalog",
        prepare: (copy) =>
          execute(
            copy.url,
            `${EVIL} ALTER DATABASE "${copy.name}" SET search_path = evil, pg_catalog, public`,
          ),
      },
      { name: "a psqlrc", env: { PSQLRC: psqlrc }, skip: !hasOwnPsql() },
      { name: "another client encoding", env: { PGCLIENTENCODING: "LATIN1" } },
      { name: "no ON_ERROR_STOP" },
      {
        name: "switches of psql",
        args: [
          "-X",
          "-S",
          "-a",
          "-e",
          "-x",
          "-z",
          "-H",
          "-v",
          "AUTOCOMMIT=off",
          "-v",
          "ON_ERROR_ROLLBACK=on",
          "-v",
          "id=1",
          "-v",
          "rowpatch_outcome=x",
        ],
      },
    ];
    // Half a second: what precedes the script's own setting has to fit into it, on a busy machine too.
    test("a statement_timeout of the role, and a lock that another session keeps for longer", async () => {
      await using copy = await driftedCopy(common, "");
      await execute(copy.url, `ALTER DATABASE "${copy.name}" SET statement_timeout = '500ms'`);
      const other = new Client({ connectionString: copy.url, options: "-c statement_timeout=0" });
      await other.connect();
      try {
        await other.query("BEGIN; SELECT FROM question WHERE id = 1 FOR UPDATE");
        const running = bareRun(copy.url, common.files.path("deploy"));
        await untilWaitsFor(copy.url, "700 ms");
        await other.query("COMMIT");
        expect(await running).toMatchObject({
          exitCode: 0,
          stdout: expect.stringMatching(/: 9 rows changed/),
        });
      } finally {
        await other.end();
      }
    });
    for (const { name, prepare, args, env, skip = false } of surroundings) {
      const options = { ...(args ? { args } : {}), ...(env ? { env } : {}) };
      test.skipIf(skip)(`${name}: all four scripts`, async () => {
        await using copy = await driftedCopy(common, "");
        await prepare?.(copy);
        await goAndReturn(copy, (file) => bareRun(copy.url, file, options));
      });
      test.skipIf(skip)(`${name}: a row that has changed`, async () => {
        await using copy = await driftedCopy(
          common,
          "UPDATE question SET text = 'Other?' WHERE id = 1",
        );
        await prepare?.(copy);
        await refuses(copy, (file) => bareRun(copy.url, file, options));
      });
    }
  });
