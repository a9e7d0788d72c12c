/**
 * Rows that others have added, changed or removed beside the changed ones: foreign keys are told of in words of the scripts, not in
 * PostgreSQL's.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stateOf } from "./support/content.ts";
import { hasServer, psql } from "./support/postgres.ts";
import { driftedCopy, type Setting, settingOf } from "./support/setting.ts";

/** Rows of these tables refer to row n of `p`, whose code is `cn`: one table for each kind of foreign key. */
const PARENTS = `
CREATE EXTENSION citext;
CREATE TABLE p (id int PRIMARY KEY, code text UNIQUE, kind int NOT NULL, num numeric UNIQUE, word citext UNIQUE, UNIQUE (id, kind));
INSERT INTO p SELECT g, 'c' || g, g % 2, g, 'w' || g FROM generate_series(1, 60) g;
CREATE TABLE plain (id int PRIMARY KEY, p int REFERENCES p, v text);
INSERT INTO plain VALUES (1, 60), (2, NULL);
CREATE TABLE pair (id int PRIMARY KEY, p int, kind int, v text, FOREIGN KEY (p, kind) REFERENCES p (id, kind));
INSERT INTO pair VALUES (1, 60, 0), (2, 5, NULL), (3, 60, NULL);
CREATE TABLE full_pair (id int PRIMARY KEY, p int, kind int, FOREIGN KEY (p, kind) REFERENCES p (id, kind) MATCH FULL);
CREATE TABLE late (id int PRIMARY KEY, p int REFERENCES p DEFERRABLE INITIALLY DEFERRED);
INSERT INTO late VALUES (1, 60);
CREATE TABLE may_wait (id int PRIMARY KEY, p int REFERENCES p DEFERRABLE);
CREATE TABLE node (id int PRIMARY KEY, up int REFERENCES node, v text);
INSERT INTO node VALUES (1, NULL), (2, 1), (3, NULL);
CREATE TABLE parts (id int, kind text, p int REFERENCES p, PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);
CREATE TABLE parts_a PARTITION OF parts FOR VALUES IN ('a');
CREATE TABLE parts_b PARTITION OF parts FOR VALUES IN ('b');
CREATE TABLE one (id int, kind text, p int, PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);
CREATE TABLE one_a PARTITION OF one FOR VALUES IN ('a');
CREATE TABLE one_b PARTITION OF one FOR VALUES IN ('b');
ALTER TABLE one_a ADD CONSTRAINT only_a FOREIGN KEY (p) REFERENCES p;
INSERT INTO one VALUES (1, 'a', 60), (2, 'b', 15), (3, 'b', 16);
CREATE TABLE tree (id int, kind text, PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);
CREATE TABLE tree_a PARTITION OF tree FOR VALUES IN ('a');
CREATE TABLE tree_b PARTITION OF tree FOR VALUES IN ('b');
INSERT INTO tree VALUES (1, 'a'), (1, 'b'), (2, 'a');
CREATE TABLE leaf (id int PRIMARY KEY, tree int, kind text, FOREIGN KEY (tree, kind) REFERENCES tree);
CREATE TABLE old (id int PRIMARY KEY, p int);
INSERT INTO old VALUES (1, 999);
ALTER TABLE old ADD CONSTRAINT old_p FOREIGN KEY (p) REFERENCES p NOT VALID;
CREATE TABLE by_code (id int PRIMARY KEY, code text REFERENCES p (code));
CREATE TABLE by_num (id int PRIMARY KEY, num numeric REFERENCES p (num));
CREATE TABLE by_word (id int PRIMARY KEY, word citext REFERENCES p (word));
CREATE TABLE x (id int PRIMARY KEY, y int, p int REFERENCES p);
CREATE TABLE y (id int PRIMARY KEY, x int REFERENCES x);
ALTER TABLE x ADD FOREIGN KEY (y) REFERENCES y;
CREATE SCHEMA "Other ""one""";
CREATE TABLE "Other ""one"""."Kid's %" ("the Id" int PRIMARY KEY, "P $x$" int, CONSTRAINT "fk '%s' $references$" FOREIGN KEY ("P $x$") REFERENCES p);
`;

