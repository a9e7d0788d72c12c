/**
 * Counts the changes of one table as they pass, and notes what a reviewer must hear about them.
 */
import type { TablePair } from "../catalog/pair.ts";
import type { Change, Counts } from "../compare/change.ts";
import { type Finding, finding } from "../findings.ts";
import { type SequenceMaxima, sequenceMaxima } from "./sequences.ts";
import { NO_CHANGES } from "./types.ts";

export interface Tally {
  /** Takes a change; false means that policy withholds it. */
  note(change: Change): boolean;
  readonly counts: Counts;
  readonly withheld: Counts;
  readonly maxima: SequenceMaxima;
  findings(): readonly Finding[];
}

export interface TallyOptions {
  readonly withholdDeletes: boolean;
  readonly sequenceColumns: readonly string[];
}

export function changeTally(
  pair: TablePair,
  { withholdDeletes, sequenceColumns }: TallyOptions,
): Tally {
  const counts = { ...NO_CHANGES };
  const withheld = { ...NO_CHANGES };
  const nulls = { production: 0, local: 0 };
  const identities = new Map<string, number>();
  const always = pair.columns.map((name) =>
    pair.production.columns.some((column) => column.name === name && column.identity === "always"),
  );
  const maxima = sequenceMaxima(pair, sequenceColumns);
  return {
    counts,
    withheld,
    maxima,
    note(change) {
      if (change.key.includes(null)) nulls[change.kind === "insert" ? "local" : "production"] += 1;
      if (change.kind === "delete" && withholdDeletes) {
        withheld.delete += 1;
        return false;
      }
      counts[change.kind] += 1;
      if (change.kind === "insert") maxima.note(change.after);
      if (change.kind === "update") {
        for (const position of change.columns) {
          const column = pair.columns[position];
          if (always[position] && column !== undefined)
            identities.set(column, (identities.get(column) ?? 0) + 1);
        }
      }
      return true;
    },
    findings() {
      const { name: table, key = [] } = pair;
      const sides = ["production", "local"] as const;
      return [
        ...sides
          .filter((side) => nulls[side] > 0)
          .map((side) => finding({ code: "key_null", table, key, side, rows: nulls[side] })),
        ...[...identities].map(([column, rows]) =>
          finding({ code: "identity_always_update", table, column, rows }),
        ),
        ...(withheld.delete > 0
          ? [finding({ code: "withheld", table, rows: withheld.delete })]
          : []),
      ];
    },
  };
}
