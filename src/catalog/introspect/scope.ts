/**
 * Which objects of a server belong to the catalog, as conditions for catalog queries, and how rows of such queries are read.
 * Sessions have an empty search_path, so bare names in these queries are those of pg_catalog.
 */
import type { DatabaseSource } from "../../sources/source.ts";

/** What reading a catalog needs of a live source. */
export type CatalogQueries = Pick<DatabaseSource, "versionNumber" | "queryAll">;

/** What a query gives. */
export type Rows = readonly (readonly (string | null)[])[];

/** Schemas of users: not the system's, whose names PostgreSQL reserves, and so not those of temporary objects. */
export function inUserSchema(namespace: string): string {
  return `${namespace}.nspname !~ '^pg_' AND ${namespace}.nspname <> 'information_schema'`;
}

/**
 * Members of extensions are left out: CREATE EXTENSION makes them, so dumps do not define them. NOT IN is hashed once; planners
 * take NOT EXISTS for a loop over pg_depend, whose cost then has the query compiled.
 */
export function isNoMember(oid: string, catalog: string): string {
  return `${oid} NOT IN (SELECT objid FROM pg_depend WHERE classid = '${catalog}'::regclass AND deptype = 'e')`;
}

/** Relations of these kinds (pg_class.relkind) that belong to the catalog: `oid`, `nspname`, and the columns of pg_class. */
export function userRelations(...kinds: readonly string[]): string {
  const list = kinds.map((kind) => `'${kind}'`).join(", ");
  return `(SELECT c.*, n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN (${list}) AND ${inUserSchema("n")} AND ${isNoMember("c.oid", "pg_class")})`;
}

/** Ordinary, partitioned and foreign tables of the catalog. */
export const USER_TABLES: string = userRelations("r", "p", "f");

/** The type with this oid: schema, name of the element, whether an array, text with modifier. NULL is no modifier asked for. */
export function typeColumns(typeAlias: string, modifier: string): string {
  const t = typeAlias;
  return `COALESCE(${t}_element_schema.nspname, ${t}_schema.nspname), COALESCE(${t}_element.typname, ${t}.typname),
    ${t}_element.oid IS NOT NULL, format_type(${t}.oid, ${modifier})`;
}

/** The joins that {@link typeColumns} reads: every type with schema, and the element of an array type with its schema. */
export function typeJoins(typeAlias: string, oid: string): string {
  const t = typeAlias;
  return `LEFT JOIN pg_type ${t} ON ${t}.oid = ${oid}
    LEFT JOIN pg_namespace ${t}_schema ON ${t}_schema.oid = ${t}.typnamespace
    LEFT JOIN pg_type ${t}_element ON ${t}_element.typarray = ${t}.oid
    LEFT JOIN pg_namespace ${t}_element_schema ON ${t}_element_schema.oid = ${t}_element.typnamespace`;
}

/** The fields of a row. NULL becomes the empty text, which no name, definition or number of a catalog is. */
export function fields(row: readonly (string | null)[]): string[] {
  return row.map((field) => field ?? "");
}

/** A boolean as PostgreSQL prints it. */
export function isTrue(field: string): boolean {
  return field === "t";
}

/** Groups rows by their first field, which is taken off; keeps their order. */
export function byFirstField(rows: Rows): Map<string, string[][]> {
  const groups = new Map<string, string[][]>();
  for (const row of rows) {
    const [key = "", ...rest] = fields(row);
    const group = groups.get(key);
    if (group) group.push(rest);
    else groups.set(key, [rest]);
  }
  return groups;
}
