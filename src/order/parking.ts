/**
 * Values that a row can hold for a while in place of a unique one: NULL where the column takes it, else a free value of its type.
 */
import { createHash } from "node:crypto";
import { foreignKeysTo, resolveType } from "../catalog/lookup.ts";
import type { Catalog, Column, Table } from "../catalog/types.ts";
import type { ChangedTable } from "../changeset/types.ts";
import type { Change, Datum } from "../compare/change.ts";
import { valueBefore } from "../compare/change.ts";
import { nameKey } from "../names.ts";
import { mentions } from "./mentions.ts";
import type { UniqueRule } from "./unique.ts";

/** Finds values for one row; undefined where nothing can be parked. */
export type Park = (rule: UniqueRule, change: Change) => ReadonlyMap<number, Datum> | undefined;

/** What may stand in a column for a while. */
interface Place {
  readonly position: number;
  readonly takesNull: boolean;
  /** A value of the type that no row is likely to hold; the unique index itself refuses it if one does. */
  readonly free: ((seed: string, n: number) => string) | undefined;
}

/** Parks rows of one table. Values are the same for the same changes. */
export function parker(catalog: Catalog, table: Table, changed: ChangedTable): Park {
  const places = changed.columns.map((name, position) =>
    placeOf(catalog, table, { name, position, key: changed.key }),
  );
  let count = 0;
  return (rule, change) => {
    const candidates = rule.involved
      .flatMap((position) => places[position] ?? [])
      // A column that changes anyway needs no value restored.
      .sort((a, b) => Number(changes(change, b.position)) - Number(changes(change, a.position)));
    const nulls = rule.nullsFree
      ? candidates.find(
          ({ position, takesNull }) => takesNull && isSet(valueBefore(change, position)),
        )
      : undefined;
    const valued = candidates.find(({ free }) => free);
    // Expressions may bring NULLs together again, values of their own hardly.
    const opaque = rule.compared.length === 0;
    if (nulls && !(opaque && valued)) return new Map([[nulls.position, null]]);
    if (valued?.free) {
      count += 1;
      return new Map([
        [
          valued.position,
          valued.free(`${nameKey(table.name)} ${JSON.stringify(change.key)}`, count),
        ],
      ]);
    }
    return nulls ? new Map([[nulls.position, null]]) : undefined;
  };
}

function isSet(value: Datum | undefined): boolean {
  return value !== undefined && value !== null;
}

function changes(change: Change, position: number): boolean {
  return change.kind === "update" && change.columns.includes(position);
}

function placeOf(
  catalog: Catalog,
  table: Table,
  {
    name,
    position,
    key,
  }: { readonly name: string; readonly position: number; readonly key: readonly string[] },
): Place | undefined {
  const column = table.columns.find((candidate) => candidate.name === name);
  if (!column || key.includes(name) || column.identity === "always") return undefined;
  if (mentions(table.partitionKey ?? "", [name]).length > 0) return undefined;
  if (
    foreignKeysTo(catalog, table.name).some(({ foreignKey }) =>
      foreignKey.referencedColumns.includes(name),
    )
  )
    return undefined;
  const checks = table.constraints.flatMap((constraint) =>
    constraint.kind === "check" && mentions(constraint.definition, [name]).length > 0
      ? [constraint.definition]
      : [],
  );
  const refers = table.constraints.some(
    (constraint) => constraint.kind === "foreign" && constraint.columns.includes(name),
  );
  const domain = isDomain(catalog, column);
  const takesNull =
    !column.notNull && !domain && !checks.some((definition) => TREATS_NULL.test(definition));
  const free =
    checks.length > 0 || refers || domain
      ? undefined
      : freeValue(column, resolveType(catalog, column.type).kind);
  return takesNull || free ? { position, takesNull, free } : undefined;
}

/** Words by which a condition may be false of NULL; without them it is NULL, which passes a CHECK. */
const TREATS_NULL =
  /\b(?:NULL|IS|CASE|COALESCE|GREATEST|LEAST|ROW|ARRAY|num_nulls|num_nonnulls|concat|concat_ws|format)\b/;

/** A domain may forbid NULL or limit values, in words that only PostgreSQL reads. */
function isDomain(catalog: Catalog, { type }: Column): boolean {
  return catalog.types.some(
    (user) => user.kind === "domain" && nameKey(user.name) === nameKey(type),
  );
}

function freeValue({ type }: Column, kind: string): Place["free"] {
  if (type.array || kind === "enum" || kind === "composite") return undefined;
  if (kind === "range") return () => "empty";
  if (type.schema !== "pg_catalog") return type.name === "citext" ? token : undefined;
  const length = Number(/\((\d+)/.exec(type.formatted)?.[1] ?? Number.POSITIVE_INFINITY);
  switch (type.name) {
    case "text":
      return token;
    case "varchar":
    case "bpchar":
      return length >= 6 ? (seed, n) => token(seed, n).slice(-Math.min(length, 40)) : undefined;
    case "int2":
      return (_, n) => String(-32768 + n);
    case "int4":
      return (_, n) => String(-2147483648 + n);
    case "int8":
      return (_, n) => String(-9223372036854775808n + BigInt(n));
    case "numeric":
      return numericPlace(type.formatted);
    case "float8":
      // Spelled as PostgreSQL prints it, for floats are compared by their text.
      return (_, n) => `-1.${String(n).padStart(9, "0").replace(/0+$/, "")}e+300`;
    case "uuid":
      return (seed) =>
        digest(seed).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5");
    case "bytea":
      return (seed) => `\\x${digest(seed)}`;
    case "date":
      return (_, n) =>
        `${String(4700 - (n % 4000)).padStart(4, "0")}-01-${String(1 + (Math.floor(n / 4000) % 28)).padStart(2, "0")} BC`;
    case "timestamp":
      return (_, n) => `${secondOf(n)} BC`;
    case "timestamptz":
      return (_, n) => `${secondOf(n)}+00 BC`;
    case "int4range":
    case "int8range":
    case "numrange":
    case "daterange":
    case "tsrange":
    case "tstzrange":
      return () => "empty";
    default:
      return undefined;
  }
}

/** The end of the text differs for every row: short columns keep it. */
function token(seed: string, n: number): string {
  return `rowpatch parked ${digest(seed).slice(0, 16)} ${n.toString(36).padStart(5, "0")}`;
}

function digest(seed: string): string {
  return createHash("sha256").update(seed).digest("hex").slice(0, 32);
}

/** Numbers from the lower end of what the precision allows. */
function numericPlace(formatted: string): Place["free"] {
  const [, precision, scale = "0"] = /\((\d+)(?:,(-?\d+))?\)/.exec(formatted) ?? [];
  if (precision === undefined) return (_, n) => `-9${"0".repeat(40)}${n}`;
  const whole = Number(precision) - Math.max(0, Number(scale));
  if (whole < 4 || Number(scale) < 0) return undefined;
  const decimals = Number(scale) > 0 ? `.${"0".repeat(Number(scale))}` : "";
  return (_, n) => `${-(10n ** BigInt(whole)) + BigInt(n)}${decimals}`;
}

/** Another whole second for every n up to some millions: a column may have no room for parts of one. */
function secondOf(n: number): string {
  const [minutes, seconds] = [Math.floor(n / 60) % 60, n % 60].map((part) =>
    String(part).padStart(2, "0"),
  );
  const year = String(4700 - (Math.floor(n / 3600) % 4000)).padStart(4, "0");
  return `${year}-01-01 00:${minutes}:${seconds}`;
}
