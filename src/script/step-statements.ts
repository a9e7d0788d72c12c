/**
 * The steps of a plan as statements: one a row, or set-based where a step is large.
 */
import type { Change } from "../compare/change.ts";
import { nameKey } from "../names.ts";
import { rowKey } from "../order/release.ts";
import type { Plan, Step } from "../order/steps.ts";
import {
  applyRows,
  type BulkLoad,
  type BulkOptions,
  isBulk,
  loadRows,
  measure,
  measured,
} from "./bulk.ts";
import { type Loads, loadKey } from "./checks.ts";
import { chunksOf, valuesList } from "./chunks.ts";
import { isWrittenByTriggers } from "./column.ts";
import { type Asked, askedBefore, type ForeignKeyFacts } from "./foreign-keys/asked.ts";
import { checksAtEnd } from "./foreign-keys/at-end.ts";
import { checksOfRows, checksOfSet } from "./foreign-keys/before-steps.ts";
import { goneFirst } from "./foreign-keys/gone-first.ts";
import { progress, progressOfWriting } from "./progress.ts";
import { type RowSet, sameKey } from "./row-set.ts";
import { comment, doBlock, type Sql, sql } from "./sql.ts";
import { releaseCheck } from "./state-check.ts";
import { statement, statementTogether } from "./statement.ts";
import type { ScriptTable } from "./table.ts";

/** A step and how it is written. */
export type WrittenStep = { readonly step: Step; readonly table: ScriptTable } & (
  | { readonly form: "rows" | "lists" }
  | { readonly form: "table"; readonly load: BulkLoad }
);

/** Decides for each step. Reads the changes of those that releases have altered. */
export async function writtenSteps(
  plan: Plan,
  tables: ReadonlyMap<string, ScriptTable>,
  options: BulkOptions,
): Promise<readonly WrittenStep[]> {
  const written: WrittenStep[] = [];
  for (const [index, step] of plan.steps.entries()) {
    const table = tables.get(nameKey(step.table));
    if (!table) throw new Error(`a step concerns ${step.table.name}, which has no changes`);
    const kind: Change["kind"] = step.kind === "release" ? "update" : step.kind;
    const rows = { kind, count: step.count, changes: step.changes };
    const known = step.asCompared && step.count === table.changed.counts[kind];
    const size = known
      ? measured(table, rows, table.changed.profiles[kind])
      : await measure(table, rows);
    if (!size.copyable || isRewritten(step, table) || !isBulk(size, step.count, options))
      written.push({ step, table, form: "rows" });
    else if (!options.temporaryTables) written.push({ step, table, form: "lists" });
    else {
      const load = {
        ...size,
        ...rows,
        sides: { before: true, after: true },
        name: sql`rowpatch_step_${index + 1}`,
      };
      written.push({ step, table, form: "table", load });
    }
  }
  return written;
}

/** Temporary tables of steps that hold all changes of their table and kind: the state check reads them again. */
export function reusableLoads(steps: readonly WrittenStep[]): Loads {
  return new Map(
    steps.flatMap((written) => {
      if (written.form !== "table" || !written.step.whole) return [];
      const { load, table } = written;
      return load.count === table.changed.counts[load.kind]
        ? [[loadKey(table, load.kind), load] as const]
        : [];
    }),
  );
}

/** Whether the guards of some rows are others than those of the rest, which one statement for all cannot tell apart. */
function isRewritten({ rewritten }: Step, { columns }: ScriptTable): boolean {
  return rewritten !== undefined && columns.some(isWrittenByTriggers);
}

/** Every step under a comment that says its place, kind and size. `drifted` refuses what state checks have found. */
export async function* stepStatements(
  steps: readonly WrittenStep[],
  facts: ForeignKeyFacts,
  drifted: Sql,
): AsyncGenerator<Sql> {
  for (const [index, written] of steps.entries()) {
    const { step, table } = written;
    const why = step.reason === undefined ? "" : `: ${step.reason}`;
    const rows = `${step.count} ${step.kind}${step.count === 1 ? "" : "s"}`;
    const title = `tep ${index + 1} of ${steps.length}: ${table.label}, ${rows}${why}`;
    yield comment(`S${title}`);
    if (isRewritten(step, table))
      yield comment(
        "A row that this transaction has written before is asked for by xmin, not by what triggers may have set in it since",
      );
    yield index === 0 ? progress(`s${title}`) : progressOfWriting(`s${title}`);
    yield* statements(written, facts);
    if (step.frees) yield* releaseChecks(written, step.frees(), drifted);
    yield sql``;
  }
  const done = steps.map((written) => ({
    ...written,
    load: written.form === "table" ? written.load : undefined,
  }));
  yield* checksAtEnd(facts, done);
}

