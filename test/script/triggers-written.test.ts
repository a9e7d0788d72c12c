/**
 * Rows that a script writes twice while triggers fire and set other columns of theirs (`--triggers fire --trigger-writes`).
 */
import { describe, expect, test } from "vitest";
import { rowsOf, stateOf } from "../support/content.ts";
import { execute, hasServer, psql } from "../support/postgres.ts";
import { driftedCopy, expectRefusal, settingOf } from "../support/setting.ts";

const touched = (table: string) =>
  `CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION touch();`;
const PRODUCTION = `
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.at := clock_timestamp(); RETURN NEW; END $$;
CREATE TABLE page (id int PRIMARY KEY, slug text UNIQUE, text text, at timestamptz);
CREATE TABLE kind (code text PRIMARY KEY, id int UNIQUE, at timestamptz);
CREATE TABLE item (id int PRIMARY KEY, kind int REFERENCES kind (id) ON UPDATE CASCADE, text text, at timestamptz);
CREATE TABLE left_ (id int PRIMARY KEY, other int, at timestamptz);
CREATE TABLE right_ (id int PRIMARY KEY, other int REFERENCES left_, at timestamptz);
ALTER TABLE left_ ADD FOREIGN KEY (other) REFERENCES right_;
INSERT INTO page SELECT n, 'slug ' || n, 'text', '2020-01-01' FROM generate_series(1, 9) n;
INSERT INTO kind VALUES ('a', 1, '2020-01-01'); INSERT INTO item VALUES (1, 1, 'text', '2020-01-01'), (2, 1, 'text', '2020-01-01');
INSERT INTO left_ VALUES (1, NULL, '2020-01-01'); INSERT INTO right_ VALUES (1, 1, '2020-01-01'); UPDATE left_ SET other = 1;
${["page", "kind", "item", "left_", "right_"].map(touched).join("\n")}`;
const EDITS = `
UPDATE page SET slug = NULL WHERE id = 1; UPDATE page SET slug = 'slug 1', text = 'new' WHERE id = 2; UPDATE page SET slug = 'slug 2' WHERE id = 1;
UPDATE page SET slug = NULL WHERE id = 3; UPDATE page SET slug = 'slug 3' WHERE id = 4; UPDATE page SET slug = 'slug 4' WHERE id = 3; UPDATE page SET text = 'new' WHERE id = 5;
UPDATE kind SET id = 7; UPDATE item SET text = 'new' WHERE id = 1;
UPDATE left_ SET other = NULL; DELETE FROM right_; DELETE FROM left_;`;
const WRITES = ["page", "kind", "item", "left_", "right_"].map((name) => `public.${name}=at`);

/** All rows without the column that the triggers write. */
async function untouched(url: string) {
  const sql = "SELECT id, slug, text FROM page ORDER BY 1";
  return {
    page: await execute(url, sql),
    item: await execute(url, "SELECT id, kind, text FROM item ORDER BY 1"),
  };
}

describe
  .skipIf(!hasServer)
  .concurrent("rows written twice while triggers fire", { timeout: 120_000 }, () => {
    test.for([
      ["row by row", 1000],
      ["set-based", 0],
    ] as const)("are changed, %s, and again without harm, and back", async ([, bulkThreshold]) => {
      await using setting = await settingOf(
        { production: PRODUCTION, edits: EDITS },
        { triggers: "fire" },
        { bulkThreshold, triggerWrites: WRITES },
      );
      const { url } = setting.production;
      const before = await untouched(url);
      const run = await psql(url, { file: setting.files.path("deploy") });
      expect(run).toMatchObject({ exitCode: 0, stderr: "" });
      expect(await untouched(url)).toEqual(await untouched(setting.local.url));
      const { rows } = await stateOf(url);
      const again = await psql(url, { file: setting.files.path("deploy") });
      expect(again.stdout).toMatch(/: already in place, nothing changed\n$/);
      expect(await rowsOf(url)).toEqual(rows);
      const back = await psql(url, { file: setting.files.path("revert") });
      expect(back).toMatchObject({ exitCode: 0, stderr: "" });
      expect(await untouched(url)).toEqual(before);
    });

    test("are left alone where the column that the triggers write has drifted", async () => {
      await using setting = await settingOf(
        { production: PRODUCTION, edits: EDITS },
        { triggers: "fire" },
        { triggerWrites: WRITES },
      );
      for (const id of [2, 5]) {
        await using copy = await driftedCopy(
          setting,
          `UPDATE page SET text = text WHERE id = ${id}`,
        );
        await expectRefusal(copy.url, setting.files, {
          preflight: new RegExp(
            `public\\.page *\\| id=${id} *\\| update *\\| drifted *\\| changed since: at\n`,
          ),
          deploy: new RegExp(`not as reviewed, 1 row:\\n {2}public\\.page id=${id}\\n`),
        });
      }
    });
  });
