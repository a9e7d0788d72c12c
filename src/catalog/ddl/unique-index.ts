/**
 * CREATE UNIQUE INDEX, and ALTER INDEX ... ATTACH PARTITION. Other indexes do not matter: they hold no promise about rows.
 */
import { nameKey } from "../../names.ts";
import { type AlterTableStmt, type IndexStmt, type Node, scanTokens } from "../parser.ts";
import type { UniqueIndex } from "../types.ts";
import { findTable } from "./draft.ts";
import { chooseName } from "./generated-name.ts";
import { afterWords, nesting, type SqlText } from "./sql-text.ts";
import { relationName, type Statement } from "./statement.ts";

/** CREATE UNIQUE INDEX on a table of the dump; those on materialized views are left out. */
export function createIndex(statement: Statement, node: IndexStmt): void {
  const { sql, draft } = statement;
  const table = findTable(draft, relationName(statement, node.relation));
  if (!table || node.unique !== true) return;
  const columns = (node.indexParams ?? []).flatMap((param) =>
    "IndexElem" in param ? [param.IndexElem.name ?? "expr"] : [],
  );
  const name = node.idxname ?? chooseName(draft, table, { columns, label: "idx" });
  const where = node.whereClause && afterWords(sql, ["WHERE"]);
  table.uniqueIndexes.set(name, {
    name,
    parts: indexParts(sql, node.indexParams ?? []),
    ...(where === undefined ? {} : { predicate: sql.slice(where).trim() }),
    nullsNotDistinct: node.nulls_not_distinct === true,
    definition: sql.text,
  });
  if (node.relation?.inh !== true) table.onlyHere.add(name);
}

function indexParts(sql: SqlText, params: readonly Node[]): UniqueIndex["parts"] {
  const names = params.map((param) => ("IndexElem" in param ? param.IndexElem.name : undefined));
  if (names.every((name) => name !== undefined)) return names.map((column) => ({ column }));
  const expressions = writtenExpressions(sql);
  return names.map((column, index) =>
    column === undefined ? { expression: expressions[index] ?? "" } : { column },
  );
}

/**
 * The items of the first parenthesised list, each up to its first closing parenthesis: pg_get_indexdef() prints an expression
 * as a function call or within parentheses, and collation, operator class and order behind it.
 */
function writtenExpressions(sql: SqlText): string[] {
  const items: string[] = [];
  let depth = 0;
  let start: number | undefined;
  let end: number | undefined;
  for (const token of scanTokens(sql.text)) {
    const before = depth;
    depth += nesting(token);
    if (before === 0) continue;
    if (depth === 0 || (before === 1 && token.text === ",")) {
      items.push(sql.slice(start ?? 0, end ?? start ?? 0));
      if (depth === 0) break;
      start = undefined;
      end = undefined;
      continue;
    }
    start ??= token.start;
    if (before === 2 && depth === 1) end ??= token.end;
  }
  return items;
}

/** ALTER INDEX: which index of a partition belongs to which index of its parent. */
export function attachIndex(statement: Statement, node: AlterTableStmt): void {
  for (const item of node.cmds ?? []) {
    if (!("AlterTableCmd" in item)) continue;
    const { def } = item.AlterTableCmd;
    if (!def || !("PartitionCmd" in def)) continue;
    const part = nameKey(relationName(statement, def.PartitionCmd.name));
    statement.draft.attachedIndexes.set(part, nameKey(relationName(statement, node.relation)));
  }
}
