/**
 * One change as one statement that says what it expects. A statement that finds its row otherwise changes nothing,
 * and the checks at the end of the script tell.
 */
import type { Change, Datum } from "../compare/change.ts";
import { rowKey } from "../order/release.ts";
import type { Step } from "../order/steps.ts";
import { unreferenced } from "./children.ts";
import { assigned, isWrittenByTriggers, type ScriptColumn, valueIs } from "./column.ts";
import { ident, join, type Sql, sql } from "./sql.ts";
import { columnList, keyCondition, type ScriptTable } from "./table.ts";

/** What is known of a row beside its change. */
export interface Circumstances {
  /** This transaction has written the row already: triggers may have fired. */
  readonly rewritten?: boolean | undefined;
  /** Further conditions of a delete. */
  readonly conditions?: readonly Sql[];
}

/** The statement for one change. */
export function statement(
  table: ScriptTable,
  change: Change,
  { rewritten = false, conditions = [] }: Circumstances = {},
): Sql {
  switch (change.kind) {
    case "insert":
      return insertRows(table, [change.after]);
    case "update":
      return update(table, change, rewritten);
    case "delete":
      return sql`DELETE FROM ${table.target} WHERE ${join(
        [
          deleteCondition(table, change, rewritten),
          ...unreferenced(table, change.before, keyCondition(table, change.key, sql`c.`)),
          ...conditions,
        ],
        " AND ",
      )};`;
  }
}

/**
 * All changes of a step in one statement: rows that refer to each other, `within` by foreign keys without an action too. Only inserts
 * and deletes are ever put together.
 */
export function statementTogether(
  table: ScriptTable,
  { step, within }: { readonly step: Step; readonly within: boolean },
  changes: readonly Change[],
): Sql {
  if (step.kind === "insert") {
    return insertRows(
      table,
      changes.flatMap((change) => (change.kind === "insert" ? [change.after] : [])),
    );
  }
  const deletes = changes.flatMap((change) => (change.kind === "delete" ? [change] : []));
  const rows = join(
    deletes.map(
      (change) =>
        sql`(${deleteCondition(table, change, step.rewritten?.has(rowKey(change)) ?? false)})`,
    ),
    "\n  OR ",
  );
  const keys = (row: Sql) =>
    join(
      deletes.map(({ key }) => sql`(${keyCondition(table, key, row)})`),
      " OR ",
    );
  const guards = deletes.flatMap(({ before }) => unreferenced(table, before, keys(sql`c.`)));
  // A row that is not as expected would go with the others that it refers to, or keep them.
  if (within || table.children.some(({ same }) => same))
    guards.push(
      sql`NOT EXISTS (SELECT FROM ${table.target} WHERE (${keys(sql``)}) AND (${rows}) IS NOT TRUE)`,
    );
  if (guards.length === 0) return sql`DELETE FROM ${table.target} WHERE ${rows};`;
  return sql`DELETE FROM ${table.target} WHERE (${rows})\n  AND ${join(guards, "\n  AND ")};`;
}

function insertRows(table: ScriptTable, rows: readonly (readonly Datum[])[]): Sql {
  const overriding = table.overriding ? sql` OVERRIDING SYSTEM VALUE` : sql``;
  const into = sql`INSERT INTO ${table.qualified} ${columnList(table.columns)}${overriding}`;
  // UNION would take bare literals for text.
  const typed = !table.arbiter && rows.length > 1;
  const values = rows.map((row) => rowValues(table, row, typed));
  if (table.arbiter) {
    const separator = values.length > 1 ? "),\n  (" : "";
    return sql`${into} VALUES (${join(values, separator)}) ON CONFLICT ${columnList(table.key)} DO NOTHING;`;
  }
  // No index can decide a conflict here: the table is locked against writers, so looking first is safe.
  const guarded = rows.map((row, index) => {
    const key = table.keyPositions.map((position) => row[position] ?? null);
    const there = sql`SELECT FROM ${table.target} WHERE ${keyCondition(table, key, sql``)}`;
    return sql`SELECT ${values[index] ?? sql``} WHERE NOT EXISTS (${there})`;
  });
  return sql`${into} ${join(guarded, "\n  UNION ALL ")};`;
}

function rowValues(table: ScriptTable, row: readonly Datum[], typed: boolean): Sql {
  return join(
    table.columns.map((column, position) => {
      const value = assigned(column, row[position] ?? null);
      return typed ? sql`${value}::${column.cast}` : value;
    }),
    ", ",
  );
}

function update(
  table: ScriptTable,
  change: Extract<Change, { kind: "update" }>,
  rewritten: boolean,
): Sql {
  const assignments: Sql[] = [];
  const values: (readonly [ScriptColumn, Datum])[] = [];
  for (const [index, position] of change.columns.entries()) {
    const column = table.columns[position];
    if (!column) throw new Error(`${table.label} has no column at ${position}`);
    assignments.push(sql`${ident(column.name)} = ${assigned(column, change.after[index] ?? null)}`);
    values.push([column, change.before[index] ?? null]);
  }
  const condition = [keyCondition(table, change.key, sql``), ...guards(values, rewritten)];
  return sql`UPDATE ${table.target} SET ${join(assignments, ", ")} WHERE ${join(condition, " AND ")};`;
}

function deleteCondition(
  table: ScriptTable,
  change: Extract<Change, { kind: "delete" }>,
  rewritten: boolean,
): Sql {
  const values = table.columns.flatMap((column, position) =>
    table.keyPositions.includes(position)
      ? []
      : [[column, change.before[position] ?? null] as const],
  );
  const condition = [keyCondition(table, change.key, sql``), ...guards(values, rewritten)];
  return join(condition, " AND ");
}

/**
 * The row holds its old values. What triggers may have written into it since this transaction wrote it first is not known; that it did
 * is asked in its place.
 */
function guards(values: readonly (readonly [ScriptColumn, Datum])[], rewritten: boolean): Sql[] {
  const known = values.filter(
    ([column]) => column.checked.before && !(rewritten && isWrittenByTriggers(column)),
  );
  const found = known.map(([column, value]) => valueIs(column, value, sql``));
  const isAsked = rewritten && values.some(([column]) => isWrittenByTriggers(column));
  return isAsked ? [...found, sql`xmin = pg_current_xact_id_if_assigned()::xid`] : found;
}
