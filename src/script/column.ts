/**
 * How one column's values are written and compared in SQL. Follows `Equality` of the comparison: one definition for both.
 */
import { createHash } from "node:crypto";
import { isLarge } from "../changeset/profile.ts";
import { type Datum, isLong } from "../compare/change.ts";
import type { Equality } from "../compare/equality.ts";
import { ident, keyword, literal, longLiteral, qualified, type Sql, sql } from "./sql.ts";

/** One written column of a table. */
export interface ScriptColumn {
  readonly name: string;
  readonly notNull: boolean;
  readonly equality: Equality;
  /** The type without its modifier: a cast to `varchar(200)` would cut silently. */
  readonly cast: Sql;
  /** The same beneath its domains: lists and temporary tables hold NULL where a row leaves the column alone. */
  readonly plain: Sql;
  /** Whether literals need the cast beside an operator: types of other schemas than pg_catalog. */
  readonly castLiterals: boolean;
  /** Schema of the operator `=` for types of extensions; undefined means pg_catalog. */
  readonly operatorSchema?: string;
  /** Whether `::text` might not be the text that PostgreSQL prints: xml drops its declaration, bpchar its blanks, others may have casts. */
  readonly ownCast: boolean;
  /** Whether the value of that side is known for sure: triggers that fire may write another (`--trigger-writes`). */
  readonly checked: { readonly before: boolean; readonly after: boolean };
  /** Whether the type takes a collation that might not be deterministic, so that text comparison must name "C". */
  readonly collatable: boolean;
}

/** Whether triggers that fire in this very script may write it: its old value is known until then, its new one is not. */
export function isWrittenByTriggers({ checked }: ScriptColumn): boolean {
  return checked.before && !checked.after;
}

/** Types that read better bare; search_path begins with pg_catalog, so they mean what they say. */
const BARE: ReadonlySet<string> = new Set(
  (
    "text varchar bpchar numeric float4 float8 date time timetz timestamp timestamptz interval uuid json jsonb bytea xml " +
    "inet cidr oid name money varbit tsvector point"
  ).split(" "),
);
const KEYWORDS: Readonly<Record<string, string>> = {
  int2: "smallint",
  int4: "integer",
  int8: "bigint",
  bool: "boolean",
};

/** A type's name for a cast, without modifier. Others are quoted: `bit` and `char` mean other types bare. */
export function castName(type: {
  readonly schema: string;
  readonly name: string;
  readonly array: boolean;
}): Sql {
  const brackets = type.array ? sql`[]` : sql``;
  if (type.schema !== "pg_catalog") return sql`${qualified(type)}${brackets}`;
  const bare = KEYWORDS[type.name] ?? (BARE.has(type.name) ? type.name : undefined);
  return sql`${bare === undefined ? ident(type.name) : keyword(bare)}${brackets}`;
}

/** A value as a literal of unknown type: the column it is assigned to or compared with gives the type. */
export function datum(value: Datum): Sql {
  if (value === null || typeof value === "string") return literal(value);
  if (isLong(value)) return longLiteral(value);
  const hex = Buffer.from(value.base64, "base64").toString("hex");
  return sql`convert_from(decode(${literal(hex)}, 'hex'), getdatabaseencoding())`;
}

/** Whether a value is bytes that are not UTF-8. */
function isBytes(value: Datum): boolean {
  return value !== null && typeof value === "object" && !isLong(value);
}

/** A value for assignment: bytes that are not UTF-8 come as text, so they need the column's type. */
export function assigned(column: ScriptColumn, value: Datum): Sql {
  return isBytes(value) ? sql`${datum(value)}::${column.cast}` : datum(value);
}

/** The column as the text that PostgreSQL prints under the pinned settings. */
export function asText(column: ScriptColumn, row: Sql): Sql {
  const text = printed(column, row);
  return column.collatable ? sql`${text} COLLATE "C"` : text;
}

function printed(column: ScriptColumn, row: Sql): Sql {
  const name = sql`${row}${ident(column.name)}`;
  // format() calls the output function, but prints NULL as nothing.
  return column.ownCast
    ? sql`(CASE WHEN ${name} IS NOT NULL THEN format('%s', ${name}) END)`
    : sql`${name}::text`;
}

/** The column's SHA-256, of its text in UTF-8, in hexadecimal. */
export function asHash(column: ScriptColumn, row: Sql): Sql {
  return sql`encode(sha256(convert_to(${printed(column, row)}, 'UTF8')), 'hex')`;
}

/** `key column = value`, by the operator of the index so that it is used, and by exact text besides where they differ. */
export function keyIs(column: ScriptColumn, value: Datum, row: Sql): Sql {
  const equal = sql`${row}${ident(column.name)} ${operator(column)} ${operand(column, value)}`;
  return column.equality === "value"
    ? equal
    : sql`${equal} AND ${asText(column, row)} = ${datum(value)}`;
}

/** `column is value` for guards: NULL only equals NULL. */
export function valueIs(column: ScriptColumn, value: Datum, row: Sql): Sql {
  const name = sql`${row}${ident(column.name)}`;
  if (value === null) return sql`${name} IS NULL`;
  if (isLarge(value)) return sql`${asHash(column, row)} = ${literal(hashOf(value))}`;
  if (column.equality === "value")
    return sql`${name} ${operator(column)} ${operand(column, value)}`;
  return sql`${asText(column, row)} = ${datum(value)}`;
}

/** SHA-256 of the value's text in UTF-8, in hexadecimal, as `asHash` computes it on the server. */
export function hashOf(value: Exclude<Datum, null>): string {
  if (isLong(value)) return value.long.sha256;
  const bytes =
    typeof value === "string" ? Buffer.from(value) : Buffer.from(value.base64, "base64");
  return createHash("sha256").update(bytes).digest("hex");
}

/** `=`, schema-qualified where it is not pg_catalog's. */
export function operator(column: ScriptColumn): Sql {
  return column.operatorSchema === undefined
    ? sql`=`
    : sql`OPERATOR(${ident(column.operatorSchema)}.=)`;
}

function operand(column: ScriptColumn, value: Datum): Sql {
  const text = datum(value);
  if (!isBytes(value)) return column.castLiterals ? sql`${text}::${column.cast}` : text;
  const cast = sql`${text}::${column.cast}`;
  // The name of the encoding brings the collation "C" with it, which no index of the column would serve.
  return column.collatable ? sql`${cast} COLLATE pg_catalog."default"` : cast;
}
