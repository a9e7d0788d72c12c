/**
 * Production, local and the scripts from one to the other, for tests of what the scripts do later.
 */
import { expect } from "vitest";
import type { ScriptOptions } from "../../src/pipeline.ts";
import { stateOf } from "./content.ts";
import { createDatabase, psql, type TestDatabase } from "./postgres.ts";
import { type Files, type Options, scriptsOf } from "./scripts.ts";

/** A poll, with foreign keys of all kinds; two updates, three deletes, four inserts. */
export const QUESTIONS = {
  production: `
CREATE TABLE question (id int PRIMARY KEY, slug text NOT NULL UNIQUE, text varchar(200) NOT NULL, price numeric, closed boolean);
CREATE TABLE choice (id int PRIMARY KEY, question int NOT NULL REFERENCES question ON DELETE CASCADE, text text, votes int DEFAULT 0);
CREATE TABLE note (id int PRIMARY KEY, question int REFERENCES question ON DELETE SET NULL, text text);
CREATE TABLE plain (id int PRIMARY KEY, question int REFERENCES question, text text);
CREATE TABLE later (id int PRIMARY KEY, question int REFERENCES question DEFERRABLE INITIALLY DEFERRED);
INSERT INTO question VALUES (1, 'first', 'Fïrst?', 1.0, false), (2, 'second', 'Second?', NULL, NULL), (3, 'third', 'Third?', 3, true), (4, 'fourth', 'Fourth?', 4, NULL);
INSERT INTO choice VALUES (1, 1, 'yes', 5), (2, 1, 'no', 6), (3, 2, 'yes', 0), (4, 2, 'no', 0);
INSERT INTO note VALUES (1, 1, 'note');
INSERT INTO plain VALUES (1, 1, 'plain');
`,
  edits: `
UPDATE question SET text = 'Wie heißt “das”?', price = 1.5 WHERE id = 1;
UPDATE choice SET votes = NULL WHERE id = 1;
DELETE FROM question WHERE id = 2;
INSERT INTO question VALUES (9, 'ninth', 'Ninth?', 9.99, NULL);
INSERT INTO choice VALUES (9, 9, 'naïve', 0), (10, 3, 'new', 0);
INSERT INTO later VALUES (1, 3);
`,
};

/** Two databases, and the scripts from one to the other. */
export interface Setting extends AsyncDisposable {
  readonly production: TestDatabase;
  readonly local: TestDatabase;
  readonly files: Files;
}

export async function settingOf(
  sql: { readonly production: string; readonly edits: string },
  options: Options = {},
  scriptOptions: Partial<ScriptOptions> = {},
): Promise<Setting> {
  const production = await createDatabase(sql.production);
  const local = await createDatabase({ template: production.name, sql: sql.edits });
  const sides = { production: production.url, local: local.url };
  const files = await scriptsOf(sides, { deletes: "apply", ...options }, scriptOptions);
  return {
    production,
    local,
    files,
    [Symbol.asyncDispose]: async () => {
      for (const owned of [files, local, production]) await owned[Symbol.asyncDispose]();
    },
  };
}

/** A copy of production in which someone has done something since. */
export function driftedCopy(setting: Setting, sql: string): Promise<TestDatabase> {
  return createDatabase({ template: setting.production.name, sql });
}

/** Preflight and deploy both refuse, and say why; nothing is changed. */
export async function expectRefusal(
  url: string,
  scripts: Files,
  said: { readonly preflight: RegExp; readonly deploy: RegExp },
): Promise<void> {
  const before = await stateOf(url);
  for (const script of ["preflight", "deploy"] as const) {
    const { exitCode, stdout, stderr } = await psql(url, { file: scripts.path(script) });
    expect({ exitCode, output: stdout + stderr }, script).toEqual({
      exitCode: 3,
      output: expect.stringMatching(said[script]),
    });
  }
  expect(await stateOf(url)).toEqual(before);
}