const PARENT_EDITS = `
INSERT INTO plain VALUES (11, 1, 'new'); UPDATE plain SET p = 2 WHERE id = 1; UPDATE plain SET v = 'w' WHERE id = 2;
INSERT INTO pair VALUES (11, 3, 1), (12, 4, NULL); UPDATE pair SET kind = 1 WHERE id = 2; UPDATE pair SET v = 'other' WHERE id = 3;
INSERT INTO full_pair VALUES (11, 6, 0), (12, NULL, NULL);
INSERT INTO late VALUES (11, 7); UPDATE late SET p = 8 WHERE id = 1;
INSERT INTO may_wait VALUES (11, 9);
INSERT INTO node VALUES (11, 3), (12, 11), (14, 12), (13, 14), (20, 20);
INSERT INTO parts VALUES (11, 'a', 10);
INSERT INTO one VALUES (11, 'a', 11), (12, 'b', 12), (13, 'a', NULL); UPDATE one SET p = 13 WHERE id = 1; UPDATE one SET p = 14 WHERE id = 2; UPDATE one SET kind = 'a' WHERE id = 3;
INSERT INTO leaf VALUES (11, 1, 'a');
INSERT INTO old VALUES (11, 17);
INSERT INTO p VALUES (100, 'fresh', 0, 100, 'fresh'); UPDATE p SET code = 'renamed' WHERE id = 50;
INSERT INTO by_code VALUES (11, 'c18'), (12, 'fresh'), (13, 'renamed');
INSERT INTO by_num VALUES (11, 19.0), (12, 100.0);
INSERT INTO by_word VALUES (11, 'W20'), (12, 'FRESH');
INSERT INTO x VALUES (11, NULL, 21); INSERT INTO y VALUES (11, 11); UPDATE x SET y = 11 WHERE id = 11;
INSERT INTO "Other ""one"""."Kid's %" VALUES (11, 22);
`;

/** What someone has done since, and what the deploy says of it. */
type Case = readonly [name: string, since: string, said: string];

const MISSING: readonly Case[] = [
  [
    "an inserted row",
    "DELETE FROM p WHERE id = 1",
    "public.plain id=11 would refer to public.p id=1, which does not exist (plain_p_fkey)",
  ],
  [
    "an updated row",
    "DELETE FROM p WHERE id = 2",
    "public.plain id=1 would refer to public.p id=2, which does not exist (plain_p_fkey)",
  ],
  [
    "several columns",
    "DELETE FROM p WHERE id = 3",
    "public.pair id=11 would refer to public.p id=3, kind=1, which does not exist (pair_p_kind_fkey)",
  ],
  [
    "several columns, one of them updated",
    "DELETE FROM p WHERE id = 5",
    "public.pair id=2 would refer to public.p id=5, kind=1, which",
  ],
  [
    "MATCH FULL",
    "DELETE FROM p WHERE id = 6",
    "public.full_pair id=11 would refer to public.p id=6, kind=0, which",
  ],
  [
    "an inserted row, deferred",
    "DELETE FROM p WHERE id = 7",
    "public.late id=11 would refer to public.p id=7, which",
  ],
  [
    "an updated row, deferred",
    "DELETE FROM p WHERE id = 8",
    "public.late id=1 would refer to public.p id=8, which",
  ],
  [
    "deferrable, yet immediate",
    "DELETE FROM p WHERE id = 9",
    "public.may_wait id=11 would refer to public.p id=9, which",
  ],
  [
    "the table itself, where others bring their parents",
    "DELETE FROM node WHERE id = 3",
    "public.node id=11 would refer to public.node id=3, which",
  ],
  [
    "a partitioned table",
    "DELETE FROM p WHERE id = 10",
    "public.parts id=11, kind=a would refer to public.p id=10, which",
  ],
  [
    "to a partitioned table",
    "DELETE FROM tree WHERE id = 1 AND kind = 'a'",
    "public.leaf id=11 would refer to public.tree id=1, kind=a, which",
  ],
  [
    "of a single partition, an inserted row",
    "DELETE FROM p WHERE id = 11",
    "public.one id=11, kind=a would refer to public.p id=11, which does not exist (only_a)",
  ],
  [
    "of a single partition, an updated row",
    "DELETE FROM p WHERE id = 13",
    "public.one id=1, kind=a would refer to public.p id=13, which",
  ],
  [
    "of a single partition, a row that moves there",
    "DELETE FROM p WHERE id = 16",
    "public.one id=3, kind=a would refer to public.p id=16, which",
  ],
  [
    "NOT VALID",
    "DELETE FROM p WHERE id = 17",
    "public.old id=11 would refer to public.p id=17, which",
  ],
  [
    "a unique column",
    "DELETE FROM p WHERE id = 18",
    "public.by_code id=11 would refer to public.p code=c18, which",
  ],
  [
    "a parent that the script brings, whose key is taken",
    "INSERT INTO p VALUES (100, 'else', 0, 100, 'fresh')",
    "public.by_code id=12 would refer to public.p code=fresh, which",
  ],
  [
    "a parent that the script renames, which has changed",
    "UPDATE p SET code = 'else' WHERE id = 50",
    "public.by_code id=13 would refer to public.p code=renamed, which",
  ],
  [
    "numbers spelled otherwise",
    "DELETE FROM p WHERE id = 19",
    "public.by_num id=11 would refer to public.p num=19.0, which",
  ],
  [
    "texts spelled otherwise",
    "DELETE FROM p WHERE id = 20",
    "public.by_word id=11 would refer to public.p word=W20, which",
  ],
  [
    "in a circle",
    "DELETE FROM p WHERE id = 21",
    "public.x id=11 would refer to public.p id=21, which",
  ],
  [
    "names",
    "DELETE FROM p WHERE id = 22",
    `"Other ""one"""."Kid's %" the Id=11 would refer to public.p id=22, which does not exist (fk '%s' $references$)`,
  ],
];

