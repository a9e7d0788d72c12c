/**
 * What preflight.sql says where deploy.sql would stop though every row is as reviewed: both are asked.
 */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { execute, hasServer, psql } from "../support/postgres.ts";
import { type Files, scriptsOf } from "../support/scripts.ts";
import {
  driftedCopy,
  expectRefusal,
  QUESTIONS,
  type Setting,
  settingOf,
} from "../support/setting.ts";

const LEDGER = { schema: "ops", name: "ledger" };
const LEDGER_TABLE =
  "CREATE SCHEMA ops; CREATE TABLE ops.ledger (id bigint GENERATED ALWAYS AS IDENTITY, done_at timestamptz, ticket text, direction text, checksum text, session_role text, effective_role text, inserts bigint, updates bigint, deletes bigint, outcome text, tool text)";

let common: Setting;
let files: Files;

beforeAll(async () => {
  if (!hasServer) return;
  common = await settingOf(QUESTIONS);
  const sides = { production: common.production.url, local: common.local.url };
  files = await scriptsOf(sides, { deletes: "apply" }, { ledger: LEDGER, backupSchema: "kept" });
});

afterAll(async () => {
  await files?.[Symbol.asyncDispose]();
  await common?.[Symbol.asyncDispose]();
});

describe
  .skipIf(!hasServer)
  .concurrent("preflight, of backup and ledger", { timeout: 120_000 }, () => {
    test("schemas that are missing are no obstacle: they are made", async () => {
      await using copy = await driftedCopy(common, "SELECT 1");
      const run = await psql(copy.url, { file: files.path("preflight") });
      expect(run).toMatchObject({
        exitCode: 0,
        stdout: expect.stringMatching(/: ready to deploy\n$/),
      });
      const deployed = await psql(copy.url, { file: files.path("deploy") });
      expect(deployed).toMatchObject({ exitCode: 0, stderr: "" });
      const again = await psql(copy.url, { file: files.path("preflight") });
      expect(again).toMatchObject({
        exitCode: 0,
        stdout: expect.stringMatching(/: already in place\n$/),
      });
    });

    test("a backup of an earlier run, and a ledger that knows of no revert", async () => {
      await using copy = await driftedCopy(common, "SELECT 1");
      await psql(copy.url, { file: files.path("deploy") });
      // The same way back, unseen by the ledger.
      await psql(copy.url, { file: common.files.path("revert") });
      const backup =
        /a backup is there already: "kept"\."choice_CHG-1_\w+", "kept"\."question_CHG-1_\w+"/;
      const told = /the ledger says: deployed at .* by \w+, CHG-1; yet the changes (were|are) not/;
      await expectRefusal(copy.url, files, {
        preflight: new RegExp(
          `ERROR: {2}${told.source} in place, ${backup.source}: the deploy script would refuse\nHINT: {2}Nothing was changed\\. Find out .* RENAME TO`,
        ),
        deploy: backup,
      });
      await execute(copy.url, "DROP SCHEMA kept CASCADE");
      await expectRefusal(copy.url, files, { preflight: told, deploy: told });
    });

    const wrong: [string, string, RegExp][] = [
      [
        "a ledger of another shape",
        `${LEDGER_TABLE}; ALTER TABLE ops.ledger DROP tool`,
        /ops\.ledger is no ledger of rowpatch, it has no: tool text/,
      ],
      [
        "a ledger that wants further values",
        `${LEDGER_TABLE}; ALTER TABLE ops.ledger ADD who text NOT NULL`,
        /ops\.ledger is no ledger of rowpatch, it wants values for: who/,
      ],
      [
        "a view in place of the ledger",
        "CREATE SCHEMA ops; CREATE VIEW ops.ledger AS SELECT 1 AS id",
        /it has no: id bigint/,
      ],
    ];
    test.for(wrong)("%s", async ([, sql, said]) => {
      await using copy = await driftedCopy(common, sql);
      await expectRefusal(copy.url, files, { preflight: said, deploy: said });
    });

    test("settings of the session that deploy refuses", async () => {
      await using copy = await driftedCopy(common, "SELECT 1");
      for (const setting of ["track_counts=off", "session_replication_role=replica"]) {
        const env = { PGOPTIONS: `-c ${setting}` };
        for (const script of ["preflight", "deploy"] as const) {
          const run = await psql(copy.url, { file: files.path(script), env });
          expect(run, script).toMatchObject({
            exitCode: 3,
            stderr: expect.stringMatching(
              /track_counts is off|session_replication_role is not origin/,
            ),
          });
        }
      }
    });

    test("rows that have drifted and the ledger are told of together", async () => {
      await using copy = await driftedCopy(
        common,
        `${LEDGER_TABLE}; ALTER TABLE ops.ledger DROP tool; UPDATE choice SET votes = 9`,
      );
      const { stderr } = await psql(copy.url, { file: files.path("preflight") });
      expect(stderr).toMatch(
        /ERROR: {2}3 changes have drifted, ops\.ledger is no ledger .*: the deploy script would refuse\nHINT: {2}Nothing was changed\. Production has moved on.*Name another table/,
      );
    });
  });

