/**
 * Two databases, what a comparison of them finds, and its scripts run on copies of production.
 */
import { readFile } from "node:fs/promises";
import { expect } from "vitest";
import type { ScriptOptions } from "../../src/pipeline.ts";
import { stateOf } from "../support/content.ts";
import {
  createDatabase,
  execute,
  type Finished,
  type PsqlOptions,
  psql,
  type TestDatabase,
} from "../support/postgres.ts";
import { prove } from "../support/proof.ts";
import { type Files, type Found, find, type Options, scriptsOf } from "../support/scripts.ts";

export interface Edited {
  /** Statements that make production, and the edits that make local of a copy of it. */
  readonly production: string;
  readonly edits: string;
  readonly options?: Options;
  readonly scripts?: Partial<ScriptOptions>;
}

export interface Setting extends AsyncDisposable {
  readonly production: TestDatabase;
  readonly local: TestDatabase;
  readonly files: Files;
  readonly found: Found;
  /** The text of a script. */
  readonly text: (script: Script) => Promise<string>;
}

type Script = Parameters<Files["path"]>[0];

/** Deletes are applied and triggers are off unless the options say otherwise. */
const ANSWERS: Options = { deletes: "apply", triggers: "disable" };

/** Makes both databases and the scripts between them. */
export async function settingOf({
  production: sql,
  edits,
  options,
  scripts,
}: Edited): Promise<Setting> {
  const production = await createDatabase(sql);
  const local = await createDatabase({ template: production.name, sql: edits });
  const sides = { production: production.url, local: local.url };
  const files = await scriptsOf(sides, { ...ANSWERS, ...options }, scripts);
  return {
    production,
    local,
    files,
    found: files.found,
    text: (script) => readFile(files.path(script), "utf8"),
    async [Symbol.asyncDispose]() {
      await files[Symbol.asyncDispose]();
      await production[Symbol.asyncDispose]();
      await local[Symbol.asyncDispose]();
    },
  };
}

/** Goes the whole way of the proof loop, and gives what the comparison found with the deploy script. */
export async function proven(edited: Edited): Promise<{ found: Found; deploy: string }> {
  await using setting = await settingOf(edited);
  const { production, local, files, found } = setting;
  expect(found.blocked, found.messages.join("\n")).toBe(false);
  await prove({ production, local, files, options: { ...ANSWERS, ...edited.options } });
  return { found, deploy: await setting.text("deploy") };
}

/** Compares only. */
export async function foundOf({ production: sql, edits, options }: Edited): Promise<Found> {
  await using production = await createDatabase(sql);
  await using local = await createDatabase({ template: production.name, sql: edits });
  return await find({ production: production.url, local: local.url }, { ...ANSWERS, ...options });
}

export interface Run extends PsqlOptions {
  readonly script?: Script;
  /** Statements that run on the copy first. */
  readonly before?: string;
  /** The URL of a copy for another role, for example. */
  readonly as?: (copy: TestDatabase) => string;
  /** A look at the copy afterwards: one row's values. */
  readonly look?: string;
}

/** Runs a script on a fresh copy of production. `unchanged` compares rows, sequences, row versions and switches. */
export async function runOn(
  { production, files }: Setting,
  { script = "deploy", before, as, look, ...options }: Run = {},
): Promise<Finished & { readonly unchanged: boolean; readonly seen: (string | null)[] }> {
  await using copy = await createDatabase({
    template: production.name,
    ...(before === undefined ? {} : { sql: before }),
  });
  const earlier = await stateOf(copy.url);
  const finished = await psql(as ? as(copy) : copy.url, {
    ...(options.sql === undefined ? { file: files.path(script) } : {}),
    ...options,
  });
  const unchanged = JSON.stringify(await stateOf(copy.url)) === JSON.stringify(earlier);
  const [seen = []] = look === undefined ? [] : await execute(copy.url, look);
  return { ...finished, unchanged, seen };
}

/** The script refused, said why, and left nothing behind. */
export function refused(said: RegExp): object {
  return { exitCode: 3, stderr: expect.stringMatching(said), unchanged: true };
}

/** The script applied, without a word on stderr. */
export const applied: object = {
  exitCode: 0,
  stderr: "",
  stdout: expect.stringMatching(/: \d+ rows? changed\n$/),
};
