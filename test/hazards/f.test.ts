/** Part F of the hazard catalogue: concurrency, operations, safety. */
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dumpTo } from "../support/dumps.ts";
import {
  createDatabase,
  execute,
  hasServer,
  pgDump,
  psql,
  testServer,
  urlOf,
} from "../support/postgres.ts";
import { find, scriptsOf } from "../support/scripts.ts";
import { findBinaries, startLocal } from "../support/server/local.ts";
import { applied, foundOf, proven, refused, runOn, type Setting, settingOf } from "./setting.ts";

const SHOP = `
CREATE TABLE item (id int PRIMARY KEY, name text, price real, at timestamptz);
INSERT INTO item SELECT g, 'item ' || g, g / 10.0, timestamptz '2024-01-01 00:00+00' + g * interval '1 microsecond' FROM generate_series(1, 20) g;
CREATE TABLE tag (id serial PRIMARY KEY, item int REFERENCES item);
INSERT INTO tag (item) SELECT g FROM generate_series(1, 5) g;
`;
const EDITS =
  "UPDATE item SET name = 'new' WHERE id IN (1, 2); DELETE FROM item WHERE id = 9; INSERT INTO item VALUES (30, 'thirty', 3, now()); INSERT INTO tag (item) VALUES (30);";

let shop: Setting;

beforeAll(async () => {
  if (hasServer)
    shop = await settingOf({ production: SHOP, edits: EDITS, scripts: { lockTimeout: "300ms" } });
});

afterAll(async () => {
  await shop?.[Symbol.asyncDispose]();
});

/** Another session on a copy of production, while something runs. */
async function besides<T>(url: string, work: (other: Client) => Promise<T>): Promise<T> {
  const other = new Client(url);
  await other.connect();
  try {
    return await work(other);
  } finally {
    await other.end();
  }
}

/** Waits until a session of the database waits for another's lock. */
async function untilBlocked(url: string): Promise<void> {
  // On a connection of its own: within a transaction, activity is looked up once.
  for (;;) {
    const rows = await execute(
      url,
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0",
    );
    if (rows.length > 0) return;
  }
}

