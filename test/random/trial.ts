/**
 * Sends one world through the proof: compare, deploy, deploy again, revert, and deploy onto a production that has moved on.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FindingFacts } from "../../src/findings.ts";
import { rowsOf, type State, stateOf } from "../support/content.ts";
import { canDump, dumpTo } from "../support/dumps.ts";
import { createDatabase, execute, psql, type TestDatabase } from "../support/postgres.ts";
import { prove } from "../support/proof.ts";
import { type Files, type Options, type Sides, scriptsOf } from "../support/scripts.ts";
import { choiceOf } from "./choice.ts";
import { schemaSql } from "./ddl.ts";
import { contentOf, isMixed, wrongs } from "./oracle.ts";
import { applySql } from "./statements.ts";
import type { Edit, World } from "./world.ts";

/** How to go. */
export interface Ways {
  /** A database with what the types need. */
  readonly template: string;
  /** The whole proof loop of the cases, not only deploy and revert. */
  readonly whole: boolean;
}

export interface Outcome {
  /** `warned`: deploy stopped at values whose order nobody could know, as a warning had said. */
  readonly end: "same" | "blocked" | "warned" | "proved";
  readonly codes: readonly FindingFacts["code"][];
  readonly changes: number;
  /** Edits that would have broken a constraint. */
  readonly skipped: number;
  readonly edits: number;
  /** What a production that had moved on met. */
  readonly drift: "refused" | "applied" | "none";
}

/** A promise that did not hold: which one, and what was seen. */
export class Broken extends Error {
  override readonly name = "Broken";
  readonly promise: string;

  constructor(promise: string, seen: unknown) {
    super(`${promise}: ${typeof seen === "string" ? seen : JSON.stringify(seen, undefined, 1)}`);
    this.promise = promise;
  }
}

/** Findings that nothing can answer, for nothing breaks the knot. */
const UNANSWERABLE: ReadonlySet<FindingFacts["code"]> = new Set([
  ...(["unique_value_moves", "foreign_key_cycle", "reference_moves"] as const),
  ...(["identity_always_update", "key_undecided"] as const),
]);

/** Warnings that a script may stop on the way, and change nothing; and how it stops then. */
const STOPS: readonly (readonly [FindingFacts["code"], RegExp])[] = [
  ["unique_order_unknown", /duplicate key|conflicting key/],
  [
    "reference_respelled",
    /violates (?:foreign key|not-null) constraint|not (?:those|as) (?:reviewed|the deploy left)/,
  ],
];

/** @throws Broken, or whatever the code under test throws. */
export async function trial(world: World, ways: Ways): Promise<Outcome> {
  await using production = await createDatabase({ template: ways.template });
  const filled = await apply(production.url, world, {
    first: schemaSql(world)
      .map((statement) => `${statement};`)
      .join("\n"),
    edits: world.data,
  });
  await using local = await createDatabase({ template: production.name });
  const skipped = filled + (await apply(local.url, world, { first: "", edits: world.edits }));
  const directory = await mkdtemp(join(tmpdir(), "rowpatch-random-"));
  try {
    const choice = choiceOf(world.seed + 0.5);
    const sides = await sidesOf((await canDump()) ? choice.pick(KINDS) : "live", {
      production,
      local,
      directory,
    });
    // Every third world is compared in so little memory that nearly every row goes to disk.
    const memory = world.seed % 3 === 0 ? { memory: 500 } : {};
    const options = { ...optionsOf(world), ...memory };
    await using files = await scriptsOf(sides, options, {
      bulkThreshold: choice.pick([1000, 1000, 0, 2]),
      temporaryTables: choice.chance(70),
    });
    const { found } = files;
    const changes = found.lines.length;
    const told = {
      codes: found.findings,
      changes,
      skipped,
      edits: world.data.length + world.edits.length,
    };
    if (changes === 0) {
      const [ours, theirs] = [await rowsOf(production.url), await rowsOf(local.url)];
      if (!alike(ours, theirs)) throw new Broken("no changes found", { ours, theirs });
      return { ...told, end: "same", drift: "none" };
    }
    if (found.blocked) {
      await refusal(world, files, { production, local });
      return { ...told, end: "blocked", drift: "none" };
    }
    const warned = STOPS.filter(([code]) => found.findings.includes(code)).map(([, how]) => how);
    if (warned.length > 0 && (await stops(files, production, warned)))
      return { ...told, end: "warned", drift: "none" };
    if (ways.whole) await prove({ production, local, files, options });
    else await shortProof(files, { production, local });
    const drift = await driftOn(world, files, { production, local });
    return { ...told, end: "proved", drift };
  } finally {
    await rm(directory, { recursive: true });
  }
}

