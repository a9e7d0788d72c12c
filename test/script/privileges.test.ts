/**
 * What preflight.sql tells a role that may not do everything.
 */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { execute, hasServer, psql, urlOf } from "../support/postgres.ts";
import { type Files, scriptsOf } from "../support/scripts.ts";
import { driftedCopy, QUESTIONS, type Setting, settingOf } from "../support/setting.ts";

const LEDGER = { schema: 'o"ps', name: "Led'ger.$$" };

let common: Setting;
let files: Files;

beforeAll(async () => {
  if (!hasServer) return;
  common = await settingOf(QUESTIONS);
  const sides = { production: common.production.url, local: common.local.url };
  const options = { bulkThreshold: 0, ledger: LEDGER, backupSchema: "kept" };
  files = await scriptsOf(sides, { deletes: "apply" }, options);
});

afterAll(async () => {
  await files?.[Symbol.asyncDispose]();
  await common?.[Symbol.asyncDispose]();
});

describe.skipIf(!hasServer).concurrent("preflight, of roles", { timeout: 120_000 }, () => {
  test("names the privileges that a role lacks, and the statements that grant them", async () => {
    await using copy = await driftedCopy(common, "SELECT 1");
    const role = `p_${randomBytes(6).toString("hex")}`;
    await execute(
      copy.url,
      `CREATE ROLE ${role}; REVOKE TEMPORARY ON DATABASE "${copy.name}" FROM PUBLIC`,
    );
    try {
      const ask = () => psql(copy.url, { file: files.path("preflight"), variables: { role } });
      const first = await ask();
      expect(first).toMatchObject({
        exitCode: 3,
        stderr: expect.stringMatching(
          new RegExp(
            `the role ${role} lacks privileges: the deploy script would refuse\nHINT: .*-v role=NAME`,
          ),
        ),
      });
      expect(first.stdout).not.toMatch(/table .* key .* change|ready/);
      const grants = first.stdout.match(/GRANT .*;/g) ?? [];
      expect(grants).toContain(`GRANT DELETE ON "public"."choice" TO ${role};`);
      expect(grants).toContain(`GRANT CREATE ON DATABASE ${copy.name} TO ${role};`);
      expect(new Set(grants).size).toBe(grants.length);
      expect(grants).toContain(`GRANT TEMPORARY ON DATABASE ${copy.name} TO ${role};`);
      await execute(copy.url, grants.join("\n"));
      expect((await ask()).stdout).toMatch(/\nCHG-1: ready to deploy\n$/);
      await execute(copy.url, `REVOKE DELETE ON later FROM ${role}`);
      const half = await ask();
      expect(half).toMatchObject({ exitCode: 0, stderr: "" });
      expect(half.stdout).toMatch(/^ DELETE on "public"\."later" \| revert +\| GRANT DELETE ON/m);
      expect(half.stdout).toMatch(
        new RegExp(`: ready to deploy; to revert, the role ${role} lacks privileges\n$`),
      );
      await execute(copy.url, `GRANT DELETE ON later TO ${role}`);
      await execute(copy.url, `ALTER ROLE ${role} LOGIN PASSWORD 'secret'`);
      const as = urlOf(copy.name, role, "secret");
      for (const script of ["deploy", "revert"] as const)
        expect(await psql(as, { file: files.path(script) }), script).toMatchObject({
          exitCode: 0,
          stderr: "",
        });
    } finally {
      await execute(copy.url, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });

  test("tells a role what it could not take back, though it may not look there", async () => {
    await using setting = await settingOf({
      production: `CREATE TABLE parent (id int PRIMARY KEY); CREATE SCHEMA apart; CREATE TABLE apart.child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE);`,
      edits: "INSERT INTO parent VALUES (1)",
    });
    const { name, url } = setting.production;
    const role = `p_${randomBytes(6).toString("hex")}`;
    await execute(
      url,
      `CREATE ROLE ${role} LOGIN PASSWORD 'secret'; GRANT SELECT, INSERT ON parent TO ${role}`,
    );
    try {
      const as = urlOf(name, role, "secret");
      const run = await psql(as, { file: setting.files.path("preflight") });
      expect(run).toMatchObject({
        exitCode: 0,
        stderr: "",
        stdout: expect.stringMatching(
          /: ready to deploy; to revert, the role \w+ lacks privileges\n$/,
        ),
      });
      const lacking = [...run.stdout.matchAll(/^ (\S.*?) +\| revert +\| GRANT/gm)];
      expect(lacking.map(([, what]) => what)).toEqual([
        'DELETE on "public"."parent"',
        'SELECT on "apart"."child"',
        'UPDATE on "public"."parent"',
        'USAGE on schema "apart"',
      ]);
      const deployed = await psql(as, { file: setting.files.path("deploy") });
      expect(deployed).toMatchObject({ exitCode: 0, stderr: "" });
    } finally {
      await execute(url, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });

  test("never advises membership in the owner of tables whose triggers are switched off", async () => {
    const production = `${QUESTIONS.production} CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER x BEFORE UPDATE ON question FOR EACH ROW EXECUTE FUNCTION f();`;
    await using setting = await settingOf(
      { production, edits: QUESTIONS.edits },
      { triggers: "disable" },
    );
    const { url } = setting.production;
    const [role, owner] = [1, 2].map(() => `p_${randomBytes(6).toString("hex")}`);
    await execute(url, `CREATE ROLE ${role} NOINHERIT; CREATE ROLE ${owner}`);
    const ask = async () => {
      const file = setting.files.path("preflight");
      const run = await psql(url, { file, variables: { role: role ?? "" } });
      expect(run.stdout).not.toMatch(new RegExp(`GRANT (postgres|${owner}) TO`));
      const [, help] =
        /ownership of "public"\."question" \| deploy and revert \| (.*\S)/.exec(run.stdout) ?? [];
      return help;
    };
    try {
      await execute(url, `GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}`);
      expect(await ask()).toMatch(
        /^let \w+ run it \(its triggers or rules are switched off; \w+ is a superuser, so let nobody become/,
      );
      await execute(url, `ALTER TABLE question OWNER TO ${owner}`);
      expect(await ask()).toBe(`let ${owner} run it (its triggers or rules are switched off)`);
      await execute(url, `GRANT ${owner} TO ${role}`);
      expect(await ask()).toMatch(`run it with PGOPTIONS="-c role=${owner}" (its triggers`);
    } finally {
      await execute(
        url,
        `ALTER TABLE question OWNER TO CURRENT_USER; DROP OWNED BY ${role}; DROP ROLE ${role}, ${owner}`,
      );
    }
  });
});
