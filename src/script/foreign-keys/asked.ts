/**
 * Which foreign keys PostgreSQL checks as a step runs, and for which of its rows.
 */
import type { Catalog } from "../../catalog/types.ts";
import { type Change, valueAfter } from "../../compare/change.ts";
import { nameKey } from "../../names.ts";
import type { Plan, Step } from "../../order/steps.ts";
import { takes } from "../relations/rows.ts";
import type { RowSet } from "../row-set.ts";
import type { ScriptTable } from "../table.ts";
import type { Words } from "./block.ts";
import {
  comparesAlike,
  isDeferred,
  isWithin,
  keepsParent,
  type Link,
  linksFrom,
  linksTo,
} from "./links.ts";
import { referringColumns } from "./missing.ts";
import { boundColumns } from "./routing.ts";

/** The comments above checks. */
export const ASKS = {
  parents: "What these rows refer to must be there",
  children: "Nothing else may refer to these rows",
  both: "What these rows refer to must be there, and nothing else may refer to what they give up",
} as const;

/** What the checks of all steps rest on. */
export interface ForeignKeyFacts {
  readonly catalog: Catalog;
  readonly plan: Plan;
  readonly words: Words;
  /** Whether a trigger fires when rows of the table are written so: it may bring parents, or take children away, before PostgreSQL asks. */
  readonly isPrepared: (table: ScriptTable, kind: Step["kind"]) => boolean;
}

/** The foreign keys that PostgreSQL checks as a step runs. */
export interface Asked {
  readonly parents: readonly Link[];
  readonly children: readonly Link[];
  /** Rows of the step may refer to each other, so that what goes before counts. */
  readonly isWithin: boolean;
}

/** Those of one step; none where nothing is asked. */
export function askedBefore(
  { catalog, plan, isPrepared }: ForeignKeyFacts,
  { kind }: Step,
  table: ScriptTable,
): Asked {
  if (kind === "release" || isPrepared(table, kind))
    return { parents: [], children: [], isWithin: false };
  const parents =
    kind === "delete"
      ? []
      : linksFrom(catalog, table.name).filter(
          (link) =>
            !isDeferred(plan, link) &&
            decisive(catalog, table, link).some((position) => isWritten(table, kind, position)),
        );
  const children =
    kind === "insert"
      ? []
      : linksTo(catalog, table.name).filter(
          (link) =>
            keepsParent(link, kind) &&
            comparesAlike(catalog, link) &&
            !(isDeferred(plan, link) && waits(link, kind)) &&
            (kind === "delete" ||
              link.foreignKey.referencedColumns.some((name) =>
                isWritten(table, kind, table.changed.columns.indexOf(name)),
              )),
        );
  const within = [...parents, ...children].some((link) => isWithin(catalog, link));
  return { parents, children, isWithin: within };
}

/** Of all actions only NO ACTION can be deferred. */
export function waits({ foreignKey }: Link, kind: "delete" | "update"): boolean {
  return (kind === "delete" ? foreignKey.onDelete : foreignKey.onUpdate) === "no action";
}

function isWritten({ changed }: ScriptTable, kind: "insert" | "update", position: number): boolean {
  return position >= 0 && (changed.profiles[kind].columns[position]?.rows ?? 0) > 0;
}

/** Whether only a partition of the table has the foreign key. */
export function isOfPartition({ table }: Pick<RowSet, "table">, { child }: Link): boolean {
  return nameKey(child) !== nameKey(table.name);
}

/** Columns that decide to what a row refers by the foreign key, and whether it does; none where one of its own is not compared. */
export function decisive(catalog: Catalog, table: ScriptTable, link: Link): readonly number[] {
  const columns = referringColumns(table, link);
  if (!columns) return [];
  const bound = isOfPartition({ table }, link) ? boundColumns(catalog, table) : [];
  const positions = [...columns, ...bound].map(({ position }) => position);
  return [...new Set(positions)].filter((position) => position >= 0).sort((a, b) => a - b);
}

/** Whether the change may bring a reference that is not NULL, as far as it tells. */
export function refers(
  catalog: Catalog,
  { table, change }: { readonly table: ScriptTable; readonly change: Change },
  link: Link,
): boolean {
  return (
    takes(change, decisive(catalog, table, link)) &&
    (referringColumns(table, link) ?? []).every(
      ({ position }) => valueAfter(change, position) !== null,
    )
  );
}