const STILL_THERE = `
DELETE FROM p WHERE id = 4; UPDATE pair SET p = 25 WHERE id = 2; DELETE FROM p WHERE id = 5;
DELETE FROM p WHERE id IN (12, 14, 15); ALTER TABLE one_b ADD CHECK (id > 0);`;

/** Rows that are deleted or renamed, and a table that may refer to them for each kind of foreign key. */
const CHILDREN = `
CREATE TABLE p (id int PRIMARY KEY, code text UNIQUE, rcode text UNIQUE, kind int NOT NULL, num numeric UNIQUE, v text, UNIQUE (id, kind));
INSERT INTO p SELECT g, 'c' || g, 'r' || g, g % 2, g FROM generate_series(1, 40) g;
CREATE TABLE plain (id int PRIMARY KEY, p int REFERENCES p, v text);
INSERT INTO plain VALUES (1, 1, 'a'), (2, 2, 'a'), (3, 40, 'a');
CREATE TABLE strict (a int, b text, p int REFERENCES p ON DELETE RESTRICT, PRIMARY KEY (a, b));
CREATE TABLE casc (id int PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE);
CREATE TABLE nul (id int PRIMARY KEY, p int REFERENCES p ON DELETE SET NULL);
CREATE TABLE def (id int PRIMARY KEY, p int DEFAULT 40 REFERENCES p ON DELETE SET DEFAULT);
CREATE TABLE late (id int PRIMARY KEY, p int REFERENCES p DEFERRABLE INITIALLY DEFERRED, v text);
INSERT INTO late VALUES (1, 3, 'a'), (2, 4, 'a');
CREATE TABLE late_strict (id int PRIMARY KEY, p int REFERENCES p ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE pair (id int PRIMARY KEY, p int, kind int, FOREIGN KEY (p, kind) REFERENCES p (id, kind));
CREATE TABLE full_pair (id int PRIMARY KEY, p int, kind int, FOREIGN KEY (p, kind) REFERENCES p (id, kind) MATCH FULL);
CREATE TABLE no_key (p int REFERENCES p, v text);
CREATE TABLE parts (id int, kind text, p int REFERENCES p, PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);
CREATE TABLE parts_a PARTITION OF parts FOR VALUES IN ('a');
CREATE TABLE one (id int, kind text, p int, PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);
CREATE TABLE one_a PARTITION OF one FOR VALUES IN ('a');
CREATE TABLE one_b PARTITION OF one FOR VALUES IN ('b');
ALTER TABLE one_a ADD CONSTRAINT only_a FOREIGN KEY (p) REFERENCES p;
CREATE TABLE old (id int PRIMARY KEY, p int);
INSERT INTO old VALUES (1, 999);
ALTER TABLE old ADD CONSTRAINT old_p FOREIGN KEY (p) REFERENCES p NOT VALID;
CREATE TABLE by_code (id int PRIMARY KEY, code text REFERENCES p (code));
INSERT INTO by_code VALUES (1, 'c20');
CREATE TABLE by_rcode (id int PRIMARY KEY, code text REFERENCES p (rcode) ON UPDATE RESTRICT);
CREATE TABLE late_code (id int PRIMARY KEY, code text REFERENCES p (code) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE casc_code (id int PRIMARY KEY, code text REFERENCES p (code) ON UPDATE CASCADE);
CREATE TABLE by_num (id int PRIMARY KEY, num numeric REFERENCES p (num));
INSERT INTO by_num VALUES (1, 25);
CREATE TABLE node (id int PRIMARY KEY, up int REFERENCES node, v text);
INSERT INTO node VALUES (1, NULL, 'a'), (2, 1, 'a'), (3, 2, 'a'), (4, 3, 'a'), (11, NULL, 'ring'), (12, 11, 'ring'), (13, 12, 'ring'), (21, 21, 'self');
UPDATE node SET up = 13 WHERE id = 11;
CREATE TABLE tree (id int, kind text, PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);
CREATE TABLE tree_a PARTITION OF tree FOR VALUES IN ('a');
CREATE TABLE tree_b PARTITION OF tree FOR VALUES IN ('b');
ALTER TABLE tree_a ADD UNIQUE (id);
INSERT INTO tree VALUES (1, 'a'), (1, 'b'), (2, 'a'), (2, 'b'), (3, 'a');
CREATE TABLE leaf (id int PRIMARY KEY, tree int, kind text, FOREIGN KEY (tree, kind) REFERENCES tree);
CREATE TABLE leaf_a (id int PRIMARY KEY, tree int REFERENCES tree_a (id));
CREATE TABLE leaf_c (id int PRIMARY KEY, tree int REFERENCES tree_a (id) ON DELETE CASCADE, v text);
INSERT INTO leaf_c VALUES (5, 3, 'a');
CREATE TABLE x (id int PRIMARY KEY, y int, v text);
CREATE TABLE y (id int PRIMARY KEY, x int REFERENCES x, v text);
ALTER TABLE x ADD FOREIGN KEY (y) REFERENCES y;
INSERT INTO x VALUES (1); INSERT INTO y VALUES (1, 1); UPDATE x SET y = 1;
CREATE TABLE x_kid (id int PRIMARY KEY, x int REFERENCES x);
CREATE SCHEMA "Other ""one""";
CREATE TABLE "Other ""one"""."Kid's %" ("the Id" text PRIMARY KEY, "P $x$" int, CONSTRAINT "fk '%s' $referred$" FOREIGN KEY ("P $x$") REFERENCES p);
`;

