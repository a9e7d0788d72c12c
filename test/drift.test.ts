import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rowsOf, stateOf } from "./support/content.ts";
import { execute, hasServer, psql } from "./support/postgres.ts";
import {
  driftedCopy,
  expectRefusal,
  QUESTIONS,
  type Setting,
  settingOf,
} from "./support/setting.ts";

/** Shared by all tests that need nothing else. */
let common: Setting;

beforeAll(async () => {
  if (hasServer) common = await settingOf(QUESTIONS);
});

afterAll(async () => {
  await common?.[Symbol.asyncDispose]();
});

describe
  .skipIf(!hasServer)
  .concurrent("rows that someone has changed since", { timeout: 180_000 }, () => {
    const cases: readonly {
      readonly name: string;
      readonly sql: string;
      readonly preflight: RegExp;
      readonly deploy: RegExp;
    }[] = [
      {
        name: "a row to be updated holds another value",
        sql: "UPDATE question SET text = 'Other?' WHERE id = 1",
        preflight: /public\.question *\| id=1 *\| update *\| drifted *\| changed since: text\n/,
        deploy: /not as reviewed, 1 row:\n {2}public\.question id=1\n/,
      },
      {
        name: "a number to be updated is spelled otherwise",
        sql: "UPDATE question SET price = 1.00 WHERE id = 1",
        preflight: /public\.question *\| id=1 *\| update *\| drifted *\| changed since: price\n/,
        deploy: /public\.question id=1\n/,
      },
      {
        name: "a row to be updated is gone",
        sql: "DELETE FROM note; DELETE FROM plain; DELETE FROM question WHERE id = 1",
        preflight: /public\.question *\| id=1 *\| update *\| drifted *\| the row is gone\n/,
        deploy: /not as reviewed, 2 rows:\n {2}public\.choice id=1\n {2}public\.question id=1\n/,
      },
      {
        name: "a row to be deleted has changed in any column",
        sql: "UPDATE choice SET votes = 1 WHERE id = 3",
        preflight: /public\.choice *\| id=3 *\| delete *\| drifted *\| changed since: votes\n/,
        deploy: /not as reviewed, 2 rows:\n {2}public\.choice id=3\n {2}public\.question id=2\n/,
      },
      {
        name: "the key of a row to be inserted is taken",
        sql: "INSERT INTO choice VALUES (10, 3, 'someone else''s', 0)",
        preflight:
          /public\.choice *\| id=10 *\| insert *\| drifted *\| the key is taken by a row that differs in text\n/,
        deploy: /public\.choice id=10\n/,
      },
      {
        name: "a unique value to be inserted is taken",
        sql: "INSERT INTO question VALUES (77, 'ninth', 'x', NULL, NULL)",
        preflight: /public\.question *\| id=9 *\| unique value *\| obstacle *\| another row holds/,
        deploy: /question_slug_key.*\n.*\(slug\)=\(ninth\)/,
      },
      {
        name: "a deleted row has a new child, which a cascade would take along",
        sql: "INSERT INTO choice VALUES (77, 2, 'new', 1)",
        preflight:
          /public\.question *\| id=2 *\| delete *\| obstacle *\| a row of public\.choice refers to it/,
        deploy: /not as reviewed, 1 row:\n {2}public\.question id=2\n/,
      },
      {
        name: "a deleted row has a new child, whose reference would be set to NULL",
        sql: "INSERT INTO note VALUES (77, 2, 'new')",
        preflight:
          /public\.question *\| id=2 *\| delete *\| obstacle *\| a row of public\.note refers to it/,
        deploy: /not as reviewed, 1 row:\n {2}public\.question id=2\n/,
      },
      {
        name: "a deleted row has a new child, which keeps it",
        sql: "INSERT INTO plain VALUES (77, 2, 'new')",
        preflight:
          /public\.question *\| id=2 *\| delete *\| obstacle *\| a row of public\.plain refers to it/,
        deploy:
          /not as reviewed, 1 row:\n {2}public\.question id=2: public\.plain id=77 refers to it \(plain_question_fkey\)\n/,
      },
      {
        name: "the parent of a row to be inserted is gone",
        sql: "DELETE FROM question WHERE id = 3",
        preflight:
          /public\.choice *\| id=10 *\| reference *\| obstacle *\| refers to a row of public\.question that does not exist/,
        deploy:
          /not as reviewed, 1 row:\n {2}public\.choice id=10 would refer to public\.question id=3, which does not exist \(choice_question_fkey\)\n/,
      },
      {
        name: "the parent of a row under a deferred foreign key is gone",
        sql: "DELETE FROM question WHERE id = 3; INSERT INTO choice VALUES (10, 4, 'new', 0)",
        preflight: /public\.later *\| id=1 *\| reference *\| obstacle/,
        deploy: /public\.later id=1 would refer to public\.question id=3, which does not exist/,
      },
      {
        name: "a part of the changes is in place already",
        sql: "UPDATE choice SET votes = NULL WHERE id = 1",
        preflight: /1 change is in place already: the deploy script would refuse/,
        deploy: /a part of the changes is in place already:\n {2}public\.choice: /,
      },
    ];
    test.for(cases)("$name", async ({ sql, ...said }) => {
      await using copy = await driftedCopy(common, sql);
      await expectRefusal(copy.url, common.files, said);
    });

    test("what others have changed beside the changes is no drift", async () => {
      await using copy = await driftedCopy(
        common,
        `
      UPDATE question SET closed = true WHERE id = 1;
      UPDATE choice SET text = 'maybe' WHERE id = 1;
      INSERT INTO question VALUES (78, 'new', 'New?', NULL, NULL);
      INSERT INTO choice VALUES (78, 78, 'new', 0);
      DELETE FROM question WHERE id = 4`,
      );
      for (const script of ["preflight", "deploy", "verify", "revert"] as const) {
        const { exitCode, stderr } = await psql(copy.url, { file: common.files.path(script) });
        expect({ exitCode, stderr }, script).toEqual({ exitCode: 0, stderr: "" });
      }
    });

    test("a change made already is taken with in_place=accept", async () => {
      await using copy = await driftedCopy(
        common,
        "UPDATE choice SET votes = NULL WHERE id = 1; DELETE FROM choice WHERE id = 3",
      );
      const before = await stateOf(copy.url);
      const dry = await psql(copy.url, {
        file: common.files.path("deploy"),
        variables: { in_place: "accept", dry_run: "1" },
      });
      expect(dry.stdout).toMatch(
        /\ndry run, all rolled back: 7 rows would be changed, the others were in place\n$/,
      );
      expect(await stateOf(copy.url)).toEqual(before);
      const run = await psql(copy.url, {
        file: common.files.path("deploy"),
        variables: { in_place: "accept" },
      });
      expect(run).toMatchObject({
        exitCode: 0,
        stdout: expect.stringMatching(/: 7 rows changed, the others were in place\n$/),
      });
      expect(await rowsOf(copy.url)).toEqual(await rowsOf(common.local.url));
    });

    test("in_place=accept does not take drift", async () => {
      await using copy = await driftedCopy(
        common,
        "UPDATE question SET text = 'Other?' WHERE id = 1",
      );
      const before = await stateOf(copy.url);
      const run = await psql(copy.url, {
        file: common.files.path("deploy"),
        variables: { in_place: "accept" },
      });
      expect(run).toMatchObject({ exitCode: 3, stderr: expect.stringContaining("question id=1") });
      expect(await stateOf(copy.url)).toEqual(before);
    });

    const since: readonly (readonly [string, string, RegExp])[] = [
      [
        "an updated row holds another value",
        "UPDATE question SET text = 'Corrected?' WHERE id = 1",
        /id=1\n/,
      ],
      [
        "an inserted row has changed",
        "UPDATE choice SET votes = 7 WHERE id = 10",
        /choice id=10\n/,
      ],
      [
        "an inserted row has a new child",
        "INSERT INTO choice VALUES (77, 9, 'new', 1)",
        /question id=9\n/,
      ],
      [
        "an inserted row has a new child that would lose its parent",
        "INSERT INTO note VALUES (77, 9, 'new')",
        /question id=9\n/,
      ],
      [
        "the key of a deleted row is taken again",
        "INSERT INTO question VALUES (2, 'other', 'Other?', NULL, NULL)",
        /question id=2\n/,
      ],
      ["an updated row is gone", "DELETE FROM choice WHERE id = 1", /choice id=1\n/],
    ];
    test.for(since)("revert refuses after the deploy: %s", async ([, sql, row]) => {
      await using copy = await driftedCopy(common, "SELECT 1");
      expect(await psql(copy.url, { file: common.files.path("deploy") })).toMatchObject({
        exitCode: 0,
      });
      await execute(copy.url, sql);
      const before = await stateOf(copy.url);
      const { exitCode, stderr } = await psql(copy.url, { file: common.files.path("revert") });
      expect(stderr).toMatch(/production is not as the deploy left it, \d rows?:\n/);
      expect(stderr).toMatch(row);
      expect(stderr).toContain("Someone has changed these rows since the deploy");
      expect(stderr).not.toMatch(/preflight|CONTEXT/);
      expect(exitCode).toBe(3);
      expect(await stateOf(copy.url)).toEqual(before);
    });

    test("revert brings deleted rows back with their ids, and leaves sequences alone", async () => {
      await using setting = await settingOf({
        production: `CREATE TABLE always (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text);
          INSERT INTO always (v) VALUES ('a'), ('b'), ('c');`,
        edits: "DELETE FROM always WHERE id = 2; INSERT INTO always (v) VALUES ('d'), ('e')",
      });
      const { url } = setting.production;
      const original = await rowsOf(url);
      await psql(url, { file: setting.files.path("deploy") });
      const { sequences } = await stateOf(url);
      expect(sequences).toEqual({ "public.always_id_seq": "5" });
      expect(await psql(url, { file: setting.files.path("revert") })).toMatchObject({
        exitCode: 0,
      });
      expect(await stateOf(url)).toMatchObject({ rows: original, sequences });
    });
  });

