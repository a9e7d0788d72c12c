/**
 * CREATE TABLE and CREATE FOREIGN TABLE, with what a table takes over from its parents, its partition root or its type.
 */
import { formatName, nameKey, type TableName } from "../../names.ts";
import type { CreateStmt, Node } from "../parser.ts";
import type { Column, Table } from "../types.ts";
import { addColumn } from "./column.ts";
import { addConstraint } from "./constraint.ts";
import { emptyTable, findTable, type TableDraft } from "./draft.ts";
import { groupAfter } from "./sql-text.ts";
import { relationName, type Statement, unreadable } from "./statement.ts";
import { typeRef } from "./type.ts";

/**
 * Adds the table to the draft; temporary ones are left out.
 *
 * @throws ExpectedError `ddl_unreadable` where the dump defines it twice, or does not define what it is made from.
 */
export function createTable(
  statement: Statement,
  node: CreateStmt,
  written: "table" | "foreign",
): void {
  if (node.relation?.relpersistence === "t") return;
  const name = relationName(statement, node.relation);
  if (findTable(statement.draft, name)) {
    if (node.if_not_exists) return;
    throw unreadable(statement, `${formatName(name)} is defined a second time`);
  }
  const kind: Table["kind"] = node.partspec ? "partitioned" : written;
  const table = emptyTable(name, kind);
  table.unlogged = node.relation?.relpersistence === "u";
  if (node.partspec) table.partitionKey = partitionKey(statement, node);
  takeOver(statement, node, table);
  statement.draft.tables.set(nameKey(name), table);
  const named = { ...statement, bare: node.relation?.schemaname === undefined };
  for (const [index, element] of (node.tableElts ?? []).entries()) {
    addElement(named, element, { table, next: startOf(node.tableElts?.[index + 1]) });
  }
}

function addElement(
  statement: Statement,
  element: Node,
  { table, next }: { readonly table: TableDraft; readonly next: number | undefined },
): void {
  const place = { table, ...(next === undefined ? {} : { next }) };
  if ("ColumnDef" in element) addColumn(statement, element.ColumnDef, place);
  else if ("Constraint" in element) addConstraint(statement, element.Constraint, place);
  else throw unreadable(statement, "rowpatch does not read CREATE TABLE ... (LIKE ...)");
}

function startOf(element: Node | undefined): number | undefined {
  if (element && "ColumnDef" in element) return element.ColumnDef.location;
  return element && "Constraint" in element ? element.Constraint.location : undefined;
}

/** `RANGE (at)` of `PARTITION BY RANGE (at)`, as pg_get_partkeydef() prints it. */
function partitionKey({ sql }: Statement, node: CreateStmt): string {
  const from = node.partspec?.location ?? 0;
  const group = groupAfter(sql, from);
  const text = sql.slice(from, group && group.end + 1);
  return text.replace(/^PARTITION\s+BY\s+/i, "");
}

function takeOver(statement: Statement, node: CreateStmt, table: TableDraft): void {
  if (node.ofTypename) table.columns.push(...typeColumns(statement, node.ofTypename));
  for (const parentNode of node.inhRelations ?? []) {
    if (!("RangeVar" in parentNode)) continue;
    const name = relationName(statement, parentNode.RangeVar);
    if (node.partbound) table.partitionOf = name;
    else table.inherits.push(name);
    mergeColumns(table, definedParent(statement, name).columns);
  }
}

/**
 * The table that another one is made from.
 *
 * @throws ExpectedError `ddl_unreadable` where the dump does not define it, as in dumps of some tables only.
 */
function definedParent(statement: Statement, name: TableName): TableDraft {
  const parent = findTable(statement.draft, name);
  if (parent) return parent;
  throw unreadable(
    statement,
    `it takes its columns from ${formatName(name)}, which this dump does not define; make a dump that holds both tables`,
  );
}

/** Parents give columns with type, default, generation, NOT NULL and collation; identity stays with the parent. */
function mergeColumns(table: TableDraft, inherited: readonly Column[]): void {
  for (const { identity: _identity, ...column } of inherited) {
    const at = table.columns.findIndex(({ name }) => name === column.name);
    const known = table.columns[at];
    if (known) table.columns[at] = { ...known, notNull: known.notNull || column.notNull };
    else table.columns.push(column);
  }
}

function typeColumns(
  statement: Statement,
  typeName: NonNullable<CreateStmt["ofTypename"]>,
): Column[] {
  const { schema, name } = typeRef(statement, typeName);
  const type = statement.draft.types.get(nameKey({ schema, name }));
  if (type?.kind !== "composite") {
    throw unreadable(
      statement,
      `it takes its columns from type ${formatName({ schema, name })}, which this dump does not define`,
    );
  }
  return type.attributes.map((attribute) => ({ ...attribute, notNull: false }));
}
