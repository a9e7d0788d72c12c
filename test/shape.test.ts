import { afterAll, beforeAll, describe, test } from "vitest";
import { hasServer } from "./support/postgres.ts";
import {
  driftedCopy,
  expectRefusal,
  QUESTIONS,
  type Setting,
  settingOf,
} from "./support/setting.ts";

let common: Setting;

beforeAll(async () => {
  if (hasServer) common = await settingOf(QUESTIONS);
});

afterAll(async () => {
  await common?.[Symbol.asyncDispose]();
});

describe
  .skipIf(!hasServer)
  .concurrent("tables that have changed their shape since", { timeout: 180_000 }, () => {
    test.for([
      [
        "a column has another type",
        "ALTER TABLE question ALTER text TYPE text",
        /public"\."question": no longer: column "text" character varying\(200\) not null/,
      ],
      [
        "a column is new",
        "ALTER TABLE question ADD extra int DEFAULT 7",
        /new: column "extra" integer/,
      ],
      [
        "a column is gone",
        "ALTER TABLE question DROP closed",
        /no longer: column "closed" boolean/,
      ],
      [
        "a column takes NULL",
        "ALTER TABLE question ALTER slug DROP NOT NULL",
        /new: column "slug" text\n/,
      ],
      [
        "a table is gone",
        "DROP TABLE later",
        /:\n {2}"public"\."later": there is no such table\n {2}.*\nHINT: .* This is database \w+: is it the right one\? If so, compare again/,
      ],
      [
        "a table is a view now",
        "ALTER TABLE later RENAME TO later_; CREATE VIEW later AS TABLE later_",
        /"later"/,
      ],
      [
        "a unique index is new",
        "CREATE UNIQUE INDEX again ON question (lower(slug))",
        /new: unique index "again"/,
      ],
      [
        "a key is gone",
        "ALTER TABLE later DROP CONSTRAINT later_pkey",
        /no longer: constraint "later_pkey"/,
      ],
      [
        "a foreign key acts otherwise",
        "ALTER TABLE note DROP CONSTRAINT note_question_fkey, ADD CONSTRAINT note_question_fkey FOREIGN KEY (question) REFERENCES question ON DELETE CASCADE",
        /new: referenced by "public"\."note"/,
      ],
      [
        "a table refers to it that did not",
        "CREATE TABLE fresh (id int REFERENCES question)",
        /new: referenced by "public"\."fresh"/,
      ],
      [
        "a trigger is new",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER fresh BEFORE UPDATE ON question FOR EACH ROW EXECUTE FUNCTION f()",
        /new: trigger "fresh"/,
      ],
      [
        "a rule is new",
        "CREATE RULE fresh AS ON UPDATE TO question DO INSTEAD NOTHING",
        /new: rule "fresh"/,
      ],
      ["row security is on", "ALTER TABLE question ENABLE ROW LEVEL SECURITY", /new: row security/],
      [
        "a column is an identity now",
        "ALTER TABLE later ALTER id ADD GENERATED ALWAYS AS IDENTITY",
        /new: column "id" integer not null identity always/,
      ],
      [
        "many columns are new",
        `ALTER TABLE question ${Array.from({ length: 30 }, (_, n) => `ADD c${n} int`).join()}`,
        /:\n( {2}"public"\."question": new: column "c\d+" integer\n){20} {2}and 10 more\nHINT: {2}Nothing was changed\. Compare again/,
      ],
    ] as const)("%s", async ([, sql, said]) => {
      await using copy = await driftedCopy(common, sql);
      await expectRefusal(copy.url, common.files, { preflight: said, deploy: said });
    });
  });