const CHILD_EDITS = `
DELETE FROM plain WHERE id = 1; UPDATE plain SET p = 40 WHERE id = 2;
DELETE FROM late WHERE id = 1; UPDATE late SET p = 40 WHERE id = 2;
DELETE FROM p WHERE id BETWEEN 1 AND 19;
UPDATE p SET code = 'd' || id, rcode = 's' || id WHERE id BETWEEN 21 AND 24; UPDATE p SET num = 25.00 WHERE id = 25; UPDATE p SET v = 'w' WHERE id = 26;
DELETE FROM node;
DELETE FROM leaf_c; DELETE FROM tree WHERE kind = 'a';
UPDATE x SET y = NULL; DELETE FROM y; DELETE FROM x;
`;

const GAINED: readonly Case[] = [
  [
    "NO ACTION",
    "INSERT INTO plain VALUES (77, 5)",
    "public.p id=5: public.plain id=77 refers to it (plain_p_fkey)",
  ],
  [
    "from a row that the script deletes, which has changed",
    "UPDATE plain SET v = 'b' WHERE id = 1",
    "public.p id=1: public.plain id=1 refers to it (plain_p_fkey)",
  ],
  [
    "from a row that the script moves, which has changed",
    "UPDATE plain SET p = 5 WHERE id = 2",
    "public.p id=5: public.plain id=2 refers to it (plain_p_fkey)",
  ],
  [
    "RESTRICT",
    "INSERT INTO strict VALUES (7, 'x y', 5)",
    "public.p id=5: public.strict a=7, b=x y refers to it (strict_p_fkey)",
  ],
  ["CASCADE", "INSERT INTO casc VALUES (77, 5)", "public.p id=5"],
  ["SET NULL", "INSERT INTO nul VALUES (77, 5)", "public.p id=5"],
  ["SET DEFAULT", "INSERT INTO def VALUES (77, 5)", "public.p id=5"],
  [
    "deferred",
    "INSERT INTO late VALUES (77, 5)",
    "public.p id=5: public.late id=77 refers to it (late_p_fkey)",
  ],
  [
    "deferred, from a row that the script deletes",
    "UPDATE late SET v = 'b' WHERE id = 1",
    "public.p id=3: public.late id=1 refers to it (late_p_fkey)",
  ],
  [
    "RESTRICT, which does not wait",
    "INSERT INTO late_strict VALUES (77, 5)",
    "public.p id=5: public.late_strict id=77 refers to it (late_strict_p_fkey)",
  ],
  [
    "several columns",
    "INSERT INTO pair VALUES (77, 5, 1)",
    "public.p id=5: public.pair id=77 refers to it (pair_p_kind_fkey)",
  ],
  [
    "MATCH FULL",
    "INSERT INTO full_pair VALUES (77, 5, 1)",
    "public.p id=5: public.full_pair id=77 refers to it",
  ],
  [
    "a table without a key",
    "INSERT INTO no_key VALUES (5)",
    "public.p id=5: public.no_key p=5 refers to it (no_key_p_fkey)",
  ],
  [
    "a partitioned table",
    "INSERT INTO parts VALUES (77, 'a', 5)",
    "public.p id=5: public.parts id=77, kind=a refers to it (parts_p_fkey)",
  ],
  [
    "a single partition",
    "INSERT INTO one VALUES (77, 'a', 5)",
    "public.p id=5: public.one_a id=77, kind=a refers to it (only_a)",
  ],
  [
    "NOT VALID",
    "INSERT INTO old VALUES (77, 5)",
    "public.p id=5: public.old id=77 refers to it (old_p)",
  ],
  [
    "a unique column, deleted",
    "INSERT INTO by_code VALUES (77, 'c5')",
    "public.p id=5: public.by_code id=77 refers to it (by_code_code_fkey)",
  ],
  [
    "a unique column, updated",
    "INSERT INTO by_code VALUES (77, 'c21')",
    "public.p id=21: public.by_code id=77 refers to it (by_code_code_fkey)",
  ],
  [
    "a unique column, ON UPDATE RESTRICT",
    "INSERT INTO by_rcode VALUES (77, 'r21')",
    "public.p id=21: public.by_rcode id=77 refers to it (by_rcode_code_fkey)",
  ],
  [
    "a unique column, ON UPDATE CASCADE",
    "INSERT INTO casc_code VALUES (77, 'c21')",
    "the effects are not those reviewed:\n  public.casc_code: 0 inserts, 1 updates",
  ],
  [
    "a unique column, updated, deferred",
    "INSERT INTO late_code VALUES (77, 'c21')",
    "public.p id=21: public.late_code id=77 refers to it (late_code_code_fkey)",
  ],
  [
    "a unique column, deleted, deferred",
    "INSERT INTO late_code VALUES (77, 'c5')",
    "public.p id=5: public.late_code id=77 refers to it (late_code_code_fkey)",
  ],
  [
    "the table itself",
    "INSERT INTO node VALUES (77, 3)",
    "public.node id=3: public.node id=77 refers to it (node_up_fkey)",
  ],
  [
    "the table itself, a row in a chain has changed",
    "UPDATE node SET v = 'b' WHERE id = 3",
    "public.node id=2",
  ],
  [
    "the table itself, a row of a ring has changed",
    "UPDATE node SET v = 'b' WHERE id = 12",
    "public.node id=1",
  ],
  [
    "the table itself, a ring",
    "INSERT INTO node VALUES (77, 12)",
    "public.node id=12: public.node id=77 refers to it (node_up_fkey)",
  ],
  [
    "to a partitioned table",
    "INSERT INTO leaf VALUES (77, 1, 'a')",
    "public.tree id=1, kind=a: public.leaf id=77 refers to it (leaf_tree_kind_fkey)",
  ],
  [
    "to a single partition",
    "INSERT INTO leaf_a VALUES (77, 1)",
    "public.tree id=1, kind=a: public.leaf_a id=77 refers to it (leaf_a_tree_fkey)",
  ],
  [
    "to a single partition, CASCADE",
    "INSERT INTO leaf_c VALUES (77, 1)",
    "public.tree id=1, kind=a",
  ],
  [
    "to a single partition, CASCADE, a row that would go along has changed",
    "UPDATE leaf_c SET v = 'b'",
    "public.leaf_c id=5\n  public.tree id=3, kind=a",
  ],
  [
    "in a circle",
    "INSERT INTO x_kid VALUES (77, 1)",
    "public.x id=1: public.x_kid id=77 refers to it (x_kid_x_fkey)",
  ],
  [
    "in a circle, a row has changed",
    "UPDATE y SET v = 'b'",
    "public.x id=1: public.y id=1 refers to it (y_x_fkey)",
  ],
  [
    "names",
    `INSERT INTO "Other ""one"""."Kid's %" VALUES ('7%', 5)`,
    `public.p id=5: "Other ""one"""."Kid's %" the Id=7% refers to it (fk '%s' $referred$)`,
  ],
];