describe.skipIf(!hasServer).concurrent("preflight, of partitions", { timeout: 120_000 }, () => {
  const PAYMENTS = {
    production: `
CREATE TABLE payment (id int, "paid On" date, note text, PRIMARY KEY (id, "paid On")) PARTITION BY RANGE ("paid On");
CREATE TABLE p26 PARTITION OF payment FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE p27 PARTITION OF payment FOR VALUES FROM ('2027-01-01') TO ('2028-01-01') PARTITION BY HASH (id);
CREATE TABLE p27_0 PARTITION OF p27 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE p27_1 PARTITION OF p27 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE page (id int, lang text, kind text NOT NULL, body text) PARTITION BY LIST (lower(kind));
CREATE TABLE page_a PARTITION OF page FOR VALUES IN ('a');
CREATE TABLE page_b PARTITION OF page FOR VALUES IN ('b');
CREATE UNIQUE INDEX ON page_a (id); CREATE UNIQUE INDEX ON page_b (id);
INSERT INTO payment VALUES (1, '2026-05-05', 'x'), (2, '2027-05-05', 'y');
INSERT INTO page VALUES (1, 'de', 'A', 'x'), (2, 'de', 'a', 'y');`,
    edits: `INSERT INTO payment SELECT g, '2027-01-01'::date + g, 'new' FROM generate_series(10, 19) g; INSERT INTO payment VALUES (3, '2026-03-03', 'new');
UPDATE page SET kind = 'B' WHERE id = 1; UPDATE page SET body = 'z' WHERE id = 2;`,
  };
  const keys = [{ table: "public.page", columns: ["id"] }];
  let payments: Setting;
  let dumped: Setting;
  beforeAll(async () => {
    payments = await settingOf(PAYMENTS, { keys });
    dumped = await settingOf(PAYMENTS, { keys }, { bulkThreshold: 0 });
  });
  afterAll(async () => {
    for (const setting of [payments, dumped]) await setting?.[Symbol.asyncDispose]();
  });

  const gone: [string, string, RegExp, RegExp][] = [
    [
      "of inserted rows",
      "DROP TABLE p27_0",
      /public\.payment *\| id=\d\d, paid On=2027-01-\d\d \| insert \| refused \| no partition of public\.payment takes it: id=\d\d, paid On=2027-01-\d\d\n/,
      /no partition of relation "p27" found for row/,
    ],
    [
      "of a row that an update moves",
      "DROP TABLE page_b",
      /public\.page *\| id=1 *\| update *\| refused *\| no partition of public\.page takes it: kind=B *\n/,
      /no partition of relation "page" found for row/,
    ],
  ];
  test.for(gone)("the partition %s is gone since", async ([, sql, preflight, deploy]) => {
    for (const setting of [payments, dumped]) {
      await using copy = await driftedCopy(setting, sql);
      await expectRefusal(copy.url, setting.files, { preflight, deploy });
      const { stderr } = await psql(copy.url, { file: setting.files.path("preflight") });
      expect(stderr).toMatch(
        /ERROR: {2}\d rows? (has|have) no partition: the deploy script would refuse\nHINT: {2}Nothing was changed\. Make the partitions/,
      );
    }
  });

  const fine: [string, string][] = [
    ["as reviewed", "SELECT 1"],
    [
      "a default partition takes them",
      "DELETE FROM payment WHERE id = 2; DROP TABLE p27; CREATE TABLE other PARTITION OF payment DEFAULT; DROP TABLE page_b; CREATE TABLE page_c PARTITION OF page DEFAULT; CREATE UNIQUE INDEX ON page_c (id)",
    ],
    [
      "divided by a column that nobody knew of",
      "DROP TABLE page_b; CREATE TABLE page_b PARTITION OF page FOR VALUES IN ('b') PARTITION BY LIST (lang); CREATE TABLE page_b_de PARTITION OF page_b FOR VALUES IN ('de'); CREATE UNIQUE INDEX ON page_b_de (id)",
    ],
  ];
  test.for(fine)("%s: nothing is said", async ([, sql]) => {
    await using copy = await driftedCopy(payments, sql);
    const run = await psql(copy.url, { file: payments.files.path("preflight") });
    expect(run).toMatchObject({
      exitCode: 0,
      stderr: "",
      stdout: expect.stringMatching(/: ready to deploy\n$/),
    });
    const deployed = await psql(copy.url, { file: payments.files.path("deploy") });
    expect(deployed).toMatchObject({ exitCode: 0, stderr: "" });
  });

  test("tables without partitions are not asked about", async () => {
    const text = await readFile(common.files.path("preflight"), "utf8");
    expect(text).not.toContain("pg_get_partition_constraintdef");
  });
});
