/**
 * Whether a snapshot holds all rows of a table. A dump may leave data out; that must never look like deleted rows.
 */
import { ExpectedError } from "../errors.ts";
import { type Finding, finding } from "../findings.ts";
import { nameKey, type TableName } from "../names.ts";
import type { DataBlock, DumpSource, Source } from "../sources/source.ts";
import { tableByName } from "./lookup.ts";
import type { Pairing, TablePair } from "./pair.ts";
import type { Sides } from "./sides.ts";
import type { Catalog, Table } from "./types.ts";

/** Both sides with their catalogs. */
type ComparedSides = Sides<Source> & { readonly catalogs: Sides<Catalog> };

/**
 * The pairs whose rows both sides have, and findings for all others.
 *
 * @throws ExpectedError `nothing_compared` if there is none.
 */
export function comparablePairs(pairing: Pairing, sides: ComparedSides): Pairing {
  const gaps: Finding[] = [];
  const pairs = pairing.pairs.filter((pair) => {
    const reason = missingData(pair, sides, sides.catalogs);
    if (reason !== undefined)
      gaps.push(finding({ code: "not_compared", table: pair.name, reason }));
    return reason === undefined;
  });
  const findings = [...pairing.findings, ...undefinedTables(sides, sides.catalogs), ...gaps];
  if (pairs.length > 0) return { pairs, findings };
  throw new ExpectedError({ code: "nothing_compared", reason: nothingReason(findings, sides) });
}

function nothingReason(findings: readonly Finding[], { production, local }: Sides<Source>): string {
  const empty = [production, local].find(
    (source) => source.kind === "dump" && source.blocks.length === 0,
  );
  if (empty) return `there is no data in ${empty.provenance.display}`;
  const first = findings.find(({ code }) => code === "not_compared" || code === "table_missing");
  return first ? first.message : "there is no table on both sides";
}

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
    const doubt = pair.columns.length > 0 && orderInDoubt(source, catalogs[side], pair.parts[side]);
    if (doubt) {
      return `its rows in the ${side} dump come without column names, and ${doubt}; make it with --column-inserts`;
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
  const absent = leaves.filter((name) => !held(name));
  if (absent.length === 0) return undefined;
  return absent.length === leaves.length
    ? "there is no data for it"
    : `there is no data for ${absent.length} of its ${leaves.length} partitions`;
}

/** Tells the tables whose rows are in the dump: in blocks of their own, or in one of the root, which may leave untold whose they are. */
function heldTables(dump: DumpSource, [root]: readonly TableName[]): (table: TableName) => boolean {
  const blocks = blocksByTable(dump);
  const throughRoot = (root && blocks.get(nameKey(root))) ?? [];
  if (throughRoot.some(({ leaves }) => leaves === undefined)) return () => true;
  const carried = new Set(throughRoot.flatMap(({ leaves = [] }) => leaves.map(nameKey)));
  return (table) => blocks.has(nameKey(table)) || carried.has(nameKey(table));
}

/** Why nobody can tell the columns of INSERT statements that name none, or undefined where the catalog tells. */
function orderInDoubt(
  dump: DumpSource,
  catalog: Catalog,
  parts: readonly TableName[],
): string | undefined {
  const blocks = blocksByTable(dump);
  const tables = tableByName(catalog);
  for (const part of parts) {
    const key = nameKey(part);
    if (!blocks.get(key)?.some(({ positional }) => positional === true)) continue;
    if (dump.tablesFrom === "other side") return "it does not say what its columns are";
    const found = tables.get(key);
    if (!found) continue;
    // A column that a parent got late stands last on the server, and first once the dump is restored.
    if (found.inherits.length > 0) return "those of a table that inherits may have another order";
    if (found.kind !== "partitioned") continue;
    const orders = parts.flatMap((leaf) => tables.get(nameKey(leaf)) ?? []).map(columnOrder);
    if (new Set(orders).size > 1) return "its partitions have their columns in another order";
  }
  return undefined;
}

function columnOrder({ columns }: Table): string {
  return JSON.stringify(columns.map(({ name }) => name));
}

type BlocksByTable = ReadonlyMap<string, readonly DataBlock[]>;

/** Asked for every table of a dump, which has as many blocks. */
const INDEXES = new WeakMap<DumpSource, BlocksByTable>();

function blocksByTable(dump: DumpSource): BlocksByTable {
  const known = INDEXES.get(dump);
  if (known) return known;
  const index = new Map<string, DataBlock[]>();
  for (const block of dump.blocks) {
    const blocks = index.get(nameKey(block.table));
    if (blocks) blocks.push(block);
    else index.set(nameKey(block.table), [block]);
  }
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
