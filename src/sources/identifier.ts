/**
 * Identifiers in the queries that read a database. Scripts have their own quoting in script/sql.ts, on top of this rule.
 */
import type { QualifiedName } from "../names.ts";

/** Always quoted: reserved words differ between versions. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Schema and name, both quoted. */
export function quoteName({ schema, name }: QualifiedName): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}
