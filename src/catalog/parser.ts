/**
 * PostgreSQL's own parser, compiled to WebAssembly: the only importer of libpg-query.
 * Knows trees, tokens and their UTF-8 byte offsets; nothing of catalogs.
 */
import { loadModule, type Node, parseSync, type ScanToken, scanSync } from "libpg-query";

export type {
  AlterTableCmd,
  AlterTableStmt,
  ColumnDef,
  Constraint as ConstraintNode,
  CreatePublicationStmt,
  CreateStmt,
  CreateTrigStmt,
  DefElem,
  IndexStmt,
  Node,
  RangeVar,
  RuleStmt,
  TypeName,
} from "libpg-query";

/** One token: its text, and its place in UTF-8 bytes. Comments are left out. */
export type Token = Pick<ScanToken, "start" | "end" | "text">;

/** Loads the parser; the other functions of this file work after that. Harmless when called twice. */
export async function loadParser(): Promise<void> {
  await loadModule();
}

/**
 * The trees of the statements in a text, in order; locations count UTF-8 bytes of the text.
 *
 * @throws an error with the parser's message where PostgreSQL's grammar does not accept the text.
 */
export function parseStatements(text: string): Node[] {
  if (text === "") return [];
  return (parseSync(text).stmts ?? []).flatMap(({ stmt }) => (stmt ? [stmt] : []));
}

/** The tokens of a text, which may be a part of a statement. */
export function scanTokens(text: string): Token[] {
  if (text === "") return [];
  return scanSync(text).tokens.filter(({ tokenName }) => !tokenName.endsWith("_COMMENT"));
}

const UNRESERVED = 1;
const quoted = new Map<string, string>();

/** The identifier as PostgreSQL prints it: double-quoted unless it is plain and no keyword that needs quotes. */
export function quoteIdentifier(identifier: string): string {
  const known = quoted.get(identifier);
  if (known !== undefined) return known;
  const result = needsQuotes(identifier) ? `"${identifier.replaceAll('"', '""')}"` : identifier;
  quoted.set(identifier, result);
  return result;
}

function needsQuotes(identifier: string): boolean {
  if (!/^[a-z_][a-z0-9_]*$/.test(identifier)) return true;
  return (scanSync(identifier).tokens[0]?.keywordKind ?? 0) > UNRESERVED;
}
