/**
 * Shape drift in the tables below a table: its partitions, and those that inherit from it.
 */
import { afterAll, beforeAll, describe, test } from "vitest";
import { hasServer, psql } from "../support/postgres.ts";
import { driftedCopy, expectRefusal, type Setting, settingOf } from "../support/setting.ts";

const TREE = {
  production: `
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE root (id int, v text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF root FOR VALUES FROM (0) TO (10);
CREATE TABLE "p""2" PARTITION OF root FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (id);
CREATE TABLE p21 PARTITION OF "p""2" DEFAULT;
CREATE TRIGGER known BEFORE UPDATE ON p21 FOR EACH ROW EXECUTE FUNCTION f();
CREATE TRIGGER everywhere BEFORE UPDATE ON root FOR EACH ROW EXECUTE FUNCTION f();
CREATE TABLE other (id int PRIMARY KEY REFERENCES root DEFERRABLE);
CREATE TABLE alone (id int PRIMARY KEY, v text);
CREATE TABLE parent (id int PRIMARY KEY, v text);
CREATE TABLE heir () INHERITS (parent);
INSERT INTO root VALUES (1, 'a'), (11, 'b');
INSERT INTO alone VALUES (1, 'a');
INSERT INTO parent VALUES (1, 'a');
INSERT INTO heir VALUES (1, 'a');`,
  edits: `UPDATE root SET v = 'z'; UPDATE alone SET v = 'z'; UPDATE ONLY parent SET v = 'z';`,
};

let setting: Setting;

beforeAll(async () => {
  if (hasServer) setting = await settingOf(TREE, { triggers: "fire" });
});

afterAll(async () => {
  await setting?.[Symbol.asyncDispose]();
});

describe.skipIf(!hasServer).concurrent("below a table", { timeout: 120_000 }, () => {
  const refused: [string, string, RegExp][] = [
    [
      "a trigger of a partition is new",
      "CREATE TRIGGER t BEFORE UPDATE ON p1 FOR EACH ROW EXECUTE FUNCTION f()",
      /"root": new: trigger "t" of "public"\."p1" O CREATE TRIGGER t BEFORE UPDATE ON public\.p1/,
    ],
    [
      "a partition with a trigger is new",
      "CREATE TABLE p3 PARTITION OF root FOR VALUES FROM (20) TO (30); CREATE TRIGGER t BEFORE UPDATE ON p3 FOR EACH ROW EXECUTE FUNCTION f()",
      /"root": new: trigger "t" of "public"\."p3"/,
    ],
    [
      "a trigger of a partition of a partition is off",
      "ALTER TABLE p21 DISABLE TRIGGER known",
      /"root": no longer: trigger "known" of "public"\."p21" O/,
    ],
    [
      "the root's trigger is off on a partition",
      "ALTER TABLE p1 DISABLE TRIGGER everywhere",
      /"root": new: trigger "everywhere" of "public"\."p1" D/,
    ],
    [
      "another table inherits now",
      "CREATE TABLE child () INHERITS (alone); INSERT INTO child TABLE alone",
      /"alone": new: other tables inherit from it/,
    ],
  ];
  test.for(refused)("%s: refused", async ([, sql, said]) => {
    await using copy = await driftedCopy(setting, sql);
    await expectRefusal(copy.url, setting.files, { preflight: said, deploy: said });
  });

  const harmless: [string, string][] = [
    ["nothing has changed", "SELECT 1"],
    [
      "a partition is new",
      'CREATE TABLE p3 PARTITION OF root FOR VALUES FROM (20) TO (30); CREATE TABLE p22 PARTITION OF "p""2" FOR VALUES FROM (15) TO (16)',
    ],
    ["another table inherits beside the known one", "CREATE TABLE child () INHERITS (parent)"],
  ];
  test.for(harmless)("%s: deployed", async ([, sql], { expect }) => {
    await using copy = await driftedCopy(setting, sql);
    for (const script of ["deploy", "verify", "revert"] as const)
      expect(await psql(copy.url, { file: setting.files.path(script) })).toMatchObject({
        exitCode: 0,
        stderr: "",
      });
  });
});
