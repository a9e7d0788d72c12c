/**
 * What every reader of a statement is handed, and the small conversions of parser nodes that all of them share.
 */
import { ExpectedError } from "../../errors.ts";
import type { QualifiedName, TableName } from "../../names.ts";
import { type DefElem, type Node, quoteIdentifier, type RangeVar } from "../parser.ts";
import type { Draft } from "./draft.ts";
import type { SqlText } from "./sql-text.ts";

/** One statement being read into a draft. */
export interface Statement {
  readonly sql: SqlText;
  readonly draft: Draft;
  /** The file, and the place in it, for messages. */
  readonly where: string;
  readonly place: string;
  /** The schema of tables, sequences and types that are named without one, as dumps made before 10.3 do. */
  readonly defaultSchema: string;
  /** Whether the statement names what it makes without a schema. Then other bare names may be of the same schema. */
  readonly bare?: boolean;
}

/** The failure to throw for a statement that PostgreSQL's parser reads but rowpatch does not. */
export function unreadable(
  { where, place }: Pick<Statement, "where" | "place">,
  reason: string,
): ExpectedError {
  return new ExpectedError({ code: "ddl_unreadable", path: where, place, reason });
}

/** The name of a table or sequence. */
export function relationName(
  { defaultSchema }: Statement,
  relation: RangeVar | undefined,
): TableName {
  return { schema: relation?.schemaname ?? defaultSchema, name: relation?.relname ?? "" };
}

/** The name in a list of strings: schema and name, or a name alone. */
export function listedName(
  { defaultSchema }: Statement,
  nodes: readonly Node[] | undefined,
): QualifiedName {
  const [name = "", schema = defaultSchema] = strings(nodes).reverse();
  return { schema, name };
}

/** The values of string nodes, in order; other nodes are left out. */
export function strings(nodes: readonly Node[] | undefined): string[] {
  const values: string[] = [];
  for (const node of nodes ?? []) if ("String" in node) values.push(node.String.sval ?? "");
  return values;
}

/** The options of a definition, by name. */
export function definitions(nodes: readonly Node[] | undefined): Map<string, DefElem> {
  const options = new Map<string, DefElem>();
  for (const node of nodes ?? []) {
    if ("DefElem" in node) options.set(node.DefElem.defname ?? "", node.DefElem);
  }
  return options;
}

/** A qualified name as PostgreSQL prints it. */
export function quoteName({ schema, name }: QualifiedName): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}