describe.skipIf(!hasServer).concurrent("F", () => {
  test("F1 A22: a row that another session changes is never overwritten", async () => {
    await using patient = await settingOf({
      production: SHOP,
      edits: EDITS,
      scripts: { lockTimeout: "20s" },
    });
    await using copy = await createDatabase({ template: patient.production.name });
    const outcome = await besides(copy.url, async (other) => {
      await other.query("BEGIN; UPDATE item SET name = 'theirs' WHERE id = 2");
      const running = psql(copy.url, { file: patient.files.path("deploy") });
      await untilBlocked(copy.url);
      await other.query("COMMIT");
      return await running;
    });
    expect(outcome).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining("public.item id=2"),
    });
    const rows = await execute(
      copy.url,
      "SELECT id, name FROM item WHERE id IN (1, 2, 9, 30) ORDER BY id",
    );
    expect(rows).toEqual([
      ["1", "item 1"],
      ["2", "theirs"],
      ["9", "item 9"],
    ]);
  });

  test("F2: of two sessions in opposite order one gives up whole, and a retry succeeds", async () => {
    await using patient = await settingOf({
      production: SHOP,
      edits: EDITS,
      scripts: { lockTimeout: "20s" },
    });
    await using copy = await createDatabase({ template: patient.production.name });
    const outcome = await besides(copy.url, async (other) => {
      await other.query("BEGIN; UPDATE item SET price = 7 WHERE id = 2");
      const running = psql(copy.url, { file: patient.files.path("deploy") });
      await untilBlocked(copy.url);
      const theirs = await other.query("UPDATE item SET price = 7 WHERE id = 1").then(
        () => "won",
        () => "lost",
      );
      await other.query("COMMIT");
      return { theirs, ours: await running };
    });
    const { ours, theirs } = outcome;
    expect([ours.exitCode, theirs]).toEqual(theirs === "won" ? [3, "won"] : [0, "lost"]);
    if (theirs === "won") expect(ours.stderr).toContain("deadlock detected");
    const again = await psql(copy.url, { file: patient.files.path("deploy") });
    expect(again).toMatchObject({ exitCode: 0, stderr: "" });
  });

  test("F3: a lock that others hold is waited for only as long as lock_timeout says", async () => {
    await using copy = await createDatabase({ template: shop.production.name });
    await besides(copy.url, async (other) => {
      await other.query("BEGIN; LOCK TABLE item IN ACCESS EXCLUSIVE MODE");
      const run = await psql(copy.url, { file: shop.files.path("deploy") });
      expect(run).toMatchObject({
        exitCode: 3,
        stderr: expect.stringMatching(
          /another session holds a lock on .* for longer than 300ms: process/,
        ),
      });
      await other.query("ROLLBACK");
    });
    expect(await shop.text("deploy")).not.toMatch(/ACCESS EXCLUSIVE/);
    expect(await psql(copy.url, { file: shop.files.path("deploy") })).toMatchObject(applied);
  });

  test("F4 F17: settings of the role do not matter", async () => {
    const role = `r_${randomBytes(6).toString("hex")}`;
    const settings = HOSTILE.map((setting) => `ALTER ROLE ${role} SET ${setting};`).join(" ");
    await execute(
      testServer().url,
      `CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD 'secret'; ${settings}`,
    );
    try {
      await using copy = await createDatabase({ template: shop.production.name });
      const url = urlOf(copy.name, role, "secret");
      for (const script of ["preflight", "deploy", "verify", "revert"] as const)
        expect(await psql(url, { file: shop.files.path(script) }), script).toMatchObject({
          exitCode: 0,
          stderr: "",
        });
      const found = await find({ production: copy.url, local: shop.production.url });
      expect(found.changes).toEqual({});
    } finally {
      await execute(testServer().url, `DROP ROLE ${role}`);
    }
  });

  test("F5: rows that do not change are not written", async () => {
    const look =
      "SELECT count(*) FILTER (WHERE xmin = (SELECT xmin FROM item WHERE id = 30)), count(*) FROM item";
    expect(await runOn(shop, { look })).toMatchObject({ ...applied, seen: ["3", "20"] });
  });

  test("F8: nothing outlives the transaction but what psql itself must know", async () => {
    const shown = [
      "search_path",
      "TimeZone",
      "DateStyle",
      "lock_timeout",
      "row_security",
      "rowpatch.before",
    ];
    const show = shown
      .map((name) => `coalesce(current_setting('${name}', true), '')`)
      .join(" || '|' || ");
    const run = await runOn(shop, {
      sql: `SET search_path = s; SET TimeZone = 'Asia/Kathmandu'; SET lock_timeout = '7s';\n\\i ${shop.files.path("deploy")}\nSELECT ${show};\nSELECT count(*) FROM pg_class WHERE relpersistence = 't';\n`,
    });
    expect(run.stdout.trimEnd().split("\n").slice(-2)).toEqual([
      "s|Asia/Kathmandu|ISO, MDY|7s|on|",
      "0",
    ]);
    const outside = (await shop.text("deploy")).split(/^BEGIN ISOLATION/m)[0] ?? "";
    expect(
      [...outside.matchAll(/^SET (\w+)/gm)]
        .map(([, name]) => name)
        .filter((name) => name !== "statement_timeout"),
    ).toEqual(["client_encoding", "standard_conforming_strings"]);
  });

  test("F9: a role that lacks a privilege is refused before the first write", async () => {
    const role = `r_${randomBytes(6).toString("hex")}`;
    await execute(testServer().url, `CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
    try {
      const as = ({ name }: { readonly name: string }) => urlOf(name, role, "secret");
      const needed: readonly [string, RegExp][] = [
        [
          "GRANT SELECT, INSERT, UPDATE ON item TO",
          /lacks: .*INSERT on "public"\."tag".*DELETE on "public"\."item"|lacks: DELETE on "public"\."item"/,
        ],
        ["GRANT SELECT, INSERT, UPDATE, DELETE ON item TO", /lacks: INSERT on "public"\."tag"/],
        [
          "GRANT SELECT, INSERT, UPDATE, DELETE ON item, tag TO",
          /lacks: SELECT on "public"\."tag_id_seq", UPDATE on "public"\."tag_id_seq"/,
        ],
      ];
      const alone = await runOn(shop, { as });
      expect(alone).toMatchObject(refused(/lacks: .*SELECT on "public"\."item"/));
      expect(alone).toMatchObject(
        refused(new RegExp(`preflight\\.sql .* -v role=${role} as a role`)),
      );
      for (const [grant, said] of needed)
        expect(await runOn(shop, { as, before: `${grant} ${role}` })).toMatchObject(refused(said));
      const before = `GRANT SELECT, INSERT, UPDATE, DELETE ON item, tag TO ${role}; GRANT ALL ON SEQUENCE tag_id_seq TO ${role}`;
      expect(await runOn(shop, { as, before })).toMatchObject(applied);
    } finally {
      await execute(testServer().url, `DROP ROLE ${role}`);
    }
  });

  test("F10: another database is refused by name, by shape or by content", async () => {
    await using named = await scriptsOf(
      { production: shop.production.url, local: shop.local.url },
      { deletes: "apply" },
      { expectDatabase: shop.production.name },
    );
    await using copy = await createDatabase({ template: shop.production.name });
    for (const script of ["deploy", "verify", "preflight", "revert"] as const)
      expect(await psql(copy.url, { file: named.path(script) })).toMatchObject({
        exitCode: 3,
        stderr: expect.stringContaining(`not ${shop.production.name}`),
      });
    await using empty = await createDatabase();
    expect(await psql(empty.url, { file: shop.files.path("deploy") })).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(
        /tables are not as reviewed:\n( {2}"public"\."\w+": there is no such table\n)+HINT: .* This is database \w+: is it/,
      ),
    });
    const before = "UPDATE item SET name = 'of a clone'";
    expect(await runOn(shop, { before })).toMatchObject(refused(/not as reviewed, \d+ rows/));
  });

  test("F11: after a COMMIT of unknown outcome, running again tells and does no harm", async () => {
    await using copy = await createDatabase({ template: shop.production.name });
    await psql(copy.url, { file: shop.files.path("deploy") });
    const again = await psql(copy.url, { file: shop.files.path("deploy") });
    expect(again).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^CHG-1: already in place, nothing changed\n$/m),
    });
  });

  test("F12: revert brings everything back but the sequences, which are never lowered", async () => {
    await using copy = await createDatabase({ template: shop.production.name });
    for (const script of ["deploy", "revert"] as const)
      expect(await psql(copy.url, { file: shop.files.path(script) })).toMatchObject(applied);
    const found = await find({ production: copy.url, local: shop.production.url });
    expect(found.changes).toEqual({});
    expect(await execute(copy.url, "SELECT last_value FROM tag_id_seq")).toEqual([["6"]]);
  });

  test("F13: deletes want an answer, and a table that would be emptied is pointed out", async () => {
    const edited = { production: SHOP, edits: "TRUNCATE item, tag" };
    const found = await foundOf(edited);
    expect(found.findings).toEqual(["deletes_all"]);
    await using local = await createDatabase({
      template: shop.production.name,
      sql: "DELETE FROM item WHERE id = 20",
    });
    const unanswered = await find({ production: shop.production.url, local: local.url });
    expect(unanswered).toMatchObject({ blocked: true, findings: ["deletes"] });
  });

  test("F14: data that a dump leaves out is not compared, and a cut dump is refused", async () => {
    const directory = await mkdtemp(join(tmpdir(), "rowpatch-f14-"));
    try {
      const { url } = shop.production;
      for (const format of ["-Fc", "-Fp"]) {
        const path = join(directory, `partial${format}`);
        await pgDump(url, [format, "--exclude-table-data=tag", "-f", path]);
        for (const sides of [
          { production: url, local: path },
          { production: path, local: url },
        ]) {
          const found = await find(sides, { deletes: "apply" });
          expect(found).toMatchObject({ changes: {}, withheld: {}, findings: ["not_compared"] });
        }
      }
      const whole = await readFile(await dumpTo(join(directory, "whole"), url, "plain"));
      const cut = join(directory, "cut");
      await writeFile(cut, whole.subarray(0, whole.indexOf("item 9")));
      await expect(find({ production: url, local: cut })).rejects.toMatchObject({
        failure: { code: "dump_damaged" },
      });
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test("F15: a statement that finds fewer rows stops the script", async () => {
    const before = "DELETE FROM item WHERE id = 9";
    expect(await runOn(shop, { before })).toMatchObject(
      refused(/a part of the changes is in place already[\s\S]*item/),
    );
  });

  test("F16: many rows travel as data, into tables with statistics", async () => {
    const { deploy } = await proven({
      production:
        "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT g, 'v' FROM generate_series(1, 4000) g",
      edits:
        "UPDATE t SET v = 'w' WHERE id <= 1500; DELETE FROM t WHERE id > 2500; INSERT INTO t SELECT g, 'n' FROM generate_series(5001, 6500) g",
    });
    expect(deploy.match(/^COPY pg_temp\.\w+ FROM stdin;$/gm)).toHaveLength(3);
    expect(deploy.match(/^ANALYZE pg_temp\.\w+;$/gm)).toHaveLength(3);
    expect(deploy.match(/^(INSERT|UPDATE|DELETE)/gm)).toHaveLength(3);
  });

  test("F18: a schema that moved since the review stops every script", async () => {
    const drifts = [
      "ALTER TABLE item ADD added int",
      "ALTER TABLE item ALTER price TYPE numeric",
      "ALTER TABLE item ALTER name SET NOT NULL",
      "CREATE UNIQUE INDEX late ON item (name)",
      "CREATE TABLE other (item int REFERENCES item ON DELETE CASCADE)",
      "ALTER TABLE tag DROP CONSTRAINT tag_item_fkey",
      "ALTER TABLE item ENABLE ROW LEVEL SECURITY",
      "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER late BEFORE UPDATE ON item FOR EACH ROW EXECUTE FUNCTION f()",
      "DROP TABLE tag",
    ];
    for (const before of drifts)
      expect(await runOn(shop, { before }), before).toMatchObject(
        refused(/tables are not as reviewed/),
      );
    for (const script of ["verify", "preflight", "revert"] as const)
      expect(await runOn(shop, { script, before: drifts[0] ?? "" })).toMatchObject(
        refused(/not as reviewed/),
      );
  });
});

/** Settings of a role that change what statements mean, how values print, or how long one may work. */
const HOSTILE = [
  "standard_conforming_strings = off",
  "backslash_quote = on",
  "escape_string_warning = on",
  "search_path = evil, public",
  "datestyle = 'German'",
  "intervalstyle = 'sql_standard'",
  "timezone = 'Asia/Kathmandu'",
  "extra_float_digits = -15",
  "bytea_output = escape",
  "xmloption = document",
  "xmlbinary = hex",
  "array_nulls = off",
  "transform_null_equals = on",
  "quote_all_identifiers = on",
  "row_security = on",
  "constraint_exclusion = on",
  "default_transaction_isolation = serializable",
  "default_transaction_deferrable = on",
  "client_encoding = LATIN1",
  "client_min_messages = warning",
  "check_function_bodies = off",
  "statement_timeout = '3s'",
  "lock_timeout = '1ms'",
  "idle_in_transaction_session_timeout = '1s'",
  "idle_session_timeout = '2s'",
  "max_stack_depth = '200kB'",
  "work_mem = '64kB'",
  "enable_seqscan = off",
  "enable_indexscan = off",
  "enable_hashjoin = off",
  "from_collapse_limit = 1",
  "join_collapse_limit = 1",
  "plan_cache_mode = force_generic_plan",
  "jit_above_cost = 0",
  "synchronize_seqscans = on",
  "vacuum_cost_delay = 10",
];

const binaries = findBinaries();

/** Local connections need no password there. */
const OPEN = "local all all trust\nhost all all 127.0.0.1/32 trust\n";

describe.skipIf(!hasServer || binaries === undefined)("F, on servers of their own", () => {
  test("F6: a standby is refused", async () => {
    const extra = {
      settings: "max_connections = 100\n",
      access: OPEN,
      files: { "standby.signal": "" },
    };
    const { server, stop } = await startLocal(binaries ?? "", extra);
    try {
      expect(await execute(server.url, "SELECT pg_is_in_recovery()")).toEqual([["t"]]);
      for (const script of ["deploy", "revert"] as const)
        expect(await psql(server.url, { file: shop.files.path(script) })).toMatchObject({
          exitCode: 3,
          stderr: expect.stringMatching(/during recovery|standby/),
        });
    } finally {
      await stop();
    }
  });

  test("F7: prepared transactions are named, and their locks end the script in time", async () => {
    const extra = { settings: "max_prepared_transactions = 2\n", access: OPEN, files: {} };
    const { server, stop } = await startLocal(binaries ?? "", extra);
    const url = (name: string) => server.url.replace(/\/postgres$/, `/${name}`);
    try {
      await execute(server.url, SHOP);
      await execute(server.url, "CREATE DATABASE local");
      await execute(url("local"), `${SHOP} ${EDITS}`);
      await execute(
        server.url,
        "BEGIN; UPDATE item SET price = 0 WHERE id = 1; PREPARE TRANSACTION 'forgotten'",
      );
      await using files = await scriptsOf(
        { production: server.url, local: url("local") },
        { deletes: "apply" },
        { lockTimeout: "200ms" },
      );
      expect(files.found.findings).toEqual(["prepared_transactions"]);
      expect(files.found.messages.join("\n")).toContain("forgotten");
      expect(await psql(server.url, { file: files.path("deploy") })).toMatchObject({
        exitCode: 3,
        stderr: expect.stringContaining("lock timeout"),
      });
      await execute(server.url, "ROLLBACK PREPARED 'forgotten'");
      expect(await psql(server.url, { file: files.path("deploy") })).toMatchObject(applied);
    } finally {
      await stop();
    }
  });
});
