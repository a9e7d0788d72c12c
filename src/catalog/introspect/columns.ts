/**
 * Columns of tables and attributes of composite types, from a server.
 */
import type { Column, TypeRef } from "../types.ts";
import { byFirstField, isTrue, type Rows, typeColumns, typeJoins, userRelations } from "./scope.ts";

/** Columns by oid of their relation, in attnum order. */
export interface ColumnsByRelation {
  readonly of: (relation: string) => readonly Column[];
  /** The names of columns with these numbers, as pg_constraint.conkey and pg_index.indkey hold them; "" for number 0. */
  readonly names: (relation: string, numbers: readonly string[]) => string[];
}

/** Of all relations at once. */
export const COLUMNS: string = `
SELECT a.attrelid, a.attnum, a.attname, ${typeColumns("t", "a.atttypmod")}, a.attnotnull,
  pg_get_expr(d.adbin, d.adrelid), a.attgenerated, a.attidentity, cn.nspname, co.collname
FROM pg_attribute a
-- Tables that foreign keys refer to are read even where they are left out: keys name their columns by number.
JOIN (SELECT oid FROM ${userRelations("r", "p", "f", "c")} r
      UNION SELECT confrelid FROM pg_constraint WHERE contype = 'f') r ON r.oid = a.attrelid
${typeJoins("t", "a.atttypid")}
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
-- Only where it is not the collation of the type.
LEFT JOIN pg_collation co ON co.oid = a.attcollation AND a.attcollation <> t.typcollation
LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum`;

/** From the rows of {@link COLUMNS}. */
export function columnsFrom(found: Rows): ColumnsByRelation {
  const rows = byFirstField(found);
  return {
    of: (relation) => (rows.get(relation) ?? []).map(columnOf),
    names: (relation, numbers) => {
      const names = new Map(
        (rows.get(relation) ?? []).map(([number = "", name = ""]) => [number, name]),
      );
      return numbers.map((number) => names.get(number) ?? "");
    },
  };
}

function columnOf([, name = "", ...row]: readonly string[]): Column {
  const [schema, type, array, formatted, notNull, expression = "", ...rest] = row;
  const [generated = "", identity = "", collationSchema = "", collation = ""] = rest;
  return {
    name,
    type: typeOf([schema, type, array, formatted]),
    notNull: notNull === "t",
    ...(expression !== "" && generated === "" ? { default: expression } : {}),
    ...(generated === ""
      ? {}
      : { generated: { kind: generated === "v" ? "virtual" : "stored", expression } }),
    ...(identity === "" ? {} : { identity: identity === "a" ? "always" : "default" }),
    ...(collation === "" ? {} : { collation: { schema: collationSchema, name: collation } }),
  };
}

/** A type from the fields of {@link typeColumns}. */
export function typeOf([schema = "", name = "", array = "", formatted = ""]: readonly (
  | string
  | undefined
)[]): TypeRef {
  return { schema, name, array: isTrue(array), formatted };
}
