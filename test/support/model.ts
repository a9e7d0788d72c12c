/**
 * PostgreSQL's rules for rows, in memory: keys, unique values and foreign keys hold after every statement, deferred ones at the end.
 * Statements that find their row otherwise than they expect are noted. Tables of the schema `public`, all columns compared.
 */
import type { Catalog, Constraint, ForeignKey, Table } from "../../src/catalog/types.ts";
import type { Change, Datum } from "../../src/compare/change.ts";
import { nameKey } from "../../src/names.ts";
import type { Plan } from "../../src/order/steps.ts";
import { tableOf } from "./schema.ts";
import type { Row, Rows } from "./states.ts";

export interface Outcome {
  /** Sorted. */
  readonly rows: Rows;
  /** What PostgreSQL or a check of the script would have refused. */
  readonly problems: readonly string[];
  /** Updates that foreign keys made, by table. */
  readonly cascades: Readonly<Record<string, number>>;
}

type State = Map<string, Datum[][]>;

/** The rows after the plan's steps. */
export async function execute(catalog: Catalog, rows: Rows, plan: Plan): Promise<Outcome> {
  const state: State = new Map(
    catalog.tables.map(({ name }) => [name.name, (rows[name.name] ?? []).map((row) => [...row])]),
  );
  const deferred = new Set(plan.deferred.map(({ table, name }) => `${nameKey(table)} ${name}`));
  const problems: string[] = [];
  const cascades: Record<string, number> = {};
  const check = (place: string, all: boolean) => {
    for (const broken of brokenRules(catalog, state)) {
      if (all || !deferred.has(`${nameKey(broken.table.name)} ${broken.rule}`))
        problems.push(`${place}: ${broken.table.name.name}.${broken.rule}`);
    }
  };
  check("before", true);
  for (const [index, step] of plan.steps.entries()) {
    const place = `step ${index + 1}, ${step.kind} ${step.table.name}`;
    let count = 0;
    for await (const change of step.changes()) {
      count += 1;
      const table = tableOf(catalog, step.table.name);
      if (!apply({ catalog, state, cascades }, table, change))
        problems.push(`${place}: ${change.key} is not as expected`);
      if (!step.together) check(place, false);
    }
    if (step.together) check(place, false);
    if (count !== step.count) problems.push(`${place}: ${count} changes instead of ${step.count}`);
  }
  check("end", true);
  return { rows: sortedRows(Object.fromEntries(state)), problems, cascades };
}

/** Tables without rows are left out; order does not matter. */
export function sortedRows(rows: Rows): Rows {
  return Object.fromEntries(
    Object.entries(rows)
      .filter(([, list]) => list.length > 0)
      .map(([name, list]) => [
        name,
        [...list].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
      ]),
  );
}

interface World {
  readonly catalog: Catalog;
  readonly state: State;
  readonly cascades: Record<string, number>;
}

/** False where the row is not as expected; nothing has changed then. */
function apply(world: World, table: Table, change: Change): boolean {
  const rows = world.state.get(table.name.name) ?? [];
  const keyed = keyPositions(table);
  const index = rows.findIndex((row) => keyed.every((at, n) => row[at] === change.key[n]));
  const row = rows[index];
  if (change.kind === "insert") {
    if (row) return false;
    rows.push([...change.after]);
    return true;
  }
  const columns = change.kind === "update" ? change.columns : [...change.before.keys()];
  if (!row || !columns.every((position, n) => row[position] === change.before[n])) return false;
  if (change.kind === "delete") {
    rows.splice(index, 1);
    return true;
  }
  const after = [...row];
  for (const [n, position] of change.columns.entries()) after[position] = change.after[n] ?? null;
  rows[index] = after;
  follow(world, table, { before: row, after });
  return true;
}

/** ON UPDATE CASCADE and SET NULL. */
function follow(
  world: World,
  parent: Table,
  { before, after }: { readonly before: Row; readonly after: Row },
): void {
  for (const table of world.catalog.tables) {
    for (const key of foreignKeys(table, parent)) {
      if (key.onUpdate !== "cascade" && key.onUpdate !== "set null") continue;
      const [old, now] = [before, after].map((row) =>
        positions(parent, key.referencedColumns).map((at) => row[at] ?? null),
      );
      if (!old || !now || JSON.stringify(old) === JSON.stringify(now)) continue;
      const own = positions(table, key.columns);
      const rows = world.state.get(table.name.name) ?? [];
      for (const [index, child] of rows.entries()) {
        if (!own.every((at, n) => child[at] === old[n])) continue;
        const moved = [...child];
        for (const [n, at] of own.entries())
          moved[at] = key.onUpdate === "cascade" ? (now[n] ?? null) : null;
        rows[index] = moved;
        const { name } = table.name;
        world.cascades[name] = (world.cascades[name] ?? 0) + 1;
        follow(world, table, { before: child, after: moved });
      }
    }
  }
}

function* brokenRules(
  catalog: Catalog,
  state: State,
): Generator<{ readonly table: Table; readonly rule: string }> {
  for (const table of catalog.tables) {
    const rows = state.get(table.name.name) ?? [];
    for (const [rule, columns] of uniqueSets(table)) {
      const values = rows
        .map((row) => positions(table, columns).map((at) => row[at] ?? null))
        .filter((value) => !value.includes(null))
        .map((value) => JSON.stringify(value));
      if (new Set(values).size < values.length) yield { table, rule };
    }
    for (const column of table.columns.filter(({ notNull }) => notNull)) {
      const [at = -1] = positions(table, [column.name]);
      if (rows.some((row) => row[at] === null)) yield { table, rule: `${column.name} NOT NULL` };
    }
    for (const key of foreignKeys(table)) {
      if (rows.some((row) => isOrphan(catalog, state, { table, key, row })))
        yield { table, rule: key.name };
    }
  }
}

function isOrphan(
  catalog: Catalog,
  state: State,
  { table, key, row }: { readonly table: Table; readonly key: ForeignKey; readonly row: Row },
): boolean {
  const values = positions(table, key.columns).map((at) => row[at] ?? null);
  if (values.includes(null)) return false;
  const parent = tableOf(catalog, key.references.name);
  const referred = positions(parent, key.referencedColumns);
  const parents = state.get(parent.name.name) ?? [];
  return !parents.some((other) => referred.every((at, n) => other[at] === values[n]));
}

function uniqueSets(table: Table): readonly (readonly [string, readonly string[]])[] {
  const constraints = table.constraints.flatMap((constraint) =>
    constraint.kind === "primary" || constraint.kind === "unique"
      ? [[constraint.name, constraint.columns] as const]
      : [],
  );
  const indexes = table.uniqueIndexes.map(
    ({ name, parts }) =>
      [name, parts.flatMap((part) => ("column" in part ? [part.column] : []))] as const,
  );
  return [...constraints, ...indexes];
}

function foreignKeys(table: Table, parent?: Table): readonly ForeignKey[] {
  const isForeign = (constraint: Constraint): constraint is ForeignKey =>
    constraint.kind === "foreign";
  return table.constraints
    .filter(isForeign)
    .filter(({ references }) => !parent || nameKey(references) === nameKey(parent.name));
}

function keyPositions(table: Table): readonly number[] {
  const key = table.constraints.find(({ kind }) => kind === "primary");
  return key?.kind === "primary" ? positions(table, key.columns) : [];
}

function positions(table: Table, columns: readonly string[]): readonly number[] {
  return columns.map((name) => table.columns.findIndex((column) => column.name === name));
}
