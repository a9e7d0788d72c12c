/**
 * Ledgers that are there already, and roles that may do less than everything.
 */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, test } from "vitest";
import { rowsOf } from "../support/content.ts";
import { execute, hasServer, psql, urlOf } from "../support/postgres.ts";
import { type Files, scriptsOf } from "../support/scripts.ts";
import { driftedCopy, QUESTIONS, type Setting, settingOf } from "../support/setting.ts";

const LEDGER = { schema: "ops", name: "ledger" };
const COLUMNS =
  "done_at timestamptz, ticket text, direction text, checksum text, session_role text, effective_role text, inserts bigint, updates bigint, deletes bigint, outcome text, tool text";
const MADE = `CREATE SCHEMA ops; CREATE TABLE ops.ledger (id bigint GENERATED ALWAYS AS IDENTITY, ${COLUMNS});`;

let setting: Setting;
let files: Files;

beforeAll(async () => {
  if (!hasServer) return;
  setting = await settingOf(QUESTIONS);
  const sides = { production: setting.production.url, local: setting.local.url };
  const options = { ledger: LEDGER, backupSchema: "kept", bulkThreshold: 0 };
  files = await scriptsOf(sides, { deletes: "apply" }, options);
});

afterAll(async () => {
  await files?.[Symbol.asyncDispose]();
  await setting?.[Symbol.asyncDispose]();
});

const trigger = (body: string, kind = "TRIGGER x BEFORE INSERT ON ops.ledger") =>
  `${MADE} CREATE FUNCTION ops.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN ${body} END'; CREATE ${kind} FOR EACH ROW EXECUTE FUNCTION ops.f();`;
const DEFERRED = "CONSTRAINT TRIGGER x AFTER INSERT ON ops.ledger DEFERRABLE INITIALLY DEFERRED";
const ELSEWHERE = `UPDATE public.question SET price = 0 WHERE id = 4; RETURN NEW;`;

describe.skipIf(!hasServer).concurrent("a ledger that is there", { timeout: 120_000 }, () => {
  const refused: [string, string, RegExp][] = [
    [
      "with a column that wants a value",
      `${MADE} ALTER TABLE ops.ledger ADD who text NOT NULL`,
      /wants values for: who\n/,
    ],
    [
      "that numbers no rows",
      `CREATE SCHEMA ops; CREATE TABLE ops.ledger (id bigint PRIMARY KEY, ${COLUMNS})`,
      /wants values for: id\n/,
    ],
    ["whose trigger keeps the row away", trigger("RETURN NULL;"), /did not just take one row/],
    ["whose trigger writes elsewhere", trigger(ELSEWHERE), /did not just take one row/],
    [
      "whose deferred trigger writes elsewhere",
      trigger(ELSEWHERE, DEFERRED),
      /did not just take one row/,
    ],
    [
      "whose rule keeps the row away",
      `${MADE} CREATE RULE r AS ON INSERT TO ops.ledger DO INSTEAD NOTHING`,
      /did not just take one row/,
    ],
  ];
  test.for(refused)("%s is refused", async ([, sql, said], { expect }) => {
    await using copy = await driftedCopy(setting, sql);
    const before = await rowsOf(copy.url);
    const run = await psql(copy.url, { file: files.path("deploy") });
    expect(run).toMatchObject({ exitCode: 3, stderr: expect.stringMatching(said) });
    expect(run.stderr).toContain("Nothing was changed");
    expect(await rowsOf(copy.url)).toEqual(before);
  });

  test("is made though an event trigger logs it, where that is named", async ({ expect }) => {
    const log = `CREATE TABLE log (tag text); CREATE FUNCTION log() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.log VALUES (tg_tag); END'; CREATE EVENT TRIGGER log ON ddl_command_end EXECUTE FUNCTION log();`;
    const sql = { production: `${QUESTIONS.production} ${log}`, edits: QUESTIONS.edits };
    const options = { ledger: LEDGER, backupSchema: "kept" };
    const triggerWrites = ["public.log"];
    await using strict = await settingOf(sql, {}, options);
    const before = await rowsOf(strict.production.url);
    const refused = await psql(strict.production.url, { file: strict.files.path("deploy") });
    expect(refused).toMatchObject({ exitCode: 3, stderr: expect.stringContaining("public.log") });
    expect(await rowsOf(strict.production.url)).toEqual(before);
    await using named = await settingOf(sql, {}, { ...options, triggerWrites });
    const run = await psql(named.production.url, { file: named.files.path("deploy") });
    expect(run).toMatchObject({ exitCode: 0, stderr: "" });
  });

  const taken: [string, string][] = [
    ["with a harmless trigger", trigger("RETURN NEW;")],
    ["with a column more that has a default", `${MADE} ALTER TABLE ops.ledger ADD n int DEFAULT 1`],
  ];
  test.for(taken)("%s is written", async ([, sql], { expect }) => {
    await using copy = await driftedCopy(setting, sql);
    const run = await psql(copy.url, { file: files.path("deploy") });
    expect(run).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await execute(copy.url, "SELECT count(*)::int FROM ops.ledger")).toEqual([["1"]]);
  });
});

