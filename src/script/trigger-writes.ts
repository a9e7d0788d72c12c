/**
 * What triggers that fire may write, as `--trigger-writes` names it.
 */
import { matchesTable } from "../catalog/patterns.ts";
import type { Catalog } from "../catalog/types.ts";
import { ExpectedError } from "../errors.ts";
import { nameKey } from "../names.ts";
import type { TriggerWrites } from "./scripts.ts";

/** Reads `table` and `table=column`, with patterns for the table. @throws ExpectedError `usage` for names that match nothing. */
export function triggerWrites(catalog: Catalog, named: readonly string[]): TriggerWrites {
  const rules = named.map((text) => {
    const [, table = text, column] = /^(.*)=([^=]*)$/s.exec(text) ?? [];
    const found = catalog.tables.filter(
      ({ name, columns }) =>
        matchesTable(table, name) &&
        (column === undefined || columns.some((other) => other.name === column)),
    );
    if (found.length > 0) return { tables: found.map(({ name }) => name), column };
    throw new ExpectedError({
      code: "usage",
      message: `--trigger-writes ${JSON.stringify(text)} matches nothing; write schema.table or schema.table=column`,
    });
  });
  return {
    named,
    tables: rules.flatMap(({ tables, column }) => (column === undefined ? tables : [])),
    columns: (table, column) =>
      rules.some(
        (rule) =>
          rule.column === column && rule.tables.some((name) => nameKey(name) === nameKey(table)),
      ),
  };
}
