/**
 * What a case is given and what it gives back, and the pieces that several cases share.
 */
import type { Cluster } from "./cluster.ts";
import type { Data } from "./data.ts";
import {
  inTurns,
  type Measured,
  middle,
  type Program,
  quotient,
  rowpatch,
  type Subject,
} from "./measure.ts";
import type { Options } from "./options.ts";

export interface Context {
  readonly options: Options;
  readonly data: Data;
  readonly cluster: Cluster;
  /** For dumps, bundles and temporary files. */
  readonly folder: string;
}

/** What must hold and what is aimed at, of the ratio or of seconds. */
export interface Bound {
  readonly of: "ratio" | "seconds";
  readonly must: number;
  readonly aim?: number;
}

export interface Result {
  readonly name: string;
  readonly own: Measured;
  /** What it is measured against. */
  readonly base?: { readonly name: string; readonly seconds: number; readonly ratio: number };
  readonly bound?: Bound;
  /** MB that must hold. */
  readonly memory?: number;
  /** What else there is to say. */
  readonly note?: string;
}

/** Another way to the same end. */
export interface Other {
  readonly name: string;
  /** Undefined where the program is not installed. */
  readonly seconds?: number;
  /** Against rowpatch. */
  readonly ratio?: number;
}

export interface Outcome {
  readonly results: readonly Result[];
  readonly others: readonly Other[];
}

export interface Case {
  readonly letter: string;
  readonly run: (context: Context) => Promise<Outcome>;
}

/** `rowpatch diff`, which must find so many changed rows and nothing else. */
export function diffing(
  { options, folder }: Context,
  {
    production,
    local,
    updates,
  }: { readonly production: string; readonly local: string; readonly updates: number },
): Subject {
  const args = ["diff", "--production", production, "--local", local, "--json"];
  return {
    name: "rowpatch",
    stages: [[rowpatch({ program: options.program, folder }, args)]],
    check: (output) => expectCounts(output, updates),
  };
}

/** @throws if the JSON of `diff` or `script` tells of other changes. */
export function expectCounts(output: string, updates: number): void {
  const { totals } = JSON.parse(output);
  const { insert, update, delete: deleted } = totals.counts;
  if (insert !== 0 || deleted !== 0 || update !== updates) {
    throw new Error(`rowpatch found ${JSON.stringify(totals)} instead of ${updates} updates`);
  }
}

/** The table read once, by psql. */
export function copyOut(url: string, table = "reading"): Program {
  return { command: "psql", args: ["-X", "-c", `COPY ${table} TO STDOUT`, url] };
}

export function restoreNowhere(dump: string): Program {
  return { command: "pg_restore", args: ["-f", "/dev/null", dump] };
}

/** rowpatch beside what it is measured against. */
export async function compared(
  own: Subject,
  base: Subject,
  {
    rounds,
    ...facts
  }: { readonly rounds: number } & Pick<Result, "name" | "bound" | "memory" | "note">,
): Promise<Result> {
  const runs = await inTurns([own, base], rounds);
  const [mine = [], its = []] = [runs.get(own.name), runs.get(base.name)];
  return {
    ...facts,
    own: middle(mine),
    base: { name: base.name, seconds: middle(its).seconds, ratio: quotient(mine, its) },
  };
}

/** Other ways, each run once: they take long, and their ratios are far from 1. */
export async function others(own: Result, subjects: readonly Subject[]): Promise<readonly Other[]> {
  const runs = await inTurns(subjects, 1);
  return subjects.map(({ name }) => {
    const { seconds } = middle(runs.get(name) ?? []);
    return { name, seconds, ratio: seconds / own.own.seconds };
  });
}
