/**
 * Constraints of tables, written in CREATE TABLE or added later: structure from the tree, definition from the text.
 */
import { deferrability, REFERENTIAL_ACTIONS } from "../codes.ts";
import type { ConstraintNode } from "../parser.ts";
import type { Constraint, ForeignKey, KeyConstraint } from "../types.ts";
import { foreignKeyDefinition, keyDefinition } from "./definition.ts";
import { changeColumn, type TableDraft } from "./draft.ts";
import { chooseName } from "./generated-name.ts";
import { sliceItem, withoutGroup } from "./sql-text.ts";
import { relationName, type Statement, strings } from "./statement.ts";

/** Where a constraint stands. */
export interface ConstraintPlace {
  readonly table: TableDraft;
  /** Of constraints written with a column. */
  readonly column?: string;
  /** Where the next item starts, if the parser tells. */
  readonly next?: number;
}

/**
 * Adds a key, unique, exclusion, foreign, check or not-null constraint to its table; does nothing for other kinds.
 * A key WITHOUT OVERLAPS becomes an exclusion constraint.
 */
export function addConstraint(
  statement: Statement,
  node: ConstraintNode,
  place: ConstraintPlace,
): void {
  if (node.contype === "CONSTR_NOTNULL" || node.contype === "CONSTR_PRIMARY") {
    for (const name of namedColumns(node, place)) requireValue(place.table, name);
  }
  const constraint = readConstraint(statement, node, place);
  if (!constraint) return;
  place.table.constraints.set(constraint.name, constraint);
  if (constraint.kind === "foreign" && constraint.referencedColumns.length === 0) {
    place.table.implicitKeys.set(constraint.name, statement.place);
  }
}

function requireValue(table: TableDraft, column: string): void {
  changeColumn(table, column, (old) => ({ ...old, notNull: true }));
}

function readConstraint(
  statement: Statement,
  node: ConstraintNode,
  place: ConstraintPlace,
): Constraint | undefined {
  const label = LABELS.get(node.contype ?? "");
  if (label === undefined) return undefined;
  const columns = namedColumns(node, place);
  const name = node.conname ?? chooseName(statement.draft, place.table, { columns, label });
  const definition = constraintDefinition(statement, node, place.next);
  const deferrable = deferrability(node.deferrable === true, node.initdeferred === true);
  switch (node.contype) {
    case "CONSTR_CHECK":
      return { kind: "check", name, validated: isValid(node), definition };
    case "CONSTR_FOREIGN": {
      const key = foreignKey(statement, node, { name, columns, definition });
      return place.column === undefined ? key : { ...key, definition: foreignKeyDefinition(key) };
    }
    case "CONSTR_PRIMARY":
    case "CONSTR_UNIQUE": {
      // It identifies no single row, nor can ON CONFLICT name it.
      if (node.without_overlaps) break;
      const key = keyConstraint(node, { name, columns, definition: withoutStorage(definition) });
      return place.column === undefined ? key : { ...key, definition: keyDefinition(key) };
    }
  }
  return { kind: "exclusion", name, deferrable, definition };
}

/** What PostgreSQL appends to the names of constraints that were given none. */
const LABELS: ReadonlyMap<string, string> = new Map([
  ["CONSTR_CHECK", "check"],
  ["CONSTR_EXCLUSION", "excl"],
  ["CONSTR_FOREIGN", "fkey"],
  ["CONSTR_PRIMARY", "pkey"],
  ["CONSTR_UNIQUE", "key"],
]);

type Named = Pick<KeyConstraint, "name" | "columns" | "definition">;

function keyConstraint(node: ConstraintNode, named: Named): KeyConstraint {
  return {
    kind: node.contype === "CONSTR_PRIMARY" ? "primary" : "unique",
    ...named,
    deferrable: deferrability(node.deferrable === true, node.initdeferred === true),
    nullsNotDistinct: node.nulls_not_distinct === true,
  };
}

function foreignKey(statement: Statement, node: ConstraintNode, named: Named): ForeignKey {
  const onDeleteColumns = strings(node.fk_del_set_cols);
  return {
    kind: "foreign",
    ...named,
    references: relationName(statement, node.pktable),
    referencedColumns: strings(node.pk_attrs),
    onUpdate: REFERENTIAL_ACTIONS.get(node.fk_upd_action ?? "a") ?? "no action",
    onDelete: REFERENTIAL_ACTIONS.get(node.fk_del_action ?? "a") ?? "no action",
    ...(onDeleteColumns.length > 0 ? { onDeleteColumns } : {}),
    match: node.fk_matchtype === "f" ? "full" : "simple",
    deferrable: deferrability(node.deferrable === true, node.initdeferred === true),
    validated: isValid(node),
  };
}

function namedColumns(node: ConstraintNode, { column }: ConstraintPlace): string[] {
  if (column !== undefined) return [column];
  return strings(node.contype === "CONSTR_FOREIGN" ? node.fk_attrs : node.keys);
}

function isValid(node: ConstraintNode): boolean {
  return node.skip_validation !== true && node.is_enforced !== false;
}

/** The constraint as written, without its name. */
export function constraintDefinition(
  { sql }: Statement,
  node: ConstraintNode,
  next: number | undefined,
): string {
  const text = sliceItem(sql, node.location ?? 0, next);
  return node.conname === undefined ? text : withoutName(text);
}

/** `CONSTRAINT film_pkey PRIMARY KEY (film_id)` without its first two words. */
function withoutName(text: string): string {
  return text.replace(/^CONSTRAINT\s+(?:"(?:[^"]|"")*"|[^\s"]+)\s*/i, "");
}

/** Takes storage parameters off: pg_dump writes them with keys, pg_get_constraintdef() does not. */
function withoutStorage(definition: string): string {
  return /\bWITH\s*\(/i.test(definition) ? withoutGroup(definition, "WITH") : definition;
}
