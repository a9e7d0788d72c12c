/**
 * Whether a snapshot holds all rows of a table. A dump may leave data out; that must never look like deleted rows.
 */
import { type Finding, finding } from "../findings.ts";
import { nameKey, type TableName } from "../names.ts";
import type { DataBlock, DumpSource, Source } from "../sources/source.ts";
import { tableByName } from "./lookup.ts";
import type { TablePair } from "./pair.ts";
import type { Sides } from "./sides.ts";
import type { Catalog } from "./types.ts";

/** Why a table's rows cannot be compared, or undefined when both sides have them. */
export function missingData(
  pair: TablePair,
  sources: Sides<Source>,
  catalogs: Sides<Catalog>,
): string | undefined {
  for (const side of ["production", "local"] as const) {
    const source = sources[side];
    if (source.kind === "database") continue;
    const gap = dataGap(source, catalogs[side], pair.parts[side]);
    if (gap !== undefined) return `${gap} in the ${side} dump`;
    if (source.tablesFrom === "other side" && positional(source, pair.parts[side])) {
      return `its rows in the ${side} dump come without column names, and that dump does not say what its columns are; make it with --column-inserts, or without --data-only`;
    }
  }
  return undefined;
}

/**
 * What a dump lacks of a table's rows: `there is no data`, `there is no data for 1 of its 3 partitions`. `parts` are the tables that may
 * hold them, the root first.
 */
export function dataGap(
  dump: DumpSource,
  catalog: Catalog,
  parts: readonly TableName[],
): string | undefined {
  if (dump.blocks.length === 0) return "there is no data";
  const tables = tableByName(catalog);
  const leaves = parts.filter((name) => tables.get(nameKey(name))?.kind !== "partitioned");
  const held = heldTables(dump, parts);
  const absent = held === "all" ? [] : leaves.filter((name) => !held.has(nameKey(name)));
  if (absent.length === 0) return undefined;
  return absent.length === leaves.length
    ? "there is no data for it"
    : `there is no data for ${absent.length} of its ${leaves.length} partitions`;
}

/** The tables that have rows of their own in the dump; all, where rows come through the root and nothing tells whose they are. */
function heldTables(dump: DumpSource, [root]: readonly TableName[]): ReadonlySet<string> | "all" {
  const { held, byTable } = blockIndex(dump);
  const throughRoot = (root && byTable.get(nameKey(root))) ?? [];
  return throughRoot.some(({ leaves }) => leaves === undefined) ? "all" : held;
}

function positional(dump: DumpSource, parts: readonly TableName[]): boolean {
  const { byTable } = blockIndex(dump);
  return parts.some((name) =>
    byTable.get(nameKey(name))?.some((block) => block.positional === true),
  );
}

interface BlockIndex {
  readonly byTable: ReadonlyMap<string, readonly DataBlock[]>;
  /** Every table named by a block, as target or as leaf. */
  readonly held: ReadonlySet<string>;
}

/** Asked for every table of a dump, which has as many blocks. */
const INDEXES = new WeakMap<DumpSource, BlockIndex>();

function blockIndex(dump: DumpSource): BlockIndex {
  const known = INDEXES.get(dump);
  if (known) return known;
  const byTable = new Map<string, DataBlock[]>();
  const held = new Set<string>();
  for (const block of dump.blocks) {
    const key = nameKey(block.table);
    const blocks = byTable.get(key) ?? [];
    blocks.push(block);
    byTable.set(key, blocks);
    held.add(key);
    for (const leaf of block.leaves ?? []) held.add(nameKey(leaf));
  }
  const index = { byTable, held };
  INDEXES.set(dump, index);
  return index;
}

/** Rows in dumps of tables that no catalog tells of: those of extensions, whose definitions dumps leave out. */
export function undefinedTables(
  sources: Sides<Source>,
  catalogs: Sides<Catalog>,
): readonly Finding[] {
  const findings = new Map<string, Finding>();
  for (const side of ["production", "local"] as const) {
    const source = sources[side];
    if (source.kind === "database") continue;
    const known = tableByName(catalogs[side]);
    const other = side === "production" ? "local" : "production";
    for (const { table } of source.blocks) {
      const key = nameKey(table);
      if (known.has(key) || findings.has(key)) continue;
      findings.set(
        key,
        source.tablesFrom === "other side"
          ? finding({ code: "table_missing", table, in: other })
          : finding({
              code: "not_compared",
              table,
              reason: `the ${side} dump has rows of it but does not define it, as with tables of extensions`,
            }),
      );
    }
  }
  return [...findings.values()];
}
