/**
 * The catalog of a side, whatever kind of source it is.
 */
import type { Source } from "../sources/source.ts";
import type { Catalog } from "./types.ts";

/** Reads the catalog. The parser is loaded only where a dump needs it. @throws ExpectedError for DDL or queries that fail. */
export async function readCatalog(source: Source): Promise<Catalog> {
  if (source.kind === "database") {
    const { introspect } = await import("./introspect.ts");
    return introspect(source);
  }
  const { catalogFromDdl } = await import("./ddl.ts");
  return catalogFromDdl(source.ddl, source.provenance.display);
}
