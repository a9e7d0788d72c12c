/**
 * `rowpatch inspect`: what one dump or database holds.
 */
import { tmpdir } from "node:os";
import { keyCandidates, partitionTree, tableByName } from "../../catalog/lookup.ts";
import { readCatalog } from "../../catalog/snapshot.ts";
import type { Catalog, Table } from "../../catalog/types.ts";
import { formatIdentifier, formatName, nameKey, printable } from "../../names.ts";
import { describeProvenance } from "../../script/header.ts";
import { qualified, sql } from "../../script/sql.ts";
import { openSource } from "../../sources/open.ts";
import type { Source } from "../../sources/source.ts";
import type { Outcome } from "../exit.ts";
import type { Io } from "../io.ts";
import { progressLine } from "../progress.ts";
import type { RawSettings } from "../setting-reader.ts";
import { aligned, plural } from "../text.ts";

/** A table or the root of a partition tree. */
interface Inspected {
  readonly table: Table;
  readonly key: readonly string[] | undefined;
  readonly partitions: number;
  /** `undefined` for foreign tables: their rows lie elsewhere. */
  readonly rows: number | undefined;
}

export async function runInspect(name: string, flags: RawSettings, io: Io): Promise<Outcome> {
  const progress = progressLine(io, flags["quiet"] === true);
  progress.show("opening the source");
  let text = "";
  try {
    const database = flags["database"];
    await using source = await openSource(name, {
      env: io.env,
      tempDirectory: io.env["TMPDIR"] ?? tmpdir(),
      ...(typeof database === "string" ? { database } : {}),
      ...(io.signal ? { signal: io.signal } : {}),
    });
    const catalog = await readCatalog(source);
    const tables: Inspected[] = [];
    for (const table of catalog.tables) {
      if (table.partitionOf) continue;
      progress.show(`counting ${formatName(table.name)}`);
      tables.push(await inspect(source, catalog, table));
      io.signal?.throwIfAborted();
    }
    text = flags["json"] === true ? jsonOf(source, catalog, tables) : textOf(source, tables);
  } finally {
    progress.clear();
  }
  io.stdout.write(text);
  return { kind: "done" };
}

async function inspect(source: Source, catalog: Catalog, table: Table): Promise<Inspected> {
  const rows = table.kind === "foreign" ? undefined : await countRows(source, catalog, table);
  return {
    table,
    key: keyCandidates(table)[0]?.columns,
    partitions: partitionTree(catalog, table.name).length - 1,
    rows,
  };
}

async function countRows(source: Source, catalog: Catalog, table: Table): Promise<number> {
  if (source.kind === "database") {
    const only = table.kind === "partitioned" ? sql`` : sql`ONLY `;
    const [[count] = []] = await source.query(
      sql`SELECT pg_catalog.count(*) FROM ${only}${qualified(table.name)}`,
    );
    return Number(count);
  }
  const tables = tableByName(catalog);
  const stored = table.columns.filter(({ generated }) => !generated).map(({ name }) => name);
  const lines = source.lines({
    table: table.name,
    parts: partitionTree(catalog, table.name),
    columns: stored,
    columnsOf: (part) => tables.get(nameKey(part))?.columns.map(({ name }) => name),
  });
  let rows = 0;
  for await (const chunk of lines) {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) rows += 1;
  }
  return rows;
}

function textOf({ provenance }: Source, tables: readonly Inspected[]): string {
  const rows = tables.map(({ table, key, partitions, rows: count }) => [
    formatName(table.name),
    key === undefined ? "none" : key.map(formatIdentifier).join(", "),
    partitions > 0 ? plural(partitions, "partition") : table.kind === "foreign" ? "foreign" : "",
    String(table.columns.length),
    count === undefined ? "-" : String(count),
  ]);
  const lines = aligned([["table", "key", "", "columns", "rows"], ...rows], 3);
  return `${printable(describeProvenance(provenance))}\n\n${lines.join("\n")}\n\n${plural(tables.length, "table")}\n`;
}

function jsonOf({ provenance }: Source, catalog: Catalog, tables: readonly Inspected[]): string {
  const inspection = {
    format: "rowpatch.inspection",
    version: 1,
    source: provenance,
    tables: tables.map(({ table, key, partitions, rows }) => ({
      table: table.name,
      kind: table.kind,
      partitions,
      columns: table.columns.map(({ name, type, notNull }) => ({
        name,
        type: type.formatted,
        notNull,
      })),
      key: key ?? null,
      rows: rows ?? null,
    })),
    sequences: catalog.sequences.map(({ name }) => name),
    extensions: catalog.extensions.map(({ name }) => name),
  };
  return `${JSON.stringify(inspection, null, 2)}\n`;
}
