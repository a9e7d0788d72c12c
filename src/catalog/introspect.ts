/**
 * The catalog of a live database, by catalog queries in its snapshot. Their number is fixed, whatever the database holds.
 */
import { readColumns } from "./introspect/columns.ts";
import { readNamed, readPublications, readSequences } from "./introspect/others.ts";
import type { CatalogQueries } from "./introspect/scope.ts";
import { readTables } from "./introspect/tables.ts";
import { readTypes } from "./introspect/types.ts";
import { normalizeCatalog } from "./normalize.ts";
import type { Catalog } from "./types.ts";

/**
 * Reads the catalog in twelve queries, under the settings of the source: an empty search_path, so that definitions name schemas.
 *
 * @throws ExpectedError `query` where the server refuses one.
 */
export async function introspect(database: CatalogQueries): Promise<Catalog> {
  const columns = await readColumns(database);
  return normalizeCatalog({
    tables: await readTables(database, columns),
    sequences: await readSequences(database),
    types: await readTypes(database, columns),
    publications: await readPublications(database),
    ...(await readNamed(database)),
  });
}
