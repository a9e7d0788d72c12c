/**
 * Whether a snapshot holds all rows of a table. A dump may leave data out; that must never look like deleted rows.
 */
import { nameKey } from "../names.ts";
import type { Source } from "../sources/source.ts";
import { tableByName } from "./lookup.ts";
import type { TablePair } from "./pair.ts";
import type { Catalog } from "./types.ts";

/** Why a table's rows cannot be compared, or undefined when both sides have them. */
export function missingData(
  pair: TablePair,
  sources: { readonly production: Source; readonly local: Source },
  catalogs: { readonly production: Catalog; readonly local: Catalog },
): string | undefined {
  for (const side of ["production", "local"] as const) {
    const source = sources[side];
    if (source.kind === "database") continue;
    const filled = new Set(source.blocks.map(({ table }) => nameKey(table)));
    const tables = tableByName(catalogs[side]);
    const leaves = pair.parts[side].filter(
      (name) => tables.get(nameKey(name))?.kind !== "partitioned",
    );
    // Loaded through its root, a partition has no block of its own.
    const root = filled.has(nameKey(pair.name));
    const absent = root ? [] : leaves.filter((name) => !filled.has(nameKey(name)));
    if (absent.length === 0) continue;
    const what =
      absent.length === leaves.length
        ? "it"
        : `${absent.length} of its ${leaves.length} partitions`;
    return `the ${side} dump holds no data for ${what}`;
  }
  return undefined;
}
