/**
 * From a source to its catalog.
 */
import type { Source } from "../sources/source.ts";
import { introspect } from "./introspect.ts";
import type { Catalog } from "./types.ts";

/** Begins to load PostgreSQL's parser, which takes a while; dumps need it. Never fails: who needs it is told. */
export function prepareParser(): void {
  loadReader().catch(() => undefined);
}

/** Databases do without. */
function loadReader(): Promise<typeof import("./ddl.ts")> {
  return import("./ddl.ts");
}

/**
 * The catalog of a source: from its server, or from the DDL of a dump.
 *
 * @throws ExpectedError `query` or `ddl_unreadable`.
 */
export async function readCatalog(source: Source): Promise<Catalog> {
  if (source.kind === "database") return introspect(source);
  const { catalogFromDdl } = await loadReader();
  return catalogFromDdl(source.ddl, source.provenance.display);
}
