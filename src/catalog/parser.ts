/**
 * PostgreSQL's own parser, compiled to WebAssembly: the only importer of libpg-query.
 * Knows trees, tokens and their UTF-8 byte offsets; nothing of catalogs.
 */
import { createRequire } from "node:module";
import { setFlagsFromString } from "node:v8";
import type { Node, ScanToken } from "libpg-query";

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

/**
 * V8 optimizes a function after so many bytes of its code were run, by its major version; others are left alone. One of the parser's
 * is so large that a few statements are enough: to optimize it takes longer than to compare small databases, and 50 MB of memory,
 * and a process does not end before that.
 */
const USUAL_BUDGETS: ReadonlyMap<string | undefined, number> = new Map([
  ["11", 1_800_000],
  ["12", 13_000_000],
  ["13", 13_000_000],
  ["14", 13_000_000],
]);
const LARGEST_BUDGET = 2_147_483_647;

const usualBudget = USUAL_BUDGETS.get(process.versions.v8.split(".")[0]);

/** The budget of modules that are compiled from now on. */
function setBudget(bytes: number): void {
  if (usualBudget !== undefined) setFlagsFromString(`--wasm-tiering-budget=${bytes}`);
}

setBudget(LARGEST_BUDGET);
const library: typeof import("libpg-query") = createRequire(import.meta.url)("libpg-query");
const { parseSync, scanSync } = library;
const loaded = library.loadModule().finally(() => setBudget(usualBudget ?? LARGEST_BUDGET));
// Who asks for it is told.
loaded.catch(() => undefined);

/** One token: its text, and its place in UTF-8 bytes. Comments are left out. */
export type Token = Pick<ScanToken, "start" | "end" | "text">;

/** Loads the parser; the other functions of this file work after that. Harmless when called twice. */
export async function loadParser(): Promise<void> {
  await loaded;
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