describe.skipIf(!hasServer).concurrent("a role", { timeout: 120_000 }, () => {
  const TABLES = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO $;";
  const BACKUP = "CREATE SCHEMA kept; GRANT USAGE, CREATE ON SCHEMA kept TO $;";
  const HIDDEN = "ALTER TABLE ops.ledger ENABLE ROW LEVEL SECURITY;";
  const cases: [string, string, RegExp | undefined, RegExp | undefined][] = [
    [
      "with rights on a ledger needs none on its schema but USAGE",
      `${TABLES} ${BACKUP} ${MADE} GRANT USAGE ON SCHEMA ops TO $; GRANT SELECT, INSERT ON ops.ledger TO $`,
      undefined,
      undefined,
    ],
    [
      "without rights on the ledger is told so",
      `${TABLES} ${BACKUP} ${MADE} GRANT USAGE ON SCHEMA ops TO $`,
      /GRANT INSERT ON "ops"\."ledger" TO/,
      /SELECT and INSERT on the ledger ops\.ledger/,
    ],
    [
      "that may not look into the ledger's schema is told so",
      `${TABLES} ${BACKUP} ${MADE} GRANT SELECT, INSERT ON ops.ledger TO $`,
      /GRANT USAGE ON SCHEMA "ops" TO/,
      /USAGE on schema "ops", for the ledger/,
    ],
    [
      "that may not look into the backup's schema is told so",
      `${TABLES} CREATE SCHEMA kept; GRANT CREATE ON SCHEMA kept TO $; CREATE SCHEMA ops; GRANT USAGE, CREATE ON SCHEMA ops TO $`,
      /GRANT USAGE ON SCHEMA "kept" TO/,
      /USAGE on schema "kept", for the backup/,
    ],
    [
      "from which rows of the ledger may be hidden is refused",
      `${TABLES} ${BACKUP} ${MADE} ${HIDDEN} GRANT USAGE ON SCHEMA ops TO $; GRANT SELECT, INSERT ON ops.ledger TO $`,
      /row security may hide rows of the ledger ops\.ledger from the role p_\w+: the deploy script would/,
      /row security may hide rows of the ledger/,
    ],
    [
      "that may not look into a schema of changed tables is told so",
      `${TABLES} CREATE SCHEMA ops; CREATE SCHEMA kept; GRANT USAGE, CREATE ON SCHEMA ops, kept TO $; REVOKE USAGE ON SCHEMA public FROM PUBLIC`,
      /GRANT USAGE ON SCHEMA "public" TO/,
      /lacks: USAGE on schema "public"/,
    ],
  ];
  test("that may not read a table beside the changed ones is told so by preflight", async ({
    expect,
  }) => {
    const role = `p_${randomBytes(6).toString("hex")}`;
    await using copy = await driftedCopy(setting, "SELECT 1");
    await execute(copy.url, `CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
    try {
      await execute(copy.url, `${TABLES} REVOKE ALL ON plain FROM $`.replaceAll("$", role));
      const run = await psql(urlOf(copy.name, role, "secret"), { file: files.path("preflight") });
      expect(run).toMatchObject({
        exitCode: 3,
        stderr: expect.stringMatching(/lacks: SELECT on "public"\."plain"\nHINT: {2}Nothing was/),
      });
    } finally {
      await execute(copy.url, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });

  test.for(cases)("%s", async ([, sql, preflight, deploy], { expect }) => {
    const role = `p_${randomBytes(6).toString("hex")}`;
    await using copy = await driftedCopy(setting, "SELECT 1");
    await execute(copy.url, `CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
    try {
      await execute(copy.url, sql.replaceAll("$", role));
      const before = await rowsOf(copy.url);
      const ask = { file: files.path("preflight"), variables: { role } };
      const { stdout, stderr } = await psql(copy.url, ask);
      if (preflight) expect(stdout + stderr).toMatch(preflight);
      else expect(stdout).toMatch(/: ready to deploy\n$/);
      const as = urlOf(copy.name, role, "secret");
      const run = await psql(as, { file: files.path("deploy") });
      if (!deploy) return expect(run).toMatchObject({ exitCode: 0, stderr: "" });
      expect(run).toMatchObject({ exitCode: 3, stderr: expect.stringMatching(deploy) });
      expect(run.stderr).toContain("Nothing was changed");
      expect(await rowsOf(copy.url)).toEqual(before);
    } finally {
      await execute(copy.url, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });
});
