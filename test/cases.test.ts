import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Counts } from "../src/compare/change.ts";
import type { ScriptOptions } from "../src/pipeline.ts";
import { canDump, type DumpFormat, dumpTo } from "./support/dumps.ts";
import { createDatabase, hasServer, type TestDatabase, testServer } from "./support/postgres.ts";
import { prove } from "./support/proof.ts";
import { type Found, find, type Options, scriptsOf } from "./support/scripts.ts";

/** case.json of a case. */
interface Case {
  readonly options?: Options;
  /** How the scripts are written, where it is not row by row on the way there and set-based on the way back. */
  readonly script?: Partial<ScriptOptions>;
  /** By `schema.table`; the way back is their mirror image unless it says otherwise. */
  readonly changes?: Changes;
  readonly withheld?: Changes;
  /** Codes, sorted: every warning and blocking finding, and the notices that matter to the case. */
  readonly findings?: readonly string[];
  /** A blocking finding is expected: there is nothing to deploy. */
  readonly blocked?: boolean;
  /** Tables and columns that differ in the end, as `format('%I.%I')` prints them. */
  readonly apart?: readonly string[];
  /** Columns that are not compared, and whose values revert.sql cannot bring back to deleted rows. */
  readonly lost?: readonly string[];
  /** Sequences after deploy. */
  readonly sequences?: Readonly<Record<string, string>>;
  readonly back?: Expected;
  /** Dumps alone cannot tell: only PostgreSQL knows which keys are equal, or evaluates a condition. */
  readonly liveOnly?: boolean;
  /** The first major version of PostgreSQL that has what the case needs, where not all have. */
  readonly since?: number;
  /** Scripts whose text is reviewed. */
  readonly goldens?: readonly "deploy"[];
}

type Changes = Readonly<Record<string, Partial<Counts>>>;
type Expected = Omit<Case, "options" | "script" | "goldens" | "back" | "liveOnly" | "since">;

/** Two databases and what a comparison of them is asked. */
interface Pair {
  readonly production: TestDatabase;
  readonly local: TestDatabase;
  readonly options: Options;
  readonly script?: Partial<ScriptOptions>;
}

/** Row by row on the way there, set-based on the way back. */
const ROWS = { bulkThreshold: 1000 };
const SETS = { bulkThreshold: 0 };

const folder = new URL("cases/", import.meta.url);
const names = (await readdir(folder)).sort();

/** What the meta-commands in names and values of the cases would make. */
const TRACE = "/tmp/rp-ran";

describe.skipIf(!hasServer).concurrent("cases", { timeout: 180_000 }, () => {
  beforeAll(() => rm(TRACE, { force: true }));
  afterAll(() => expect(existsSync(TRACE), "a name or value ran as a command").toBe(false));

  test.for(names)("%s", async (name, { expect, skip }) => {
    const text = await readFile(new URL(`${name}/case.json`, folder), "utf8");
    const {
      options = {},
      script,
      goldens = [],
      back,
      liveOnly = false,
      since = 13,
      ...expected
    }: Case = JSON.parse(text);
    skip(testServer().versionNumber < since * 10_000, `needs PostgreSQL ${since}`);
    const path = (file: string) => new URL(`${name}/${file}`, folder).pathname;
    await using production = await createDatabase({ file: path("production.sql") });
    await using local = await createDatabase({
      template: production.name,
      file: path("local.sql"),
    });
    const found = await oneWay({ production, local, options, script: script ?? ROWS }, expected);
    await oneWay(
      { production: local, local: production, options, script: script ?? SETS },
      { ...mirrored(expected), ...back },
    );
    if (!liveOnly && (await canDump())) await sameFromDumps({ production, local, options }, found);
    for (const golden of goldens)
      await expect(await reviewed({ production, local, options }, golden)).toMatchFileSnapshot(
        path(`${golden}.sql`),
      );
  });
});

/** Gives the changes, one a line. */
async function oneWay(
  { production, local, options, script }: Pair,
  expected: Expected,
): Promise<Found> {
  const { changes = {}, withheld = {}, findings = [], blocked = false } = expected;
  const sides = { production: production.url, local: local.url };
  await using files = await scriptsOf(sides, options, script);
  const { found } = files;
  expect(
    {
      changes: found.changes,
      withheld: found.withheld,
      findings: found.findings.filter(
        (code) => found.grave.includes(code) || findings.includes(code),
      ),
      blocked: found.blocked,
    },
    found.messages.join("\n"),
  ).toEqual({ changes, withheld, findings, blocked });
  if (!blocked) {
    const { apart = [], lost = [] } = expected;
    const { sequences } = await prove({ production, local, files, options, apart, lost });
    expect(sequences).toMatchObject(expected.sequences ?? {});
  }
  return found;
}

/** What the way back must find: inserts are deletes and deletes inserts. */
function mirrored({ changes = {}, withheld = {}, ...expected }: Expected): Expected {
  const { sequences: _, ...rest } = expected;
  return { ...rest, changes: swapped(changes), withheld: swapped(withheld) };
}

function swapped(changes: Changes): Changes {
  return Object.fromEntries(
    Object.entries(changes).map(([table, { insert, update, delete: deleted }]) => [
      table,
      {
        ...(deleted === undefined ? {} : { insert: deleted }),
        ...(update === undefined ? {} : { update }),
        ...(insert === undefined ? {} : { delete: insert }),
      },
    ]),
  );
}

/** The changeset is the same whether a side is live, a plain dump or a custom dump. */
async function sameFromDumps({ production, local, options }: Pair, live: Found): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "rowpatch-dumps-"));
  try {
    const dumped = async (database: TestDatabase, format: DumpFormat) =>
      dumpTo(join(directory, `${database.name}.${format}`), database.url, format);
    for (const [ours, theirs] of [
      ["custom", "plain"],
      ["plain", "custom"],
    ] as const) {
      const sides = {
        production: await dumped(production, ours),
        local: await dumped(local, theirs),
      };
      const { lines } = await find(sides, options);
      expect(lines, `production ${ours}, local ${theirs}`).toEqual(live.lines);
    }
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** The script as people read it; where the sides come from differs from run to run. */
async function reviewed(pair: Pair, script: "deploy"): Promise<string> {
  const sides = { production: pair.production.url, local: pair.local.url };
  await using files = await scriptsOf(sides, pair.options);
  const text = await readFile(files.path(script), "utf8");
  return text.replaceAll(/^(-- (?:production|local) +).*$/gm, "$1...");
}