interface Pair {
  readonly production: TestDatabase;
  readonly local: TestDatabase;
}

/** How many edits were skipped. */
async function apply(
  url: string,
  world: World,
  { first, edits }: { readonly first: string; readonly edits: readonly Edit[] },
): Promise<number> {
  const rows = await execute(
    url,
    `SET search_path = public, pg_temp; SET TimeZone = 'UTC'; ${first}\n${applySql(world, edits)}\nSELECT current_setting('random.skipped')`,
  );
  return Number(rows[0]?.[0]);
}

const KINDS = ["live", "live", "plain", "custom", "mixed", "half"] as const;

async function sidesOf(
  kind: (typeof KINDS)[number],
  { production, local, directory }: Pair & { readonly directory: string },
): Promise<Sides> {
  const dumped = (database: TestDatabase, format: "plain" | "custom") =>
    dumpTo(join(directory, `${database.name}.${format}`), database.url, format);
  switch (kind) {
    case "live":
      return { production: production.url, local: local.url };
    case "half":
      return { production: await dumped(production, "custom"), local: local.url };
    case "mixed":
      return {
        production: await dumped(production, "plain"),
        local: await dumped(local, "custom"),
      };
    default:
      return { production: await dumped(production, kind), local: await dumped(local, kind) };
  }
}

function optionsOf({ tables }: World): Options {
  const keys = tables
    .filter(({ keyKind }) => keyKind === "named")
    .map(({ name, key }) => ({ table: `${name.schema}.${name.name}`, columns: key }));
  return { deletes: "apply", keys };
}

/** What blocks must be known to be a knot; and a script made all the same does no harm. */
async function refusal(world: World, files: Files, { production, local }: Pair): Promise<void> {
  const { findings, messages } = files.found;
  // A key that no index vouches for may have come to stand for two rows.
  const isNamed = world.tables.some(({ keyKind }) => keyKind === "named");
  // Nor does every reference follow another spelling of what it refers to.
  const isRespelled = findings.includes("reference_respelled");
  const isKnown = (code: FindingFacts["code"]) =>
    UNANSWERABLE.has(code) ||
    (isNamed && code === "key_not_unique") ||
    (isRespelled && code === "blast_radius");
  if (!findings.some(isKnown)) throw new Broken("blocked", messages);
  const before = await stateOf(production.url);
  const { exitCode, stderr } = await psql(production.url, { file: files.path("deploy") });
  if (exitCode === 0) await expectRows("rows after a blocked deploy", production.url, local.url);
  else if (exitCode !== 3) throw new Broken("exit code of a blocked deploy", stderr);
  else expectState("state after a blocked deploy", before, await stateOf(production.url));
}

/** Whether deploy, or revert after it, stops as a warning said. Tried on a copy. */
async function stops(
  files: Files,
  production: TestDatabase,
  how: readonly RegExp[],
): Promise<boolean> {
  await using clone = await createDatabase({ template: production.name });
  for (const script of ["deploy", "revert"] as const) {
    const before = await stateOf(clone.url);
    const { exitCode, stderr } = await psql(clone.url, { file: files.path(script) });
    if (exitCode === 0) continue;
    if (exitCode !== 3 || !how.some((words) => words.test(stderr))) return false;
    expectState(`state after ${script} stopped`, before, await stateOf(clone.url));
    return true;
  }
  return false;
}

