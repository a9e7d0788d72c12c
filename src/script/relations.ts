/**
 * What stands in a change's way beside its own row, for preflight: parents missing, children that are new, unique values taken, no
 * partition.
 * Holds the key values of one constraint's changed rows in memory at a time.
 */
import type { Catalog } from "../catalog/types.ts";
import type { Changeset } from "../changeset/types.ts";
import type { TableName } from "../names.ts";
import { linksFrom, linksTo } from "./foreign-keys/links.ts";
import { childrenNew, mayLose } from "./relations/children.ts";
import { parentsMissing } from "./relations/parents.ts";
import { partitionsMissing } from "./relations/partitions.ts";
import { valuesTaken } from "./relations/values.ts";
import type { Sql } from "./sql.ts";
import type { ScriptTable } from "./table.ts";

const LOSING = ["delete", "update"] as const;

/** The tables that `relationChecks` may read beside the changed ones: parents of new references, children of rows that go or change. */
export function relatedTables(catalog: Catalog, tables: Iterable<ScriptTable>): TableName[] {
  return [...tables].flatMap((table) => [
    ...(table.changed.counts.insert + table.changed.counts.update > 0
      ? linksFrom(catalog, table.name).map(({ foreignKey }) => foreignKey.references)
      : []),
    ...linksTo(catalog, table.name).flatMap(({ child, foreignKey }) =>
      LOSING.some((kind) => mayLose(table, foreignKey, kind)) ? [child] : [],
    ),
  ]);
}

/** DO blocks that add what they find to the same settings as the preflight checks. */
export async function* relationChecks(
  catalog: Catalog,
  changeset: Changeset,
  tables: ReadonlyMap<string, ScriptTable>,
): AsyncGenerator<Sql> {
  const context = { catalog, changeset, tables };
  for (const table of tables.values()) {
    const { insert, update } = table.changed.counts;
    if (insert + update > 0) {
      yield* partitionsMissing(context, table);
      for (const link of linksFrom(catalog, table.name))
        yield* parentsMissing(context, table, link);
      for (const constraint of table.catalog.constraints) {
        if (constraint.kind === "primary" || constraint.kind === "unique") {
          yield* valuesTaken(context, table, constraint.columns, constraint.name);
        }
      }
      for (const { name, parts, predicate } of table.catalog.uniqueIndexes) {
        const columns = parts.flatMap((part) => ("column" in part ? [part.column] : []));
        if (predicate === undefined && columns.length === parts.length)
          yield* valuesTaken(context, table, columns, name);
      }
    }
    for (const { child, foreignKey } of linksTo(catalog, table.name)) {
      for (const kind of LOSING) {
        if (mayLose(table, foreignKey, kind))
          yield* childrenNew(context, table, { child, foreignKey, kind });
      }
    }
  }
}
