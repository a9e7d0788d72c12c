/**
 * Runs seeds, a few at a time, and tells of those that fail.
 */
import { quoteName } from "../../src/names.ts";
import { type Rows, rowsOf } from "../support/content.ts";
import { createDatabase, execute, type TestDatabase, testServer } from "../support/postgres.ts";
import { schemaSql } from "./ddl.ts";
import { randomWorld } from "./edits.ts";
import { shrink } from "./shrink.ts";
import { applySql } from "./statements.ts";
import { Broken, type Outcome, trial, type Ways } from "./trial.ts";
import { PRELUDE } from "./types.ts";
import type { World } from "./world.ts";

/** A database with everything that the types of random schemas need. */
export function randomTemplate(): Promise<TestDatabase> {
  return createDatabase({ sql: PRELUDE });
}

export interface Failure {
  readonly seed: number;
  /** The first line of what is wrong. */
  readonly wrong: string;
  readonly error: unknown;
}

export interface Tally {
  readonly outcomes: Map<number, Outcome>;
  readonly failures: Failure[];
}

/** Runs seeds for as long as `next` gives them, `width` at a time. */
export async function runSeeds(
  next: (tally: Tally) => number | undefined,
  ways: Omit<Ways, "whole">,
  {
    width,
    wholeEvery,
    onFailure,
  }: {
    readonly width: number;
    readonly wholeEvery: number;
    readonly onFailure?: (failure: Failure) => void;
  },
): Promise<Tally> {
  const tally: Tally = { outcomes: new Map(), failures: [] };
  const worker = async () => {
    for (let seed = next(tally); seed !== undefined; seed = next(tally)) {
      const world = randomWorld(seed, { version: testServer().versionNumber });
      try {
        const whole = seed % wholeEvery === 0;
        tally.outcomes.set(seed, await trial(world, { ...ways, whole }));
      } catch (error) {
        const failure = { seed, wrong: firstLine(error), error };
        tally.failures.push(failure);
        onFailure?.(failure);
      }
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return tally;
}

/** What happened, in one line. */
export function summary({ outcomes, failures }: Tally): string {
  const all = [...outcomes.values()];
  const count = (test: (outcome: Outcome) => boolean) => all.filter(test).length;
  const sum = (of: (outcome: Outcome) => number) => all.reduce((total, one) => total + of(one), 0);
  const blocks = new Map<string, number>();
  for (const { codes, end } of all)
    if (end === "blocked") blocks.set(codes.join("+"), (blocks.get(codes.join("+")) ?? 0) + 1);
  return [
    `${all.length + failures.length} seeds: ${count(({ end }) => end === "proved")} proved, ${count(({ end }) => end === "same")} without changes, ${count(({ end }) => end === "warned")} stopped as warned`,
    `${count(({ end }) => end === "blocked")} blocked (${[...blocks].map(([codes, n]) => `${codes} ${n}`).join(", ")})`,
    `${failures.length} failed`,
    `${sum(({ changes }) => changes)} changes`,
    `${sum(({ skipped }) => skipped)} of ${sum(({ edits }) => edits)} edits skipped`,
    `after drift ${count(({ drift }) => drift === "applied")} applied, ${count(({ drift }) => drift === "refused")} refused`,
  ].join("; ");
}

/** The failing seed as small as it gets, as statements to run by hand. */
export async function explain(
  { seed, wrong }: Failure,
  ways: Omit<Ways, "whole">,
  milliseconds: number,
): Promise<string> {
  const world = randomWorld(seed, { version: testServer().versionNumber });
  const whole = true;
  const fails = async (candidate: World, way: Ways) =>
    trial(candidate, way).then(
      () => undefined,
      (error: unknown) => error,
    );
  const first = promiseOf(await fails(world, { ...ways, whole: false }));
  const way = { ...ways, whole: first === undefined ? whole : false };
  const wanted = first ?? promiseOf(await fails(world, way));
  const small = await shrink(
    world,
    async (candidate) => {
      const error = await fails(candidate, way);
      return error !== undefined && promiseOf(error) === wanted;
    },
    Date.now() + milliseconds,
  );
  const error = await fails(small, way);
  return [
    `seed ${seed}: ${wrong}`,
    ...small.tables.map(({ id, name }) => `-- ${id} is ${quoteName(name)}`),
    ...schemaSql(small).map((statement) => `${statement};`),
    ...(await contents(small, ways.template)),
    `-- ${error instanceof Error ? error.message : String(error)}`,
  ].join("\n");
}

/** The rows that differ between the states of a world. */
async function contents(world: World, template: string): Promise<readonly string[]> {
  await using database = await createDatabase({ template });
  const state = async (edits: World["data"], schema: readonly string[]) => {
    const first = schema.map((statement) => `${statement};`).join("\n");
    await execute(
      database.url,
      `SET search_path = public, pg_temp; SET TimeZone = 'UTC'; ${first}\n${applySql(world, edits)}`,
    );
    return rowsOf(database.url);
  };
  const production = await state(world.data, schemaSql(world));
  const told = (name: string, rows: Rows) =>
    Object.entries(rows).flatMap(([table, lines]) =>
      lines.map((row) => `-- ${name} ${table}: ${row}`),
    );
  const local = await state(world.edits, []);
  return [
    ...told("production", production),
    ...told("local", local),
    ...(world.drift.length > 0
      ? ["-- drift", ...world.drift.map((edit) => `-- ${JSON.stringify(edit)}`)]
      : []),
  ];
}

function promiseOf(error: unknown): string | undefined {
  if (error === undefined) return undefined;
  return error instanceof Broken ? error.promise : firstLine(error).replace(/[\d"].*$/, "");
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n").slice(0, 3).join(" ").slice(0, 400);
}