describe
  .skipIf(!hasServer)
  .concurrent("rows that would go with their parents", { timeout: 180_000 }, () => {
    let nodes: Setting;
    beforeAll(async () => {
      nodes = await settingOf({
        production: `
        CREATE TABLE node (id int PRIMARY KEY, parent int REFERENCES node ON DELETE CASCADE, v text);
        CREATE TABLE leaf (id int PRIMARY KEY, node int REFERENCES node ON DELETE CASCADE, v text);
        INSERT INTO node SELECT g, nullif(g - 1, 0), 'chain' FROM generate_series(1, 5) g;
        INSERT INTO node VALUES (11, NULL, 'ring'), (12, 11, 'ring'), (13, 12, 'ring');
        UPDATE node SET parent = 13 WHERE id = 11;
        INSERT INTO leaf SELECT g, g, 'leaf' FROM generate_series(1, 5) g;
        CREATE TABLE many (id int PRIMARY KEY, parent int REFERENCES many ON DELETE CASCADE, v text);
        INSERT INTO many SELECT g, nullif(g / 2, 0), 'tree' FROM generate_series(1, 1500) g;
        CREATE TABLE fruit (id int PRIMARY KEY, many int REFERENCES many ON DELETE CASCADE, v text);
        INSERT INTO fruit SELECT g, g, 'fruit' FROM generate_series(1, 1500) g;`,
        edits: "DELETE FROM node WHERE id <> 1; DELETE FROM many",
      });
    });
    afterAll(() => nodes?.[Symbol.asyncDispose]());

    test.for<[string, string, number, RegExp?]>([
      ["a leaf of a chain", "node", 5],
      ["the middle of a chain", "node", 3],
      ["a row of a ring", "node", 12],
      ["a child in another table", "leaf", 4],
      // The tree goes as a whole or not at all, and the message names its first rows.
      [
        "a row of a tree that goes at once",
        "many",
        1500,
        /not as reviewed, 1500 rows:\n(?: {2}public\.\S+ \S+\n){50} {2}and 1450 more\n/,
      ],
      ["a child in another table of rows that go at once", "fruit", 700],
    ])("%s has changed", async ([, table, id, said]) => {
      await using copy = await driftedCopy(
        nodes,
        `UPDATE ${table} SET v = 'other' WHERE id = ${id}`,
      );
      await expectRefusal(copy.url, nodes.files, {
        preflight: new RegExp(
          `public\\.${table} *\\| id=${id} *\\| delete *\\| drifted *\\| changed since: v\n`,
        ),
        deploy: said ?? new RegExp(`\\n {2}public\\.${table} id=${id}\\n`),
      });
    });

    test("rows that are gone already are taken with in_place=accept", async () => {
      await using copy = await driftedCopy(
        nodes,
        "DELETE FROM node WHERE id IN (3, 12); DELETE FROM leaf WHERE id = 2; DELETE FROM many WHERE id = 7",
      );
      const variables = { in_place: "accept" };
      const run = await psql(copy.url, { file: nodes.files.path("deploy"), variables });
      expect(run).toMatchObject({ exitCode: 0, stderr: "" });
      expect(await rowsOf(copy.url)).toEqual(await rowsOf(nodes.local.url));
    });
  });
