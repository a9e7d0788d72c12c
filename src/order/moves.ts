/**
 * Referenced values that change: rows that refer to the old value must let go of it, follow it, or be checked later.
 */

import { onlyRespells } from "../changeset/respelling.ts";
import type { Changeset } from "../changeset/types.ts";
import { type Change, type Datum, valueAfter, valueBefore } from "../compare/change.ts";
import { type Finding, finding } from "../findings.ts";
import { nameKey } from "../names.ts";
import { type BoundColumns, refersAhead, type Update } from "./early.ts";
import type { Reference } from "./references.ts";
import { rowKey } from "./release.ts";

/** Values by column position, by `rowKey`, by `nameKey`. */
export type RowValues = Map<string, Map<string, Map<number, Datum>>>;

export interface Moves {
  /** Tables whose updates change referenced values: they run before rows that refer to the new ones are inserted. */
  readonly movers: ReadonlySet<string>;
  /** Those updates, by `rowKey` and `nameKey`, as far as they refer to nothing that the same group of steps makes: they come first. */
  readonly first: ReadonlyMap<string, ReadonlySet<string>>;
  /** References that are NULL until their row has its change. */
  readonly parked: RowValues;
  /** What PostgreSQL itself writes into references when the parent is updated: ON UPDATE CASCADE, SET NULL. */
  readonly cascaded: RowValues;
  readonly deferred: readonly Reference[];
  readonly findings: readonly Finding[];
}

/** Holds the changed values of one referenced key at a time, and the keys of rows that refer to them. */
export async function referenceMoves(
  changeset: Changeset,
  links: readonly Reference[],
  bound: BoundColumns,
): Promise<Moves> {
  const moves = {
    movers: new Set<string>(),
    first: new Map<string, Set<string>>(),
    parked: new Map() as RowValues,
    cascaded: new Map() as RowValues,
    deferred: [] as Reference[],
    findings: [] as Finding[],
  };
  for (const link of links) {
    if (!link.childPositions || !link.parentPositions || link.parent.counts.update === 0) continue;
    const first = new Set(moves.first.get(nameKey(link.parent.table)));
    const moved = await movedValues(changeset, link, (change) => {
      if (!refersAhead(change, bound(link.parent))) first.add(rowKey(change));
    });
    if (first.size > 0) moves.first.set(nameKey(link.parent.table), first);
    if (moved.size === 0) continue;
    moves.movers.add(nameKey(link.parent.table));
    const { onUpdate, deferrable } = link.foreignKey;
    const follows = onUpdate === "cascade" || onUpdate === "set null";
    // Other actions than NO ACTION never wait.
    if (deferrable !== "no" && onUpdate === "no action") {
      moves.deferred.push(link);
      continue;
    }
    const nullable = link.nullable.length > 0;
    let stuck = 0;
    for await (const change of changeset.changes(link.child.table)) {
      const after = moved.get(
        link.tuple(link.childPositions.map((position) => valueBefore(change, position))) ?? "",
      );
      if (!after) continue;
      if (follows) note(moves.cascaded, link, change, followed(link, after));
      else if (nullable)
        note(
          moves.parked,
          link,
          change,
          new Map(link.nullable.map((position) => [position, null])),
        );
      else stuck += 1;
    }
    if (stuck > 0) {
      const { child, foreignKey } = link;
      moves.findings.push(
        finding({
          code: "reference_moves",
          table: child.table,
          foreignKey: foreignKey.name,
          rows: stuck,
        }),
      );
    }
  }
  return moves;
}

/**
 * New values by old tuple, of parents that change them. By a new spelling of an equal value no row is let go of, yet all actions
 * except NO ACTION take it for a change (ri_KeysEqual compares bytes).
 */
async function movedValues(
  changeset: Changeset,
  { parent, parentPositions = [], tuple, foreignKey }: Reference,
  note: (change: Update) => void,
): Promise<ReadonlyMap<string, readonly Datum[]>> {
  const moved = new Map<string, readonly Datum[]>();
  for await (const change of changeset.changes(parent.table, "update")) {
    if (
      change.kind !== "update" ||
      !change.columns.some((position) => parentPositions.includes(position))
    )
      continue;
    const before = tuple(parentPositions.map((position) => valueBefore(change, position)));
    if (before === undefined) continue;
    const after = parentPositions.map((position) => valueAfter(change, position) ?? null);
    const isSame = onlyRespells(parent, { change, positions: parentPositions }, tuple);
    if (isSame && foreignKey.onUpdate === "no action") continue;
    moved.set(before, after);
    note(change);
  }
  return moved;
}

/** The child's columns as the referential action leaves them. */
function followed(
  { childPositions = [], foreignKey }: Reference,
  after: readonly Datum[],
): ReadonlyMap<number, Datum> {
  const cascades = foreignKey.onUpdate === "cascade";
  return new Map(
    childPositions.map((position, n) => [position, cascades ? (after[n] ?? null) : null]),
  );
}

function note(
  values: RowValues,
  { child }: Reference,
  change: Change,
  held: ReadonlyMap<number, Datum>,
): void {
  const rows = values.get(nameKey(child.table)) ?? new Map<string, Map<number, Datum>>();
  values.set(nameKey(child.table), rows);
  rows.set(rowKey(change), new Map([...(rows.get(rowKey(change)) ?? []), ...held]));
}
