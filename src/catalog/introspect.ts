/**
 * The catalog of a live database, by catalog queries in its snapshot. Their number is fixed, whatever the database holds.
 */
import { COLUMNS, columnsFrom } from "./introspect/columns.ts";
import { constraintsQuery, uniqueIndexesQuery } from "./introspect/constraints.ts";
import {
  NAMED,
  namedFrom,
  publicationsFrom,
  publicationsQuery,
  SEQUENCES,
  sequencesFrom,
} from "./introspect/others.ts";
import type { CatalogQueries } from "./introspect/scope.ts";
import { PARENTS, TABLES, tablesFrom } from "./introspect/tables.ts";
import { POLICIES, RULES, triggersQuery } from "./introspect/triggers.ts";
import { typesFrom, typesQuery } from "./introspect/types.ts";
import { normalizeCatalog } from "./normalize.ts";
import type { Catalog } from "./types.ts";

/**
 * Reads the catalog by twelve queries in one message, under the settings of the source: an empty search_path, so that definitions
 * name schemas.
 *
 * @throws ExpectedError `query` where the server refuses one.
 */
export async function introspect(database: CatalogQueries): Promise<Catalog> {
  const { versionNumber } = database;
  const found = await database.queryAll({
    columns: COLUMNS,
    tables: TABLES,
    parents: PARENTS,
    constraints: constraintsQuery(versionNumber),
    uniqueIndexes: uniqueIndexesQuery(versionNumber),
    triggers: triggersQuery(versionNumber),
    rules: RULES,
    policies: POLICIES,
    sequences: SEQUENCES,
    types: typesQuery(versionNumber),
    publications: publicationsQuery(versionNumber),
    named: NAMED,
  });
  const columns = columnsFrom(found.columns);
  return normalizeCatalog({
    tables: tablesFrom(found, columns),
    sequences: sequencesFrom(found.sequences),
    types: typesFrom(found.types, columns),
    publications: publicationsFrom(found.publications),
    ...namedFrom(found.named),
  });
}
