/**
 * User-defined types, from a server.
 */
import type { UserType } from "../types.ts";
import { type ColumnsByRelation, typeOf } from "./columns.ts";
import {
  fields,
  inUserSchema,
  isNoMember,
  isTrue,
  type Rows,
  typeColumns,
  typeJoins,
} from "./scope.ts";

/** For a server of this version. */
export const typesQuery = (version: number): string => `
SELECT n.nspname, t.typname, t.typtype, t.typrelid, t.typnotnull, pg_get_expr(t.typdefaultbin, 0),
  -- What a domain is based on, or a range is a range of.
  ${typeColumns("base", "CASE WHEN t.typtype = 'd' THEN t.typtypmod END")},
  cn.nspname, co.collname, mn.nspname, m.typname,
  labels.list, checks.list
FROM pg_type t
JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_class c ON c.oid = t.typrelid
LEFT JOIN pg_type element ON element.typarray = t.oid
LEFT JOIN pg_range r ON r.rngtypid = t.oid
${typeJoins("base", "CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE r.rngsubtype END")}
LEFT JOIN pg_type m ON m.oid = ${version >= 140000 ? "r.rngmultitypid" : "NULL"}
LEFT JOIN pg_namespace mn ON mn.oid = m.typnamespace
LEFT JOIN pg_collation co ON t.typtype = 'd' AND co.oid = t.typcollation AND t.typcollation <> base.typcollation
LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
LEFT JOIN (SELECT e.enumtypid, json_agg(e.enumlabel ORDER BY e.enumsortorder) AS list
  FROM pg_enum e GROUP BY e.enumtypid) labels ON labels.enumtypid = t.oid
LEFT JOIN (SELECT con.contypid, json_agg(json_build_array(con.conname, pg_get_constraintdef(con.oid))) AS list
  FROM pg_constraint con WHERE con.contypid <> 0 AND con.contype = 'c'
  GROUP BY con.contypid) checks ON checks.contypid = t.oid
WHERE ${inUserSchema("n")} AND ${isNoMember("t.oid", "pg_type")}
  -- Row types of tables and views belong to these; array types to their elements; a pseudo-type may be a shell.
  AND CASE t.typtype WHEN 'c' THEN c.relkind = 'c'
    WHEN 'b' THEN element.oid IS NULL
    WHEN 'p' THEN NOT t.typisdefined
    ELSE t.typtype IN ('e', 'd', 'r') END`;

/** From the rows of {@link typesQuery}. */
export function typesFrom(rows: Rows, columns: ColumnsByRelation): UserType[] {
  return rows.map((row) => typeFrom(fields(row), columns));
}

function typeFrom(row: readonly string[], columns: ColumnsByRelation): UserType {
  const [schema = "", typeName = "", kind, relation = "", notNull = "", expression = "", ...rest] =
    row;
  const [baseSchema, baseName, array, formatted, collationSchema = "", collation = "", ...last] =
    rest;
  const [multirangeSchema = "", multirange = "", labels = "", checks = ""] = last;
  const name = { schema, name: typeName };
  const base = typeOf([baseSchema, baseName, array, formatted]);
  switch (kind) {
    case "e":
      return { kind: "enum", name, labels: list(labels).map(String) };
    case "d":
      return {
        kind: "domain",
        name,
        base,
        notNull: isTrue(notNull),
        ...(expression === "" ? {} : { default: expression }),
        ...(collation === "" ? {} : { collation: { schema: collationSchema, name: collation } }),
        checks: list(checks).map(checkOf),
      };
    case "c":
      return { kind: "composite", name, attributes: columns.of(relation).map(attributeOf) };
    case "r":
      return {
        kind: "range",
        name,
        subtype: base,
        ...(multirange === ""
          ? {}
          : { multirange: { schema: multirangeSchema, name: multirange } }),
      };
    default:
      return { kind: "base", name };
  }
}

type Composite = Extract<UserType, { kind: "composite" }>;

function attributeOf({
  name,
  type,
  collation,
}: Composite["attributes"][number]): Composite["attributes"][number] {
  return { name, type, ...(collation ? { collation } : {}) };
}

function checkOf(pair: unknown): { readonly name: string; readonly definition: string } {
  const [name, definition] = Array.isArray(pair) ? pair : [];
  return { name: String(name), definition: String(definition) };
}

function list(json: string): unknown[] {
  return json === "" ? [] : JSON.parse(json);
}
