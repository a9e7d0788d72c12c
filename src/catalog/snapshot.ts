/**
 * From a source to its catalog.
 */
import type { Source } from "../sources/source.ts";
import { catalogFromDdl } from "./ddl.ts";
import { introspect } from "./introspect.ts";
import type { Catalog } from "./types.ts";

/**
 * The catalog of a source: from its server, or from the DDL of a dump.
 *
 * @throws ExpectedError `query` or `ddl_unreadable`.
 */
export async function readCatalog(source: Source): Promise<Catalog> {
  return source.kind === "database"
    ? introspect(source)
    : catalogFromDdl(source.ddl, source.provenance.display);
}
