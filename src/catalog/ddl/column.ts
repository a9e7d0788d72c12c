/**
 * One column of CREATE TABLE: type, default, generation, identity, NOT NULL, collation, and the constraints written with it.
 */
import type { QualifiedName } from "../../names.ts";
import { type ColumnDef, type ConstraintNode, type Node, quoteIdentifier } from "../parser.ts";
import type { Column } from "../types.ts";
import { addSerial, serialType, setDefault, setGenerated, setIdentity } from "./column-value.ts";
import { addConstraint } from "./constraint.ts";
import { changeColumn, type TableDraft } from "./draft.ts";
import { sliceItem } from "./sql-text.ts";
import { listedName, type Statement, strings, unreadable } from "./statement.ts";
import { typeRef } from "./type.ts";

/** A column definition, and where the next item of the list starts, if the parser tells. */
export interface ColumnPlace {
  readonly table: TableDraft;
  readonly next?: number;
}

/**
 * Adds the column to its table, or what the definition says to the column of that name which the table has already
 * from a parent or from its type.
 *
 * @throws ExpectedError `ddl_unreadable` where a column without a type is not one of those.
 */
export function addColumn(
  statement: Statement,
  node: ColumnDef,
  { table, next }: ColumnPlace,
): void {
  const name = node.colname ?? "";
  const known = table.columns.find((column) => column.name === name);
  if (!known) table.columns.push(newColumn(statement, node));
  const collation = node.collClause && collationName(statement, node.collClause.collname);
  if (collation) changeColumn(table, name, (column) => ({ ...column, collation }));
  if (node.typeName && serialType(node.typeName)) addSerial(statement, { table, column: name });
  const constraints = (node.constraints ?? []).flatMap((item) =>
    "Constraint" in item ? [item.Constraint] : [],
  );
  const edges = [node.collClause?.location, ...constraints.map(({ location }) => location)];
  for (const constraint of withAttributes(constraints)) {
    const end = edgeAfter(constraint.until, edges, next);
    const place = { table, column: name, ...(end === undefined ? {} : { next: end }) };
    applyConstraint(statement, constraint.node, place);
  }
}

function newColumn(statement: Statement, node: ColumnDef): Column {
  if (!node.typeName) {
    throw unreadable(statement, `column ${quoteIdentifier(node.colname ?? "")} has no type`);
  }
  const type = serialType(node.typeName) ?? node.typeName;
  return { name: node.colname ?? "", type: typeRef(statement, type), notNull: false };
}

/** A collation's name; bare names are collations of pg_catalog, as in every dump made under an empty search_path. */
export function collationName(
  statement: Statement,
  nodes: readonly Node[] | undefined,
): QualifiedName {
  const names = strings(nodes);
  if (names.length === 1) return { schema: "pg_catalog", name: names[0] ?? "" };
  return listedName(statement, nodes);
}

interface WholeConstraint {
  readonly node: ConstraintNode;
  /** Where its last part starts. */
  readonly until: number;
}

/** Joins DEFERRABLE and INITIALLY DEFERRED, items of their own for the parser, to the constraint before them. */
function withAttributes(constraints: readonly ConstraintNode[]): WholeConstraint[] {
  const whole: WholeConstraint[] = [];
  for (const node of constraints) {
    const change = ATTRIBUTES.get(node.contype ?? "");
    const last = whole.at(-1);
    const until = node.location ?? 0;
    if (change && last) whole[whole.length - 1] = { node: { ...last.node, ...change }, until };
    else whole.push({ node, until });
  }
  return whole;
}

const ATTRIBUTES: ReadonlyMap<string, Partial<ConstraintNode>> = new Map([
  ["CONSTR_ATTR_DEFERRABLE", { deferrable: true }],
  ["CONSTR_ATTR_NOT_DEFERRABLE", { deferrable: false }],
  ["CONSTR_ATTR_DEFERRED", { deferrable: true, initdeferred: true }],
  ["CONSTR_ATTR_IMMEDIATE", { initdeferred: false }],
  ["CONSTR_ATTR_ENFORCED", {}],
  ["CONSTR_ATTR_NOT_ENFORCED", { is_enforced: false }],
]);

function edgeAfter(
  from: number,
  edges: readonly (number | undefined)[],
  next: number | undefined,
): number | undefined {
  const later = [...edges, next].flatMap((edge) =>
    edge !== undefined && edge > from ? [edge] : [],
  );
  return later.length === 0 ? undefined : Math.min(...later);
}

interface OwnPlace extends ColumnPlace {
  readonly column: string;
}

function applyConstraint(statement: Statement, node: ConstraintNode, place: OwnPlace): void {
  const { table, column: name } = place;
  switch (node.contype) {
    case "CONSTR_DEFAULT": {
      const text = sliceItem(statement.sql, node.location ?? 0, place.next);
      setDefault(table, name, text.replace(/^DEFAULT\s+/i, ""));
      return;
    }
    case "CONSTR_GENERATED":
      setGenerated(statement, node, place);
      return;
    case "CONSTR_IDENTITY":
      setIdentity(statement, node, { table, column: name });
      return;
    default:
      addConstraint(statement, node, place);
  }
}
