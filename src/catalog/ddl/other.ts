/**
 * CREATE EXTENSION, CREATE MATERIALIZED VIEW, and statements that would change a table in ways no dump does.
 */
import { formatName, nameKey } from "../../names.ts";
import type { Node, RangeVar } from "../parser.ts";
import { findTable } from "./draft.ts";
import { definitions, relationName, type Statement, unreadable } from "./statement.ts";

/** CREATE EXTENSION; `plpgsql` is left out, since servers come with it. */
export function createExtension(
  statement: Statement,
  node: { readonly extname?: string; readonly options?: Node[] },
): void {
  const name = node.extname ?? "";
  if (name === "plpgsql") return;
  const schema = definitions(node.options).get("schema")?.arg;
  statement.draft.extensions.set(name, {
    name,
    schema: schema && "String" in schema ? (schema.String.sval ?? "") : "public",
  });
}

/**
 * CREATE MATERIALIZED VIEW: its name.
 *
 * @throws ExpectedError `ddl_unreadable` for a table made from a query: no dump has one, and nothing tells its columns.
 */
export function createFromQuery(
  statement: Statement,
  node: { readonly into?: { readonly rel?: RangeVar }; readonly objtype?: string },
): void {
  if (node.into?.rel?.relpersistence === "t") return;
  const name = relationName(statement, node.into?.rel);
  if (node.objtype !== "OBJECT_MATVIEW") {
    throw unreadable(statement, `${formatName(name)} gets its columns from a query`);
  }
  statement.draft.materializedViews.set(nameKey(name), name);
}

/**
 * ALTER TABLE ... RENAME and SET SCHEMA.
 *
 * @throws ExpectedError `ddl_unreadable` where it concerns a table of the dump.
 */
export function refuseChange(
  statement: Statement,
  { relation }: { readonly relation?: RangeVar },
): void {
  if (!relation) return;
  const name = relationName(statement, relation);
  if (findTable(statement.draft, name)) {
    throw unreadable(statement, `a dump does not rename or move ${formatName(name)}`);
  }
}
