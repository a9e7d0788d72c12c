/**
 * Globs of tables and columns, as flags give them. `*` stands for any characters, `?` for one.
 */
import { ExpectedError } from "../errors.ts";
import { formatName, type TableName } from "../names.ts";

/**
 * Whether a pattern names the table: `schema.table`, or `table` alone for any schema. The name is compared as it is, and as
 * PostgreSQL prints it with quotes, so that `"a.b".c` can be told from `a."b.c"`.
 */
export function matchesTable(pattern: string, name: TableName): boolean {
  const glob = globOf(pattern);
  return (
    glob.test(`${name.schema}.${name.name}`) || glob.test(formatName(name)) || glob.test(name.name)
  );
}

/** Whether any of the patterns names the table. */
export function tableMatcher(patterns: readonly string[]): (name: TableName) => boolean {
  return (name) => patterns.some((pattern) => matchesTable(pattern, name));
}

export interface ColumnMatcher {
  matches(table: TableName, column: string): boolean;
  /** @throws ExpectedError `usage` for a pattern that has matched nothing so far. */
  assertUsed(): void;
}

/** Patterns `column`, `table.column` or `schema.table.column`. */
export function columnMatcher(patterns: readonly string[]): ColumnMatcher {
  const unused = new Set(patterns);
  return {
    matches(table, column) {
      const names = [
        column,
        `${table.name}.${column}`,
        `${table.schema}.${table.name}.${column}`,
        `${formatName(table)}.${column}`,
      ];
      const found = patterns.filter((pattern) => names.some((name) => globOf(pattern).test(name)));
      for (const pattern of found) unused.delete(pattern);
      return found.length > 0;
    },
    assertUsed() {
      const [pattern] = unused;
      if (pattern === undefined) return;
      throw new ExpectedError({
        code: "usage",
        message: `--ignore-column ${JSON.stringify(pattern)} matches no column; write table.column or schema.table.column`,
      });
    },
  };
}

function globOf(pattern: string): RegExp {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${escaped}$`, "su");
}