const NOT_IN_THE_WAY = `
INSERT INTO pair VALUES (77, 5, NULL); INSERT INTO one VALUES (77, 'b', 5); INSERT INTO by_num VALUES (77, 25.0);
INSERT INTO leaf VALUES (77, 1, 'b'); INSERT INTO plain VALUES (77, 30);`;

const FORMS = [
  ["row by row", {}],
  ["from temporary tables", { bulkThreshold: 0 }],
  ["from lists", { bulkThreshold: 0, temporaryTables: false }],
] as const;

describe.skipIf(!hasServer).each(FORMS)("steps %s", { timeout: 300_000 }, (form, options) => {
  let missing: Setting;
  let gained: Setting;
  beforeAll(async () => {
    missing = await settingOf({ production: PARENTS, edits: PARENT_EDITS }, {}, options);
    gained = await settingOf({ production: CHILDREN, edits: CHILD_EDITS }, {}, options);
  }, 120_000);
  afterAll(async () => {
    for (const setting of [missing, gained]) await setting?.[Symbol.asyncDispose]();
  });

  const refuses = async (setting: Setting, [, since, said]: Case): Promise<void> => {
    await using copy = await driftedCopy(setting, since);
    const before = await stateOf(copy.url);
    // What preflight finds does not depend on the form of the steps.
    if (form === "row by row") {
      const { exitCode, stdout } = await psql(copy.url, { file: setting.files.path("preflight") });
      expect({ exitCode, stdout }).toEqual({
        exitCode: 3,
        stdout: expect.stringContaining("drifted"),
      });
    }
    const { exitCode, stderr } = await psql(copy.url, { file: setting.files.path("deploy") });
    expect(stderr).toContain(said);
    expect(stderr).toMatch(/ERROR: {2}(production is not as reviewed, \d+ rows?|the effects are)/);
    expect(stderr).toMatch(/\nHINT: {2}Nothing was changed\..* preflight\.sql shows/);
    expect(stderr).not.toContain("CONTEXT");
    expect(exitCode).toBe(3);
    expect(await stateOf(copy.url)).toEqual(before);
  };
  // Each of the other forms takes every second one: all three need minutes.
  const some = (cases: readonly Case[]) =>
    cases.filter((_, n) => form === "row by row" || n % 2 === Number(form === "from lists"));
  test.for(some(MISSING))("a parent is gone: %s", async (drift) => await refuses(missing, drift));
  test.for(some(GAINED))("a child has come: %s", async (drift) => await refuses(gained, drift));

  test("what is in nobody's way is no drift, and a second run has nothing to do", async () => {
    for (const [setting, since] of [
      [missing, STILL_THERE],
      [gained, NOT_IN_THE_WAY],
    ] as const) {
      await using copy = await driftedCopy(setting, since);
      const files = setting.files;
      for (const script of ["preflight", "deploy", "verify", "deploy", "revert"] as const) {
        const { exitCode, stderr } = await psql(copy.url, { file: files.path(script) });
        expect({ exitCode, stderr }, script).toEqual({ exitCode: 0, stderr: "" });
      }
    }
  });
});
