/**
 * The proof loop: what the scripts promise, shown with psql on copies of production.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { rowsOf, type State, stateOf } from "./content.ts";
import { createDatabase, psql, type TestDatabase } from "./postgres.ts";
import { type Files, find, type Options } from "./scripts.ts";

export interface ProofRequest {
  /** The databases themselves. Neither is changed. */
  readonly production: TestDatabase;
  readonly local: TestDatabase;
  /** Made from the two, or from dumps of them. */
  readonly files: Files;
  readonly options?: Options;
  /** Tables and columns that may differ in the end: `schema.table`, `schema.table.column`. */
  readonly apart?: readonly string[];
  /** Columns that are not compared: deleted rows come back without their values. */
  readonly lost?: readonly string[];
}

/**
 * Goes the whole way from production to local and back, on a copy. Gives the copy's state after deploy.
 *
 * @throws what `expect` throws, where a promise is broken.
 */
export async function prove(request: ProofRequest): Promise<State> {
  const { production, local, files, options, apart = [], lost = [] } = request;
  await using clone = await createDatabase({ template: production.name });
  const original = await stateOf(clone.url);

  await beforeDeploy(files, clone.url, original);

  await succeeds(files, "deploy", clone.url, CHANGED);
  const deployed = await stateOf(clone.url);
  expect(await rowsOf(clone.url, apart), "rows after deploy").toEqual(
    await rowsOf(local.url, apart),
  );
  expect(deployed.switches, "triggers and rules after deploy").toEqual(original.switches);
  const again = await find({ production: clone.url, local: local.url }, options);
  expect(again.changes, "compared again").toEqual({});
  expect(again.withheld, "withheld, compared again").toEqual(files.found.withheld);

  await afterDeploy(files, clone.url, deployed);

  await succeeds(files, "revert", clone.url, CHANGED);
  const reverted = await stateOf(clone.url);
  expect(await rowsOf(clone.url, lost), "rows after revert").toEqual(
    await rowsOf(production.url, lost),
  );
  expect(reverted.switches, "triggers and rules after revert").toEqual(original.switches);
  await succeeds(files, "revert", clone.url, IN_PLACE);
  expect(await stateOf(clone.url), "after a second revert").toEqual(reverted);
  return deployed;
}

const CHANGED = /: \d+ rows? changed$/;
const IN_PLACE = /: already in place, nothing changed$/;

/** Preflight is ready, verify fails; dry run and a script that fails at its end leave nothing behind. */
async function beforeDeploy(files: Files, url: string, original: State): Promise<void> {
  await succeeds(files, "preflight", url, /: ready to deploy$/);
  await fails(files, "verify", url, /not in place, [1-9]\d* rows?:/);
  await succeeds(files, "deploy", url, /^dry run, all rolled back: \d+ rows? would be changed$/m, {
    dry_run: "1",
  });
  expect(await stateOf(url), "after a dry run").toEqual(original);
  const text = await readFile(files.path("deploy"), "utf8");
  expect(text.match(/^ {2}COMMIT;$/gm)).toHaveLength(1);
  const faulty = join(files.directory, "faulty.sql");
  await writeFile(faulty, text.replace(/^ {2}COMMIT;$/m, "  SELECT 1/0;\n  COMMIT;"));
  const outcome = await psql(url, { file: faulty });
  expect(outcome, "deploy with a fault at its end").toMatchObject({ exitCode: 3 });
  expect(outcome.stderr).toContain("division by zero");
  const { rows, versions, switches } = await stateOf(url);
  // setval() is not undone by a rollback, and stands last for that reason.
  expect({ rows, versions, switches }, "after a fault").toEqual({
    rows: original.rows,
    versions: original.versions,
    switches: original.switches,
  });
}

/** Verify passes, preflight says so too, a second run touches nothing. */
async function afterDeploy(files: Files, url: string, deployed: State): Promise<void> {
  await succeeds(files, "verify", url, /: verified, every change is in place$/);
  await succeeds(files, "preflight", url, /: already in place$/);
  await succeeds(files, "deploy", url, IN_PLACE);
  expect(await stateOf(url), "after a second deploy").toEqual(deployed);
}

async function succeeds(
  files: Files,
  script: Parameters<Files["path"]>[0],
  url: string,
  said: RegExp,
  variables?: Readonly<Record<string, string>>,
): Promise<void> {
  const file = files.path(script);
  const { exitCode, stdout, stderr } = await psql(url, variables ? { file, variables } : { file });
  expect({ exitCode, stderr, stdout: stdout.trimEnd() }, script).toEqual({
    exitCode: 0,
    stderr: "",
    stdout: expect.stringMatching(said),
  });
}

async function fails(
  files: Files,
  script: Parameters<Files["path"]>[0],
  url: string,
  said: RegExp,
): Promise<void> {
  const { exitCode, stderr } = await psql(url, { file: files.path(script) });
  expect({ exitCode, stderr }, script).toEqual({
    exitCode: 3,
    stderr: expect.stringMatching(said),
  });
}
