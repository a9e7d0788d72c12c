/**
 * Edits as SQL: each a group of statements that holds as a whole or not at all.
 */
import { quoteIdentifier } from "../../src/names.ts";
import { over, typeOf } from "./types.ts";
import {
  type Edit,
  list,
  literalOf,
  type RandomReference,
  type RandomRow,
  type RandomTable,
  tableOf,
  target,
  text,
  type World,
  writable,
} from "./world.ts";

/** One block that applies edits one after the other; those that break a constraint are skipped, and counted in `random.skipped`. */
export function applySql(world: World, edits: readonly Edit[]): string {
  const blocks = edits.map((edit) => {
    const statements = editSql(world, edit).map((sql) => `  EXECUTE ${text(sql)};`);
    return `BEGIN\n${statements.join("\n")}\nEXCEPTION WHEN ${SKIPPED} THEN skipped := skipped + 1;\nEND;`;
  });
  return `SELECT set_config('random.skipped', '0', false);
DO ${text(`DECLARE skipped int := 0;\nBEGIN\n${blocks.join("\n")}\nPERFORM set_config('random.skipped', skipped::text, false);\nEND`)};`;
}

/** Constraints broken; values out of range; ALWAYS columns written; rows changed twice by cascades. */
const SKIPPED =
  "integrity_constraint_violation OR data_exception OR generated_always OR triggered_data_change_violation OR cardinality_violation";

function editSql(world: World, edit: Edit): readonly string[] {
  const statements = changesSql(world, edit);
  if (statements.length === 0) return [];
  if ((edit.kind === "update" || edit.kind === "delete") && !edit.free)
    return ["SET CONSTRAINTS ALL DEFERRED", ...statements, "SET CONSTRAINTS ALL IMMEDIATE"];
  return [
    "SET LOCAL session_replication_role = replica",
    ...statements,
    ...world.references.flatMap((reference) => adoption(world, reference, edit.salt)),
    "SET LOCAL session_replication_role = origin",
    ...world.references.flatMap((reference) => referenceCheck(world, reference)),
    ...world.tables.flatMap(ruleChecks),
  ];
}

function changesSql(world: World, edit: Edit): readonly string[] {
  switch (edit.kind) {
    case "insert":
      return edit.rows.flatMap((row) => insertSql(world, row));
    case "update": {
      const table = tableOf(world, edit.row.table);
      const set = table ? assignments(world, table, edit.row) : [];
      if (!table || set.length === 0) return [];
      return [`UPDATE ${target(table)} SET ${set.join(", ")} WHERE ${chosen(table, edit)}`];
    }
    case "delete": {
      const table = tableOf(world, edit.table);
      return table ? [`DELETE FROM ${target(table)} WHERE ${chosen(table, edit)}`] : [];
    }
    case "respell": {
      const table = tableOf(world, edit.table);
      const column = table && writable(world, table).find(({ name }) => name === edit.column);
      const respelled = column && typeOf(column.type).respelled;
      if (!table || !respelled) return [];
      const name = quoteIdentifier(edit.column);
      return [
        `UPDATE ${target(table)} SET ${name} = ${over(respelled, name)} WHERE ${chosen(table, edit)}`,
      ];
    }
    case "rotate":
      return rotateSql(world, edit);
    case "take":
      return takeSql(world, edit);
    case "rewire":
      return rewireSql(world, edit);
  }
}

function insertSql(world: World, row: RandomRow): readonly string[] {
  const table = tableOf(world, row.table);
  if (!table) return [];
  const columns = writable(world, table).filter(({ name }) => row.values[name] !== undefined);
  const values = columns.map((column) => literalOf(column, row.values[column.name] ?? null));
  return [
    `INSERT INTO ${quoted(table)} (${list(columns.map(({ name }) => name))}) OVERRIDING SYSTEM VALUE VALUES (${values.join(", ")})`,
  ];
}

function assignments(world: World, table: RandomTable, { values }: RandomRow): readonly string[] {
  return writable(world, table)
    .filter(({ name }) => values[name] !== undefined)
    .map(
      (column) =>
        `${quoteIdentifier(column.name)} = ${literalOf(column, values[column.name] ?? null)}`,
    );
}

/** Some rows, by what they hold and a salt. */
function chosen(table: RandomTable, { salt, count }: { salt: string; count: number }): string {
  return `(tableoid, ctid) IN (SELECT r.tableoid, r.ctid FROM ${target(table)} AS r ORDER BY md5(concat(r.*, ${text(salt)})) LIMIT ${count})`;
}

