/**
 * Production that has moved on where rows wait for each other: values that others refer to, or that others take.
 */
import { describe, expect, test } from "vitest";
import { hasServer, psql } from "./support/postgres.ts";
import { driftedCopy, expectRefusal, settingOf } from "./support/setting.ts";

describe
  .skipIf(!hasServer)
  .concurrent("values that other rows wait for", { timeout: 180_000 }, () => {
    test.for<[string, string, RegExp]>([
      [
        "follows",
        "follower",
        /effects are not those reviewed:\n {2}(public\.)?follower: 0 inserts, 3 updates/,
      ],
      [
        "keeps it",
        "keeper",
        /public\.kind id=2: public\.keeper id=9 refers to it \(keeper_code_fkey\)\n/,
      ],
      [
        "is checked at the end",
        "waiter",
        /public\.kind id=3: public\.waiter id=9 refers to it \(waiter_code_fkey\)\n/,
      ],
    ])("a row refers to a value that changes, by a key that %s", async ([, table, deploy]) => {
      const tables = Object.entries({
        follower: "ON UPDATE CASCADE",
        keeper: "",
        waiter: "DEFERRABLE",
      }).map(
        ([name, action]) =>
          `CREATE TABLE ${name} (id int PRIMARY KEY, code text REFERENCES kind (code) ${action}); INSERT INTO ${name} VALUES (1, '${name}'), (2, NULL);`,
      );
      await using setting = await settingOf({
        production: `CREATE TABLE kind (id int PRIMARY KEY, code text UNIQUE); INSERT INTO kind VALUES (1, 'follower'), (2, 'keeper'), (3, 'waiter'); ${tables.join(" ")}`,
        edits: `UPDATE follower SET code = NULL; UPDATE keeper SET code = NULL; UPDATE waiter SET code = NULL; UPDATE kind SET code = upper(code)`,
      });
      await using fine = await driftedCopy(setting, "SELECT 1");
      const file = setting.files.path("preflight");
      expect(await psql(fine.url, { file })).toMatchObject({ exitCode: 0, stderr: "" });
      await using copy = await driftedCopy(setting, `INSERT INTO ${table} VALUES (9, '${table}')`);
      const said = `\\| update *\\| obstacle *\\| a row of public\\.${table} refers to it \\(${table}_code_fkey, ON UPDATE`;
      await expectRefusal(copy.url, setting.files, { preflight: new RegExp(said), deploy });
    });

    test.for<[string, string, number]>([
      ["parked", "UPDATE word SET note = 'x' WHERE id = 1", 1],
      ["deleted early", "UPDATE word SET note = 'x' WHERE id = 4", 4],
    ])("a row to be %s, whose unique value others take, has changed", async ([, sql, id]) => {
      for (const bulkThreshold of [1000, 0]) {
        await using setting = await settingOf(
          {
            production: `CREATE TABLE word (id int PRIMARY KEY, word text UNIQUE, note text); INSERT INTO word (id, word) VALUES (1, 'a'), (2, 'b'), (4, 'd'), (5, 'e');`,
            edits: `UPDATE word SET word = NULL WHERE id = 1; UPDATE word SET word = 'a' WHERE id = 2; UPDATE word SET word = 'b', note = 'new' WHERE id = 1;
              DELETE FROM word WHERE id IN (4, 5); INSERT INTO word VALUES (6, 'd'), (7, 'e')`,
          },
          {},
          { bulkThreshold },
        );
        await using copy = await driftedCopy(setting, sql);
        await expectRefusal(copy.url, setting.files, {
          preflight: new RegExp(
            `public\\.word \\| id=${id} *\\| \\w+ *\\| drifted \\| changed since: note\n`,
          ),
          deploy: new RegExp(
            `deploy.sql:\\d+: ERROR: {2}production is not as reviewed, 1 row:\\n {2}public\\.word id=${id}\\nHINT: .* preflight\\.sql shows every row\\.\\n$`,
          ),
        });
        for (const said of [/: 6 rows changed\n$/, /already in place, nothing changed\n$/]) {
          const { url } = setting.production;
          const run = await psql(url, { file: setting.files.path("deploy") });
          expect(run).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(said) });
        }
      }
    });
  });
