/**
 * Which rows drift, one at a time: of each table and kind of change at least one, spread evenly, the same ones every time.
 */
import { decodeChange, decodeTable } from "../changeset/codec.ts";
import type { Change, ChangeKind } from "../compare/change.ts";
import { nameKey } from "../names.ts";
import { type Bundle, type BundleTable, bundleTables, changeLines } from "./bundle.ts";

export interface ChosenChange {
  readonly table: BundleTable;
  readonly change: Change;
  /** 0 for the first of its table and kind, 1 for the second, and so on. */
  readonly round: number;
}

const KINDS: readonly ChangeKind[] = ["insert", "update", "delete"];

/** At most `limit` changes: the first of each table and kind, then the second ones, and so on. Reads changes.jsonl once. */
export async function chooseChanges(
  bundle: Bundle,
  limit: number,
): Promise<readonly ChosenChange[]> {
  const wanted = chosenPlaces(bundle, limit);
  const tables = bundleTables(bundle);
  const seen = new Map<string, number>();
  const chosen: ChosenChange[] = [];
  for await (const line of changeLines(bundle)) {
    const parsed: unknown = JSON.parse(line);
    const name = decodeTable(parsed);
    const table = name && tables.get(nameKey(name));
    const change = table && decodeChange(table, parsed);
    if (!table || !change) continue;
    const group = groupOf(table, change.kind);
    const place = seen.get(group) ?? 0;
    seen.set(group, place + 1);
    const round = wanted.get(group)?.indexOf(place) ?? -1;
    if (round >= 0) chosen.push({ table, change, round });
  }
  return chosen.sort((a, b) => a.round - b.round);
}

function chosenPlaces({ tables }: Bundle, limit: number): ReadonlyMap<string, readonly number[]> {
  const groups = tables.flatMap((table) =>
    KINDS.map((kind) => ({ group: groupOf(table, kind), count: table.counts[kind], quota: 0 })),
  );
  let left = limit;
  for (let given = 1; given > 0 && left > 0; ) {
    given = 0;
    for (const group of groups) {
      if (left === 0 || group.quota === group.count) continue;
      group.quota += 1;
      given += 1;
      left -= 1;
    }
  }
  return new Map(
    groups.map(({ group, count, quota }) => [
      group,
      Array.from({ length: quota }, (_, index) => Math.floor((index * count) / quota)),
    ]),
  );
}

function groupOf({ table }: BundleTable, kind: ChangeKind): string {
  return `${nameKey(table)}\0${kind}`;
}
