/**
 * What the scratch database has come to: after deploy production with the bundle's changes, after revert production itself.
 */
import { formatName, nameKey, type TableName } from "../../names.ts";
import type { Bundle } from "../bundle.ts";
import { changedDefinitions, readDefinitions } from "../definitions.ts";
import { type Differences, findDifferences } from "../differences.ts";
import { changedTables, type Fingerprint } from "../fingerprint.ts";
import { type Facts, StepFailed } from "../journal.ts";
import type { Mismatch } from "../matching.ts";
import type { Stage } from "./stage.ts";

/**
 * Compares the tables that have been written since the restore, and those of the bundle, with production. All other tables hold
 * the rows that were restored. Once `markBegun` was called others may write: what is read is the state of that moment.
 *
 * @throws StepFailed
 */
export async function compareDeployed(
  stage: Stage,
  now: Fingerprint,
  markBegun: () => void,
): Promise<Facts> {
  const { tables, records } = writtenTables(stage, now);
  const own = stage.bundle.tables.map(({ table }) => table);
  const compared = unique([...tables, ...own.filter((name) => isCompared(stage, name))]);
  const redefined = await redefinedNow(stage);
  const found = await compareWithProduction(stage, compared, { expected: "bundle", markBegun });
  return judge(found, { now, redefined, records, script: "deploy.sql" });
}

/**
 * As compareDeployed, but that nothing may differ. A table whose rows can be held against those of the restore is not read from
 * production again. @throws StepFailed
 */
export async function compareReverted(stage: Stage, now: Fingerprint): Promise<Facts> {
  const { tables, records } = writtenTables(stage, now);
  const { rows, others } = await rewritten(stage, tables, now);
  // Where nothing can be held the bundle's own tables are read, written or not.
  const own = stage.held ? [] : stage.bundle.tables.map(({ table }) => table);
  const compared = unique([...others, ...own.filter((name) => isCompared(stage, name))]);
  const redefined = await redefinedNow(stage);
  const found = await compareWithProduction(stage, compared, { expected: "nothing" });
  const same = { tables: tables.length - others.length, rows };
  return judge(found, { now, redefined, records, script: "revert.sql", same });
}

/** Tables written since the restore: those to compare, and the script's own records of what it did. */
function writtenTables(
  stage: Stage,
  now: Fingerprint,
): { readonly tables: readonly TableName[]; readonly records: readonly TableName[] } {
  const changed = changedTables(stage.restored, now);
  return {
    tables: changed.filter((name) => isCompared(stage, name)),
    records: changed.filter((name) => isOwnTable(stage.bundle, name)),
  };
}

function isCompared({ bundle, triggerWrites }: Stage, name: TableName): boolean {
  const isFree = triggerWrites.tables.some((free) => nameKey(free) === nameKey(name));
  return !isFree && !isOwnTable(bundle, name);
}

/** What the script writes about itself. */
function isOwnTable({ ledger, backupSchema }: Bundle, name: TableName): boolean {
  return (
    name.schema === backupSchema || (ledger !== undefined && nameKey(ledger) === nameKey(name))
  );
}

/** Rows written whose values are those of the restore again, and the tables of which that cannot be said. */
async function rewritten(
  { held, restored, connection }: Stage,
  tables: readonly TableName[],
  now: Fingerprint,
): Promise<{ readonly rows: number; readonly others: readonly TableName[] }> {
  if (held === undefined) return { rows: 0, others: tables };
  let rows = 0;
  const others: TableName[] = [];
  for (const table of tables) {
    // A table that was emptied or rewritten as a whole has lost what was held: its number of rows tells.
    const isWhole = countOf(restored, table) === countOf(now, table);
    const count = isWhole ? await held.rewritten(connection, table) : undefined;
    if (count === undefined) others.push(table);
    else rows += count;
  }
  return { rows, others };
}

function countOf({ tables }: Fingerprint, name: TableName): string | undefined {
  return tables.find(({ table }) => nameKey(table) === nameKey(name))?.rows;
}

const NOTHING: Differences = {
  matched: 0,
  missing: { count: 0, examples: [] },
  unexpected: { count: 0, examples: [] },
  compared: [],
  besides: [],
  notCompared: [],
};

async function compareWithProduction(
  stage: Stage,
  tables: readonly TableName[],
  {
    expected,
    markBegun,
  }: { readonly expected: "bundle" | "nothing"; readonly markBegun?: () => void },
): Promise<Differences> {
  if (tables.length === 0 && expected === "nothing") return NOTHING;
  // Not every dump can be read twice at once.
  await stage.comparison?.over;
  await using scratch = await stage.database.open();
  // What was truncated or rewritten could not be read in the snapshot any more.
  await scratch.prepare({ tables, connections: 1 });
  markBegun?.();
  return await findDifferences({ ...stage, scratch, tables, expected });
}

async function redefinedNow({ definitions, connection }: Stage): Promise<readonly string[]> {
  return changedDefinitions(definitions, await readDefinitions(connection));
}

interface Judged {
  readonly now: Fingerprint;
  /** Definitions that are not as before, in words. */
  readonly redefined: readonly string[];
  readonly records: readonly TableName[];
  readonly script: "deploy.sql" | "revert.sql";
  /** Held against the rows of the restore, and the same. */
  readonly same?: { readonly tables: number; readonly rows: number };
}

function judge(found: Differences, judged: Judged): Facts {
  const { now, redefined, records, script, same } = judged;
  const facts: Facts = {
    counts: {
      "tables compared": found.compared.length + (same?.tables ?? 0),
      "changes matched": found.matched,
      ...(same && same.tables > 0 ? { "rows written and as before": same.rows } : {}),
      missing: found.missing.count,
      unexpected: found.unexpected.count,
    },
    rows: now.digest,
    notes: [
      ...(found.besides.length > 0
        ? [`columns outside the comparison changed: ${found.besides.join(", ")}`]
        : []),
      ...(records.length > 0
        ? [`the script's own records: ${records.map(formatName).join(", ")}`]
        : []),
    ],
  };
  const reasons = reasonsOf(found, redefined);
  if (reasons.length === 0) return facts;
  throw new StepFailed(`after ${script}: ${reasons.join("; ")}`, { ...facts, script });
}

function reasonsOf(found: Differences, redefined: readonly string[]): readonly string[] {
  const gone = found.notCompared.filter((name) => name !== "");
  const { missing, unexpected } = found;
  return [
    described(
      missing,
      `${missing.count === 1 ? "change of the bundle was" : "changes of the bundle were"} not made`,
    ),
    described(
      unexpected,
      `${unexpected.count === 1 ? "change was" : "changes were"} made that the bundle does not hold`,
    ),
    redefined.length > 0
      ? `definitions are not as before: ${redefined.slice(0, 5).join(", ")}`
      : "",
    gone.length > 0 ? `rows were written in ${gone.join(", ")}, which cannot be compared` : "",
  ].filter((reason) => reason !== "");
}

function described({ count, examples }: Mismatch, what: string): string {
  if (count === 0) return "";
  return `${count} ${what}: ${examples.map((line) => line.slice(0, 300)).join(" ")}`;
}

function unique(names: readonly TableName[]): readonly TableName[] {
  return [...new Map(names.map((name) => [nameKey(name), name])).values()];
}
