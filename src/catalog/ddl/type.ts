/**
 * Type names of statements as format_type() prints them. Knows the spellings of built-in types, nothing of what types can do.
 */
import { nameKey } from "../../names.ts";
import { type Node, quoteIdentifier, type TypeName } from "../parser.ts";
import type { TypeRef } from "../types.ts";
import { groupAfter } from "./sql-text.ts";
import { type Statement, strings } from "./statement.ts";

/**
 * The type that a statement names. Bare names are types of pg_catalog, as in every dump made under an empty search_path; in
 * statements that name their own object without a schema, only if pg_catalog has such a type.
 *
 *     integer             {schema: "pg_catalog", name: "int4", array: false, formatted: "integer"}
 *     public.mood[][]     {schema: "public", name: "mood", array: true, formatted: "public.mood[]"}
 */
export function typeRef(statement: Statement, type: TypeName): TypeRef {
  const [name = "", written] = strings(type.names).reverse();
  const schema = written ?? schemaOf(statement, name);
  const array = (type.arrayBounds ?? []).length > 0;
  const element =
    schema === "pg_catalog"
      ? formatBuiltIn(statement, name, type)
      : formatOther(statement, schema, name, type);
  return { schema, name, array, formatted: array ? `${element}[]` : element };
}

function schemaOf({ draft, defaultSchema, bare }: Statement, name: string): string {
  if (BUILT_IN.has(name)) return "pg_catalog";
  return bare || draft.types.has(nameKey({ schema: defaultSchema, name }))
    ? defaultSchema
    : "pg_catalog";
}

/** Types of pg_catalog that columns of any server since 9.0 may have. */
const BUILT_IN: ReadonlySet<string> = new Set(
  `aclitem bit bool box bpchar bytea char cid cidr circle date datemultirange daterange float4 float8 gtsvector inet int2
  int2vector int4 int4multirange int4range int8 int8multirange int8range interval json jsonb jsonpath line lseg macaddr
  macaddr8 money name numeric nummultirange numrange oid oidvector path pg_lsn pg_snapshot point polygon refcursor regclass
  regcollation regconfig regdictionary regnamespace regoper regoperator regproc regprocedure regrole regtype text tid time
  timestamp timestamptz timetz tsmultirange tsquery tsrange tstzmultirange tstzrange tsvector txid_snapshot uuid varbit
  varchar xid xid8 xml`.split(/\s+/),
);

/** Built-in types whose SQL spelling is not their name, and what stands behind the modifier. */
const SPELLINGS: ReadonlyMap<string, readonly [string, string?]> = new Map([
  ["bool", ["boolean"]],
  ["bpchar", ["character"]],
  ["char", ['"char"']],
  ["float4", ["real"]],
  ["float8", ["double precision"]],
  ["int2", ["smallint"]],
  ["int4", ["integer"]],
  ["int8", ["bigint"]],
  ["json", ["json"]],
  ["time", ["time", " without time zone"]],
  ["timestamp", ["timestamp", " without time zone"]],
  ["timestamptz", ["timestamp", " with time zone"]],
  ["timetz", ["time", " with time zone"]],
  ["varbit", ["bit varying"]],
  ["varchar", ["character varying"]],
]);

function formatBuiltIn(statement: Statement, name: string, type: TypeName): string {
  const modifiers = numbers(type.typmods);
  if (name === "interval") return formatInterval(modifiers);
  if (name === "bit" && modifiers.length > 0) return `bit(${modifiers.join(",")})`;
  // Without a length these two are not what SQL means by BIT and CHARACTER, which have length 1.
  if ((name === "bit" || name === "bpchar") && modifiers.length === 0) {
    return name === "bit" ? '"bit"' : "bpchar";
  }
  // PostgreSQL stores numeric(5) as numeric(5,0).
  if (name === "numeric" && modifiers.length === 1) modifiers.push(0);
  const [spelling, suffix = ""] = SPELLINGS.get(name) ?? [];
  if (spelling === undefined && name !== "numeric") {
    return `${quoteIdentifier(name)}${writtenModifiers(statement, type)}`;
  }
  return `${spelling ?? name}${modifiers.length > 0 ? `(${modifiers.join(",")})` : ""}${suffix}`;
}

/** Types of extensions print their modifiers in ways of their own, so these are taken as written. */
function formatOther(statement: Statement, schema: string, name: string, type: TypeName): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}${writtenModifiers(statement, type)}`;
}

function writtenModifiers({ sql }: Statement, type: TypeName): string {
  if ((type.typmods ?? []).length === 0) return "";
  const group = groupAfter(sql, type.location ?? 0);
  return group ? `(${sql.slice(group.start, group.end)})` : "";
}

/** The bits of interval fields, as the parser numbers them. See: PostgreSQL, `utils/timestamp.h`, INTERVAL_MASK. */
const INTERVAL_FIELDS: readonly (readonly [number, string])[] = [
  [1 << 2, "year"],
  [1 << 1, "month"],
  [1 << 3, "day"],
  [1 << 10, "hour"],
  [1 << 11, "minute"],
  [1 << 12, "second"],
];
const ALL_INTERVAL_FIELDS = 0x7fff;

function formatInterval([fields = ALL_INTERVAL_FIELDS, precision]: readonly number[]): string {
  const named =
    fields === ALL_INTERVAL_FIELDS
      ? []
      : INTERVAL_FIELDS.filter(([bit]) => (fields & bit) !== 0).map(([, name]) => name);
  const range = [...new Set([named[0], named.at(-1)])].filter((name) => name !== undefined);
  const words = ["interval", ...(range.length > 0 ? [range.join(" to ")] : [])].join(" ");
  return precision === undefined ? words : `${words}(${precision})`;
}

function numbers(nodes: readonly Node[] | undefined): number[] {
  return (nodes ?? []).flatMap((node) =>
    "A_Const" in node && node.A_Const.ival ? [node.A_Const.ival.ival ?? 0] : [],
  );
}