const IN_PLACE = /: already in place, nothing changed\s*$/;

/** On production itself: local's rows, nothing on the second run, and back. */
async function shortProof(files: Files, { production, local }: Pair): Promise<void> {
  const original = await stateOf(production.url);
  await succeeds(files, "deploy", production.url, /: \d+ rows? changed\s*$/);
  await expectRows("rows after deploy", production.url, local.url);
  const deployed = await stateOf(production.url);
  await succeeds(files, "deploy", production.url, IN_PLACE, "a second deploy does nothing");
  expectState("state after a second deploy", deployed, await stateOf(production.url));
  await succeeds(files, "verify", production.url, /: verified/);
  await succeeds(files, "revert", production.url, /: \d+ rows? changed\s*$/);
  const { rows, switches } = await stateOf(production.url);
  if (!alike(rows, original.rows))
    throw new Broken("rows after revert", differing(original.rows, rows));
  if (!alike(switches, original.switches)) throw new Broken("triggers after revert", switches);
}

async function succeeds(
  files: Files,
  script: Parameters<Files["path"]>[0],
  url: string,
  said: RegExp,
  promise = `${script} succeeds`,
): Promise<void> {
  const { exitCode, stdout, stderr } = await psql(url, { file: files.path(script) });
  if (exitCode !== 0 || stderr !== "" || !said.test(stdout))
    throw new Broken(promise, `${exitCode} ${stdout} ${stderr}`);
}

/** Production moves on, then deploy runs: it applies whole and loses nothing of that, or leaves everything as it is. */
async function driftOn(world: World, files: Files, pair: Pair): Promise<Outcome["drift"]> {
  const { production, local } = pair;
  const states = {
    production: await contentOf(world, production.url),
    local: await contentOf(world, local.url),
  };
  await apply(production.url, world, { first: "", edits: world.drift });
  const drifted = await contentOf(world, production.url);
  const before = await stateOf(production.url);
  const accept = world.seed % 2 === 0;
  const preflight = await psql(production.url, { file: files.path("preflight") });
  const deployed = await psql(production.url, {
    file: files.path("deploy"),
    ...(accept ? { variables: { in_place: "accept" } } : {}),
  });
  if (deployed.exitCode === 3) {
    expectState("state after a refused deploy", before, await stateOf(production.url));
    return "refused";
  }
  if (deployed.exitCode !== 0) throw new Broken("exit code after drift", deployed.stderr);
  if (!accept && preflight.exitCode !== 0)
    throw new Broken("preflight refused what deploy took", preflight.stderr);
  const result = await contentOf(world, production.url);
  if (!accept && isMixed(world, { ...states, drifted }))
    throw new Broken("a mixture is refused", deployed.stdout);
  const wrong = wrongs(world, { ...states, drifted, result });
  if (wrong.length > 0) throw new Broken("deploy after drift", wrong.join("\n"));
  return "applied";
}

async function expectRows(promise: string, url: string, wanted: string): Promise<void> {
  const [seen, expected] = [await rowsOf(url), await rowsOf(wanted)];
  if (!alike(seen, expected)) throw new Broken(promise, differing(expected, seen));
}

/** Everything but sequences: setval() is not undone by a rollback. */
function expectState(promise: string, before: State, after: State): void {
  if (!alike(before.rows, after.rows))
    throw new Broken(promise, differing(before.rows, after.rows));
  for (const part of ["versions", "switches"] as const)
    if (!alike(before[part], after[part])) throw new Broken(promise, after[part]);
}

function alike(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Rows that are on one side only. */
function differing(expected: State["rows"], seen: State["rows"]): unknown {
  return Object.entries(expected).flatMap(([table, rows]) => {
    const missing = rows.filter((row) => !seen[table]?.includes(row));
    const more = (seen[table] ?? []).filter((row) => !rows.includes(row));
    return missing.length + more.length === 0 ? [] : [{ table, missing, more }];
  });
}
