/**
 * Equality of content, defined once by type: for the comparison here and for the SQL of the scripts. Keys have their own, key.ts.
 */
import type { Catalog } from "../catalog/types.ts";
import { shapeOf, type Typed } from "./shape.ts";

/**
 * How two values of a column are compared, here and in the SQL of the scripts.
 *
 * - `value`: `OPERATOR(pg_catalog.=)` of the type says equal exactly when the canonical texts are equal; either may be asked.
 * - `text`: by the text that PostgreSQL prints under the pinned settings, `COLLATE "C"`: in SQL `pg_catalog.format('%s', c)`. A cast to
 *   text is another text for bpchar (no trailing blanks), xml (with its declaration) and types whose extension defines that cast.
 */
export type Equality = "value" | "text";

/** Types of pg_catalog whose `=` coincides with equality of canonical text; each is checked against a server. bpchar: only with a length. */
const VALUE_TYPES = new Set([
  ...["bool", "int2", "int4", "int8", "oid", "bit", "varbit", "uuid", "bytea", "char"],
  ...["date", "time", "timetz", "timestamp", "timestamptz", "inet", "cidr", "macaddr", "macaddr8"],
  ...["text", "varchar", "bpchar", "name"],
]);

/**
 * The equality of a column: `value` for the plain types of pg_catalog, enums, and domains over them, under a deterministic collation;
 * `text` for everything else. Not `value`: numeric (1.0 = 1.00), floats (-0 = 0), interval (1 mon = 30 days), json, jsonb, xml, money,
 * geometric types, arrays, ranges, composites, tsvector, reg*, xid, pg_lsn, and whatever an extension or user defines.
 */
export function equalityOf(column: Typed, catalog: Catalog): Equality {
  const shape = shapeOf(column, catalog);
  if (shape.kind === "enum") return "value";
  if (shape.kind !== "base" || !shape.deterministic || !VALUE_TYPES.has(shape.name)) return "text";
  return shape.name === "bpchar" && !shape.padded ? "text" : "value";
}
