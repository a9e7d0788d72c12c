/**
 * Where a column's values come from: default, generation expression, identity, serial.
 */
import { sequenceTypeOf } from "../codes.ts";
import type { ConstraintNode, Node, TypeName } from "../parser.ts";
import { changeColumn, type TableDraft } from "./draft.ts";
import { chooseName } from "./generated-name.ts";
import { addSequence } from "./sequence.ts";
import { groupAfter } from "./sql-text.ts";
import { definitions, listedName, quoteName, type Statement, strings } from "./statement.ts";

/** A column of a table, and where the next item of its definition starts, if the parser tells. */
export interface ColumnOf {
  readonly table: TableDraft;
  readonly column: string;
  readonly next?: number;
}

/** Sets or drops a default. `DEFAULT NULL` is none: PostgreSQL does not store it. */
export function setDefault(
  table: TableDraft,
  column: string,
  expression: string | undefined,
): void {
  changeColumn(table, column, ({ default: _old, ...rest }) =>
    expression === undefined || /^null$/i.test(expression)
      ? rest
      : { ...rest, default: expression },
  );
}

/** Makes a column a generated one. */
export function setGenerated({ sql }: Statement, node: ConstraintNode, of: ColumnOf): void {
  const group = groupAfter(sql, node.location ?? 0, of.next);
  if (!group) return;
  const expression = sql.slice(group.start, group.end).trim();
  const kind = node.generated_kind === "v" ? "virtual" : "stored";
  changeColumn(of.table, of.column, ({ default: _old, ...column }) => ({
    ...column,
    generated: { kind, expression },
  }));
}

/** Makes a column an identity column, with the sequence that belongs to it. */
export function setIdentity(statement: Statement, node: ConstraintNode, of: ColumnOf): void {
  const known = of.table.columns.find(({ name }) => name === of.column);
  if (!known) return;
  const identity = node.generated_when === "a" ? "always" : "default";
  changeColumn(of.table, of.column, ({ default: _old, ...column }) => ({
    ...column,
    identity,
    notNull: true,
  }));
  const options = definitions(node.options);
  const named = options.get("sequence_name")?.arg;
  addSequence(statement, {
    name:
      named && "List" in named
        ? listedName(statement, named.List.items)
        : sequenceName(statement, of),
    type: sequenceTypeOf(known.type.name),
    options,
    ownedBy: { table: of.table.name, column: of.column },
  });
}

/** SERIAL and its kin: an integer with a sequence. */
const SERIAL_TYPES: ReadonlyMap<string, string> = new Map([
  ["smallserial", "int2"],
  ["serial2", "int2"],
  ["serial", "int4"],
  ["serial4", "int4"],
  ["bigserial", "int8"],
  ["serial8", "int8"],
]);

/** The integer type that SERIAL and its kin stand for; nothing for real types. */
export function serialType(type: TypeName): TypeName | undefined {
  const name = SERIAL_TYPES.get(strings(type.names).join("."));
  if (name === undefined) return undefined;
  const names: Node[] = [{ String: { sval: "pg_catalog" } }, { String: { sval: name } }];
  return { names };
}

/** Gives a column written as SERIAL what that stands for. */
export function addSerial(statement: Statement, of: ColumnOf): void {
  const name = sequenceName(statement, of);
  const type = of.table.columns.find((column) => column.name === of.column)?.type.name ?? "";
  addSequence(statement, {
    name,
    type: sequenceTypeOf(type),
    options: new Map(),
    ownedBy: { table: of.table.name, column: of.column },
  });
  const literal = quoteName(name).replaceAll("'", "''");
  changeColumn(of.table, of.column, (column) => ({
    ...column,
    notNull: true,
    default: `nextval('${literal}'::regclass)`,
  }));
}

function sequenceName(
  { draft }: Statement,
  { table, column }: ColumnOf,
): { readonly schema: string; readonly name: string } {
  const name = chooseName(draft, table, { columns: [column], label: "seq" });
  return { schema: table.name.schema, name };
}