async function* statements(written: WrittenStep, facts: ForeignKeyFacts): AsyncGenerator<Sql> {
  const { step, table } = written;
  const asked = askedBefore(facts, step, table);
  const locked = step.kind === "delete" && table.children.length > 0;
  if (locked && written.form !== "table")
    for await (const rows of keysOf(written)) yield lockRows(...rows);
  if (written.form === "table") {
    const own = sql`pg_temp.${written.load.name}`;
    const from = sql`${own} AS want`;
    yield* loadRows(written.load);
    if (locked) yield lockRows(written.load, from);
    yield* toldPlainly(checksOfSet(facts, asked, { rows: written.load, from, own }));
    yield applyRows(written.load, from);
    return;
  }
  const write = writer(written, asked, facts);
  if (asked.parents.length + asked.children.length > 0) {
    for await (const changes of portions(step)) {
      yield* toldPlainly(checksOfRows(facts, asked, { table, changes, kind: step.kind }));
      if (asked.isWithin) yield* write(replay(changes));
    }
  }
  if (!asked.isWithin) yield* write(step.changes());
}

/** Rows asked about at a time; few enough that those which refer to each other stand in one list. */
const PORTION = 500;

/** The changes of a step as they are asked about: all that go together, else some hundreds. */
async function* portions({ together, changes }: Step): AsyncGenerator<readonly Change[]> {
  let portion: Change[] = [];
  for await (const change of changes()) {
    portion.push(change);
    if (together || portion.length < PORTION) continue;
    yield portion;
    portion = [];
  }
  if (portion.length > 0) yield portion;
}

/** Exceptions of this program are told without the place in a block. */
async function* toldPlainly(blocks: AsyncIterable<Sql> | Iterable<Sql>): AsyncGenerator<Sql> {
  let isFirst = true;
  for await (const block of blocks) {
    if (isFirst) yield sql`\\set SHOW_CONTEXT never`;
    isFirst = false;
    yield block;
  }
  if (!isFirst) yield sql`\\set SHOW_CONTEXT errors`;
}

/** Writes changes of a step that is no temporary table, as they come. */
function writer(
  { step, table, form }: WrittenStep,
  asked: Asked,
  { catalog }: ForeignKeyFacts,
): (changes: AsyncIterable<Change>) => AsyncGenerator<Sql> {
  const waitsFor = goneFirst(catalog, asked, table);
  return async function* (changes) {
    if (step.together) {
      const all: Change[] = [];
      for await (const change of changes) all.push(change);
      yield statementTogether(table, { step, within: asked.isWithin }, all);
    } else if (form === "lists") {
      // Rows that refer to each other stand in the order in which they must go.
      const order = { hashAfter: false, inOrder: !step.whole };
      for await (const chunk of chunksOf(table, changes, order)) {
        const from = valuesList(chunk, { before: true, after: true });
        yield applyRows(chunk, from, asked.isWithin);
      }
    } else {
      for await (const change of changes) {
        const rewritten = step.rewritten?.has(rowKey(change));
        yield statement(table, change, { rewritten, conditions: waitsFor(change) });
      }
    }
  };
}

async function* replay(changes: readonly Change[]): AsyncGenerator<Change> {
  yield* changes;
}

/** Asks whether what other rows wait for is free, before they run into it. */
async function* releaseChecks(
  written: WrittenStep,
  frees: AsyncIterable<Change>,
  drifted: Sql,
): AsyncGenerator<Sql> {
  if (written.step.kind === "delete")
    for await (const rows of keysOf(written)) yield releaseCheck(...rows);
  else
    for await (const chunk of chunksOf(written.table, frees, { hashAfter: true })) {
      // What triggers may have written before is not known: nothing is asked of it.
      if (chunk.columns.every(({ column }) => column.checked.before))
        yield releaseCheck(chunk, valuesList(chunk, { before: true, after: false }));
    }
  yield* toldPlainly([drifted]);
}

/** The rows of a step with their keys, and where they stand. */
async function* keysOf(written: WrittenStep): AsyncGenerator<[RowSet, Sql]> {
  if (written.form === "table")
    return yield [written.load, sql`pg_temp.${written.load.name} AS want`];
  const { step, table } = written;
  for await (const chunk of chunksOf(table, step.changes(), { hashAfter: true }))
    yield [chunk, valuesList(chunk, { before: false, after: false })];
}

/**
 * Locks rows before they are deleted, in a statement of its own. A row that has just come to refer to one of them holds a weaker lock on
 * it: the delete would wait for that, yet not look again for children, and cascade onto the new row. After this, it looks anew.
 */
function lockRows(rows: RowSet, from: Sql): Sql {
  const body = sql`BEGIN
  PERFORM FROM ${from}
    JOIN ${rows.table.target} AS t ON ${sameKey(rows)} FOR UPDATE OF t;
END`;
  return doBlock("lock", body);
}