/** The rows go and come again, so that no order of single updates has to be found. */
function rotateSql(world: World, edit: Extract<Edit, { kind: "rotate" }>): readonly string[] {
  const table = tableOf(world, edit.table);
  if (!table) return [];
  const columns = writable(world, table);
  const select = columns.map((column) => {
    const name = `o.${quoteIdentifier(column.name)}`;
    if (!edit.columns.includes(column.name)) return name;
    const handed = `f.${quoteIdentifier(column.name)}`;
    const fresh = edit.fresh?.[column.name];
    return fresh === undefined
      ? handed
      : `CASE o.n WHEN 1 THEN ${literalOf(column, fresh)} ELSE ${handed} END`;
  });
  return [
    `WITH gone AS (DELETE FROM ${target(table)} WHERE ${chosen(table, edit)} RETURNING *),
numbered AS MATERIALIZED (SELECT *, row_number() OVER (ORDER BY (gone.*)::text COLLATE "C") AS n, count(*) OVER () AS of FROM gone)
INSERT INTO ${quoted(table)} (${list(columns.map(({ name }) => name))}) OVERRIDING SYSTEM VALUE
SELECT ${select.join(", ")} FROM numbered AS o JOIN numbered AS f ON f.n = CASE o.n WHEN 1 THEN o.of ELSE o.n - 1 END`,
  ];
}

function takeSql(world: World, edit: Extract<Edit, { kind: "take" }>): readonly string[] {
  const table = tableOf(world, edit.row.table);
  if (!table) return [];
  const columns = writable(world, table);
  const select = columns.map((column) => {
    const value = edit.row.values[column.name];
    return value === undefined ? quoteIdentifier(column.name) : literalOf(column, value);
  });
  return [
    `WITH gone AS (DELETE FROM ${target(table)} WHERE ${chosen(table, { ...edit, count: 1 })} RETURNING *),
all_gone AS MATERIALIZED (SELECT *, count(*) OVER () FROM gone)
INSERT INTO ${quoted(table)} (${list(columns.map(({ name }) => name))}) OVERRIDING SYSTEM VALUE SELECT ${select.join(", ")} FROM all_gone`,
  ];
}

function rewireSql(world: World, edit: Extract<Edit, { kind: "rewire" }>): readonly string[] {
  const reference = world.references.find(({ name }) => name === edit.reference);
  const child = reference && tableOf(world, reference.child);
  if (!reference || !child) return [];
  return [`${adoptionOf(world, reference, edit.salt)} WHERE ${chosen(child, edit)}`];
}

/** Rows whose parent is gone or never was get another one. */
function adoption(world: World, reference: RandomReference, salt: string): readonly string[] {
  const set = adoptionOf(world, reference, salt);
  return set === "" ? [] : [`${set} WHERE ${orphaned(world, reference)}`];
}

function adoptionOf(world: World, reference: RandomReference, salt: string): string {
  const [child, parent] = [tableOf(world, reference.child), tableOf(world, reference.parent)];
  if (!child || !parent) return "";
  return `UPDATE ${target(child)} AS c SET (${list(reference.columns)}) = (SELECT ${list(reference.referenced, "p.")} FROM ${target(parent)} AS p ORDER BY md5(concat(p.*, c.*, ${text(salt)})) LIMIT 1)`;
}

function orphaned(world: World, reference: RandomReference): string {
  const parent = tableOf(world, reference.parent);
  if (!parent) return "false";
  const set = reference.columns.map((name) => `c.${quoteIdentifier(name)} IS NOT NULL`);
  const same = reference.columns.map(
    (name, n) => `p.${quoteIdentifier(reference.referenced[n] ?? "")} = c.${quoteIdentifier(name)}`,
  );
  const refers = set.join(reference.full ? " OR " : " AND ");
  return `(${refers}) AND NOT EXISTS (SELECT FROM ${target(parent)} AS p WHERE ${same.join(" AND ")})`;
}

function referenceCheck(world: World, reference: RandomReference): readonly string[] {
  const child = tableOf(world, reference.child);
  if (!child || !tableOf(world, reference.parent)) return [];
  return [refusal(`${target(child)} AS c WHERE ${orphaned(world, reference)}`)];
}

/** Keys without an index, and deferrable constraints, which do not act while replication is played. */
function ruleChecks(table: RandomTable): readonly string[] {
  const other = `(a.tableoid, a.ctid) < (b.tableoid, b.ctid)`;
  const key = table.key.map((name) => `a.${quoteIdentifier(name)} = b.${quoteIdentifier(name)}`);
  const checked = [
    ...(table.keyKind === "named" || table.keyKind === "deferrable" ? [key.join(" AND ")] : []),
    ...table.rules.flatMap(({ broken }) => broken ?? []),
  ];
  // A subquery without rows brings NULL past a domain that forbids it.
  const labels = table.columns.filter(({ type }) => type === "label");
  return [
    ...checked.map((broken) =>
      refusal(`${target(table)} AS a, ${target(table)} AS b WHERE ${other} AND ${broken}`),
    ),
    ...labels.map(({ name }) =>
      refusal(`${target(table)} AS a WHERE num_nulls(a.${quoteIdentifier(name)}) > 0`),
    ),
  ];
}

/** Fails as a constraint would, by a division by zero, which is skipped too. */
function refusal(rows: string): string {
  return `SELECT 1 / (SELECT count(*) FROM (SELECT 1 LIMIT 1) AS one WHERE NOT EXISTS (SELECT FROM ${rows}))`;
}

function quoted(table: RandomTable): string {
  return target(table).replace(/^ONLY /, "");
}
