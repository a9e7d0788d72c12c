/**
 * Values that a row can hold for a while in place of a unique one: NULL where the column takes it, else a free value of its type.
 */
import { foreignKeysTo, resolveType } from "../catalog/lookup.ts";
import { generatedFrom, mentions, treatsNull } from "../catalog/mentions.ts";
import type { Catalog, Column, Table } from "../catalog/types.ts";
import type { ChangedTable } from "../changeset/types.ts";
import type { Change, Datum } from "../compare/change.ts";
import { valueBefore } from "../compare/change.ts";
import { nameKey } from "../names.ts";
import { type FreeValue, freeValue } from "./free-values.ts";
import type { UniqueRule } from "./unique-rules.ts";

/** What a row holds for a while, by column position. */
export interface Parked {
  readonly values: ReadonlyMap<number, Datum>;
  /** False where only PostgreSQL can tell whether this keeps the row from every conflict. */
  readonly isSure: boolean;
}

/** Finds values for one row; undefined where nothing can be parked. */
export type Park = (rule: UniqueRule, change: Change) => Parked | undefined;

/** What may stand in a column for a while. */
interface Place {
  readonly position: number;
  readonly takesNull: boolean;
  /** A value of the type that no row is likely to hold; the unique index itself refuses it if one does. */
  readonly free: FreeValue | undefined;
  readonly isRange: boolean;
}

/** Parks rows of one table, whose rules are given. Values are the same for the same changes. */
export function parker(
  catalog: Catalog,
  { table, changed }: { readonly table: Table; readonly changed: ChangedTable },
  rules: readonly UniqueRule[],
): Park {
  const places = changed.columns.map((name, position) =>
    placeOf(catalog, table, { name, position, key: changed.key }),
  );
  let count = 0;
  return (rule, change) => {
    const others = rules.filter((other) => other !== rule);
    const candidates = rule.involved
      .flatMap((position) => places[position] ?? [])
      // A column that changes anyway needs no value restored.
      .sort((a, b) => Number(changes(change, b.position)) - Number(changes(change, a.position)));
    const nulls = candidates
      .filter(
        ({ position, takesNull }) =>
          takesNull && rule.freedByNull.includes(position) && isSet(valueBefore(change, position)),
      )
      .map(({ position }) => {
        const isSure = others.every(takesNullOf(position));
        return { position, free: undefined, isSure };
      });
    const valued = candidates
      .filter(({ position }) => rule.compared.length === 0 || rule.compared.includes(position))
      .flatMap(({ position, free, isRange }) => {
        const isEmpty = isRange && rule.freedByEmpty.includes(position);
        const value = isEmpty ? () => "empty" : free;
        const isFree = isEmpty || rule.compared.length > 0;
        const isSure = isFree && others.every(takesValueOf(position));
        return value ? [{ position, free: value, isSure }] : [];
      });
    const best = [...nulls, ...valued].find(({ isSure }) => isSure) ?? nulls[0] ?? valued[0];
    if (!best) return undefined;
    const { position, free, isSure } = best;
    if (!free) return { values: new Map([[position, null]]), isSure };
    count += 1;
    const seed = `${nameKey(table.name)} ${JSON.stringify(change.key)}`;
    return { values: new Map([[position, free(seed, count)]]), isSure };
  };
}

/** A test of rules: whether NULL in the column cannot bring a row into a conflict of the rule. */
export function takesNullOf(position: number): (rule: UniqueRule) => boolean {
  return ({ involved, freedByNull }) =>
    !involved.includes(position) || freedByNull.includes(position);
}

/** Whether a free value in the column cannot: it differs from all others, but may bring the row into a condition or expression. */
function takesValueOf(position: number): (rule: UniqueRule) => boolean {
  return ({ involved, compared }) => !involved.includes(position) || compared.includes(position);
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
  const made = generatedFrom(table, name).map((generated) => generated.name);
  const referenced = foreignKeysTo(catalog, table.name).flatMap(
    ({ foreignKey }) => foreignKey.referencedColumns,
  );
  if (mentions(table.partitionKey ?? "", [name, ...made]).length > 0) return undefined;
  if ([name, ...made].some((used) => referenced.includes(used))) return undefined;
  const isChecked = checksOf(table, name).length > 0;
  const references = table.constraints.flatMap((constraint) =>
    constraint.kind === "foreign" && constraint.columns.includes(name) ? [constraint] : [],
  );
  // MATCH FULL takes all columns as NULL or none.
  const isMixed = references.some(({ match, columns }) => match === "full" && columns.length > 1);
  const isBound = isChecked || references.length > 0 || isDomain(catalog, column);
  const { kind } = resolveType(catalog, column.type);
  const free = isBound ? undefined : freeValue(column, kind);
  const isRange = !isBound && !column.type.array && (kind === "range" || isRangeType(column));
  const takesNull = !isMixed && nullFits(catalog, table, column);
  return takesNull || free || isRange ? { position, takesNull, free, isRange } : undefined;
}

function isRangeType({ type }: Column): boolean {
  return type.schema === "pg_catalog" && RANGES.has(type.name);
}

const RANGES: ReadonlySet<string> = new Set([
  ...["int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange"],
]);

/** Whether a column can be NULL for a while as far as it and the CHECKs know. */
export function nullFits(catalog: Catalog, table: Table, column: Column): boolean {
  const made = new Set(generatedFrom(table, column.name).map(({ name }) => name));
  return (
    !column.notNull &&
    !isDomain(catalog, column) &&
    !checksOf(table, column.name).some(treatsNull) &&
    !table.columns.some(({ name, notNull }) => notNull && made.has(name))
  );
}

/** The CHECKs that mention a column, or one that is generated from it. */
function checksOf(table: Table, name: string): readonly string[] {
  const made = generatedFrom(table, name);
  return table.constraints.flatMap((constraint) => {
    if (constraint.kind !== "check") return [];
    const { definition } = constraint;
    if (mentions(definition, [name]).length > 0) return [definition];
    const via = made.filter((column) => mentions(definition, [column.name]).length > 0);
    return via.map(({ expression }) => `${definition} ${expression}`);
  });
}

/** A domain may forbid NULL or limit values, in words that only PostgreSQL reads. */
function isDomain(catalog: Catalog, { type }: Column): boolean {
  return catalog.types.some(
    (user) => user.kind === "domain" && nameKey(user.name) === nameKey(type),
  );
}
