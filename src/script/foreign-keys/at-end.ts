/**
 * What is asked of foreign keys that PostgreSQL checks at the end of the transaction, right before it does: all changes are in place.
 */
import type { Change } from "../../compare/change.ts";
import type { Step } from "../../order/steps.ts";
import type { BulkLoad } from "../bulk.ts";
import { type Chunk, valuesList } from "../chunks.ts";
import { positionsOf, takes } from "../relations/rows.ts";
import type { RowSet } from "../row-set.ts";
import { comment, type Sql, sql } from "../sql.ts";
import type { ScriptTable } from "../table.ts";
import { ASKS, type ForeignKeyFacts, waits } from "./asked.ts";
import { refusal } from "./block.ts";
import { isGiven, listsOf } from "./given.ts";
import { comparesAlike, isDeferred, type Link, linksFrom, linksTo } from "./links.ts";
import { danglingRows, missingRows } from "./missing.ts";
import { leftRows } from "./remaining.ts";

/** A step, and the temporary table of its rows where it has one. */
export interface DoneStep {
  readonly step: Step;
  readonly table: ScriptTable;
  readonly load?: BulkLoad | undefined;
}

/** The blocks of all steps. */
export async function* checksAtEnd(
  facts: ForeignKeyFacts,
  steps: readonly DoneStep[],
): AsyncGenerator<Sql> {
  let isFirst = true;
  for (const done of steps) {
    for await (const block of checksOfStep(facts, done)) {
      if (isFirst) {
        yield comment(
          "Foreign keys that are checked only now, asked first in the words of this script",
        );
        yield sql`\\set SHOW_CONTEXT never`;
      }
      isFirst = false;
      yield block;
    }
  }
}

async function* checksOfStep(facts: ForeignKeyFacts, done: DoneStep): AsyncGenerator<Sql> {
  const { catalog, plan } = facts;
  const { kind } = done.step;
  const { name } = done.table;
  if (facts.isPrepared(done.table, kind)) return;
  if (kind === "insert" || kind === "update")
    for (const link of linksFrom(catalog, name))
      if (isDeferred(plan, link)) yield* dangling(facts, done, link);
  if (kind === "delete" || kind === "update")
    for (const link of linksTo(catalog, name))
      if (isDeferred(plan, link) && waits(link, kind) && comparesAlike(catalog, link))
        yield* left(facts, done, link);
}

async function* dangling(
  { catalog, words }: ForeignKeyFacts,
  { step, table, load }: DoneStep,
  link: Link,
): AsyncGenerator<Sql> {
  const positions = positionsOf(table, link.foreignKey.columns);
  const refuse = (rows: RowSet, from: Sql) => {
    const missing = danglingRows(catalog, { rows, from }, link);
    return missing
      ? [refusal([missingRows(rows, missing, link)], { asks: ASKS.parents, words })]
      : [];
  };
  if (load) return yield* refuse(load, sql`pg_temp.${load.name} AS want`);
  const written = of(step, (change) => positions === undefined || takes(change, positions));
  for await (const rows of listsOf(table, written, { positions: [], side: "after" }))
    yield* refuse(rows, keysOf(rows));
}

/** Where a value referred to is not compared, nothing is asked: PostgreSQL does. */
async function* left(
  { catalog, words }: ForeignKeyFacts,
  { step, table, load }: DoneStep,
  link: Link,
): AsyncGenerator<Sql> {
  const positions = positionsOf(table, link.foreignKey.referencedColumns);
  if (!positions) return;
  const refuse = (rows: RowSet, from: Sql, side: "a" | "b") => {
    const values = positions.map((position) => valueHeld(rows, position, side));
    const known = values.flatMap((value) => value ?? []);
    // An update of a part of the values: the others are those of the key, or not known here.
    if (known.length < values.length) return [];
    const found = leftRows(catalog, { rows, from }, link, known);
    return found ? [refusal([found], { asks: ASKS.children, words })] : [];
  };
  if (load) {
    if (load.kind === "delete" || positions.some((position) => isGiven(load, position)))
      yield* refuse(load, sql`pg_temp.${load.name} AS want`, "b");
    return;
  }
  const given = of(step, (change) => change.kind === "delete" || takes(change, positions));
  for await (const rows of listsOf(table, given, { positions, side: "before" }))
    yield* refuse(rows, valuesList(rows, { before: false, after: true }), "a");
}

function valueHeld(rows: RowSet, position: number, side: "a" | "b"): Sql | undefined {
  const n = rows.columns.findIndex((column) => column.position === position);
  const wanted = rows.columns[n];
  if (wanted && !wanted.hashed.before) {
    const value = sql`want.${side === "a" ? sql`a` : sql`b`}${n + 1}`;
    return wanted.column.equality === "value" ? value : sql`${value}::${wanted.column.cast}`;
  }
  const key = rows.table.keyPositions.indexOf(position);
  return key < 0 ? undefined : sql`want.k${key + 1}`;
}

async function* of(step: Step, test: (change: Change) => boolean): AsyncGenerator<Change> {
  for await (const change of step.changes()) if (test(change)) yield change;
}

function keysOf(rows: Chunk): Sql {
  return valuesList(rows, { before: false, after: false });
}
