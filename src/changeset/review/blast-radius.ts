/**
 * Rows outside the changeset that foreign keys would touch: children of rows that are deleted, or whose referenced columns change.
 * Counted from production's data; the tables concerned are read once more.
 */
import { foreignKeysTo, partitionRoot, partitionTree, tableByName } from "../../catalog/lookup.ts";
import type { Catalog, ForeignKey, ReferentialAction } from "../../catalog/types.ts";
import { type Change, type Datum, isLong, valueBefore } from "../../compare/change.ts";
import { decodeLine } from "../../compare/decode.ts";
import { keyClassOf } from "../../compare/key.ts";
import { type Finding, finding } from "../../findings.ts";
import { formatName, nameKey, type TableName } from "../../names.ts";
import { onlyRespells } from "../respelling.ts";
import type { ChangedTable } from "../types.ts";
import { isUpdated, type Subject, touchedTables } from "./subject.ts";

type Event = "delete" | "update";

/** Rows of `table` that go away or change, by the values that a foreign key refers to. */
interface Wave {
  readonly table: TableName;
  readonly event: Event;
  /** The values of the named columns before that rows lose if the foreign key acts so, as `tuple` writes them; undefined where unknown. */
  values(
    columns: readonly string[],
    action: ReferentialAction,
  ): Promise<ReadonlySet<string> | undefined>;
}

interface Link {
  readonly child: TableName;
  readonly foreignKey: ForeignKey;
}

/** Cascades of cascades are followed this far; the script's own check sees all. */
const DEPTH = 5;

export async function blastRadius(subject: Subject): Promise<readonly Finding[]> {
  const findings = new Map<string, Finding>();
  let waves: readonly Wave[] = touchedTables(subject).flatMap(({ changed }) =>
    changedWaves(subject, changed),
  );
  for (let depth = 0; depth < DEPTH && waves.length > 0; depth += 1) {
    const next: Wave[] = [];
    for (const wave of waves) {
      for (const link of linksTo(subject.catalogs.production, wave.table)) {
        const hit = await outsideRows(subject, wave, link);
        if (!hit) continue;
        const key = `${nameKey(wave.table)} ${nameKey(link.child)} ${link.foreignKey.name} ${wave.event}`;
        if (!findings.has(key)) findings.set(key, hit.finding);
        if (hit.wave) next.push(hit.wave);
      }
    }
    waves = next;
  }
  return [...findings.values()];
}

function linksTo(catalog: Catalog, table: TableName): readonly Link[] {
  return partitionTree(catalog, table).flatMap((member) =>
    foreignKeysTo(catalog, member).map(({ table: child, foreignKey }) => ({ child, foreignKey })),
  );
}

function changedWaves({ changeset, catalogs }: Subject, changed: ChangedTable): readonly Wave[] {
  const { table, counts } = changed;
  const kinds = (["delete", "update"] as const).filter((kind) => counts[kind] > 0);
  return kinds.map((event) => ({
    table,
    event,
    async values(columns, action) {
      const positions = columns.map((column) => changed.columns.indexOf(column));
      if (positions.includes(-1)) return event === "update" ? new Set() : undefined;
      if (event === "update" && !positions.some((position) => isUpdated(changed, position)))
        return new Set();
      const tuple = tupleOf(catalogs.production, table, columns);
      const found = new Set<string>();
      for await (const change of changeset.changes(table, event)) {
        if (!isConcerned(change, positions)) continue;
        const key = tuple(positions.map((position) => valueBefore(change, position)));
        // Another spelling of an equal value lets no row go, but every action except NO ACTION takes it for a change.
        const isSame =
          change.kind === "update" && onlyRespells(changed, { change, positions }, tuple);
        if (key !== undefined && !(isSame && action === "no action")) found.add(key);
      }
      return found;
    },
  }));
}

function isConcerned(change: Change, positions: readonly number[]): boolean {
  return (
    change.kind === "delete" ||
    (change.kind === "update" && change.columns.some((position) => positions.includes(position)))
  );
}

interface Hit {
  readonly finding: Finding;
  /** What PostgreSQL would do to the rows, for those that refer to them. */
  readonly wave?: Wave;
}

async function outsideRows(subject: Subject, wave: Wave, link: Link): Promise<Hit | undefined> {
  const { child, foreignKey } = link;
  if (wave.event === "delete" && isCarried(subject, link)) return undefined;
  const action = wave.event === "delete" ? foreignKey.onDelete : foreignKey.onUpdate;
  const values = await wave.values(foreignKey.referencedColumns, action);
  if (values?.size === 0) return undefined;
  const facts = { table: wave.table, child, constraint: foreignKey.name };
  const reason = values
    ? unreadable(subject, child)
    : "the columns that it refers to were not compared";
  if (!values || reason !== undefined)
    return {
      finding: finding({ code: "blast_radius_unknown", ...facts, reason: reason ?? "" }),
    };
  const { rows, removed } = await referringRows(subject, link, values);
  const outside = rows - (await carriedRows(subject, link, values));
  if (outside <= 0) return undefined;
  const found = finding({
    code: "blast_radius",
    ...facts,
    event: wave.event,
    action,
    rows: outside,
  });
  return follows(wave.event, action) ? { finding: found, wave: removed } : { finding: found };
}

function follows(event: Event, action: ReferentialAction): boolean {
  return event === "delete" && action === "cascade";
}

/**
 * Whether every referring row of production is in the changeset, because local holds to the same foreign key and all its changes are
 * carried: then nothing needs to be read.
 */
function isCarried({ catalogs, pairs, filtered, changeset }: Subject, link: Link): boolean {
  const { child, foreignKey } = link;
  const root = partitionRoot(catalogs.production, child);
  const pair = pairs.find(({ name }) => nameKey(name) === nameKey(root));
  if (!pair?.key || filtered.has(pair)) return false;
  if (!foreignKey.columns.every((column) => pair.columns.includes(column))) return false;
  const withheld = changeset.tables.find(({ table }) => nameKey(table) === nameKey(root))?.withheld;
  if (withheld && withheld.insert + withheld.update + withheld.delete > 0) return false;
  const local = tableByName(catalogs.local).get(nameKey(child));
  return (
    local?.constraints.some(
      (constraint) =>
        constraint.kind === "foreign" &&
        constraint.validated &&
        nameKey(constraint.references) === nameKey(foreignKey.references) &&
        same(constraint.columns, foreignKey.columns) &&
        same(constraint.referencedColumns, foreignKey.referencedColumns),
    ) ?? false
  );
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}

/** Why production's rows of a table cannot be read again. */
export function unreadable(
  { sources: { production }, catalogs }: Subject,
  table: TableName,
): string | undefined {
  const byName = tableByName(catalogs.production);
  const parts = partitionTree(catalogs.production, table);
  if (parts.some((name) => byName.get(nameKey(name))?.kind === "foreign"))
    return "it is a foreign table";
  if (production.kind === "database") return undefined;
  const filled = new Set(production.blocks.map((block) => nameKey(block.table)));
  const leaves = parts.filter((name) => byName.get(nameKey(name))?.kind !== "partitioned");
  if (filled.has(nameKey(partitionRoot(catalogs.production, table)))) return undefined;
  return leaves.every((name) => filled.has(nameKey(name)))
    ? undefined
    : `the dump holds no data for ${formatName(table)}`;
}

/** Counts production's rows that refer to the values, and keeps what others refer to in them. */
async function referringRows(
  { sources: { production }, catalogs: { production: catalog } }: Subject,
  { child, foreignKey }: Link,
  values: ReadonlySet<string>,
): Promise<{ readonly rows: number; readonly removed: Wave }> {
  const further = [
    ...new Set(linksTo(catalog, child).flatMap((link) => link.foreignKey.referencedColumns)),
  ];
  const columns = [...foreignKey.columns, ...further];
  const tuple = tupleOf(catalog, foreignKey.references, foreignKey.referencedColumns);
  const width = foreignKey.columns.length;
  const kept: (readonly Datum[])[] = [];
  let rows = 0;
  const byName = tableByName(catalog);
  const request = {
    table: child,
    parts: partitionTree(catalog, child),
    columns,
    columnsOf: (part: TableName) => byName.get(nameKey(part))?.columns.map(({ name }) => name),
  };
  for await (const line of linesOf(production.lines(request))) {
    const row = decodeLine(line);
    const key = tuple(row.slice(0, width));
    if (key === undefined || !values.has(key)) continue;
    rows += 1;
    if (further.length > 0) kept.push(row.slice(width));
  }
  return { rows, removed: keptWave(catalog, child, { columns: further, rows: kept }) };
}

function keptWave(
  catalog: Catalog,
  table: TableName,
  kept: { readonly columns: readonly string[]; readonly rows: readonly (readonly Datum[])[] },
): Wave {
  return {
    table,
    event: "delete",
    async values(columns) {
      const positions = columns.map((column) => kept.columns.indexOf(column));
      const tuple = tupleOf(catalog, table, columns);
      return new Set(
        kept.rows.flatMap((row) => tuple(positions.map((position) => row[position])) ?? []),
      );
    },
  };
}

/** The lines of chunks of COPY text, without their ends. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      yield chunk.subarray(start, end);
      start = end + 1;
    }
  }
}

/** Changes of the child that end such a reference: each stands for one row of production. */
async function carriedRows(
  { changeset, catalogs }: Subject,
  { child, foreignKey }: Link,
  values: ReadonlySet<string>,
): Promise<number> {
  const root = partitionRoot(catalogs.production, child);
  const changed = changeset.tables.find(({ table }) => nameKey(table) === nameKey(root));
  const positions = foreignKey.columns.map((column) => changed?.columns.indexOf(column) ?? -1);
  if (!changed || positions.includes(-1)) return 0;
  const tuple = tupleOf(catalogs.production, foreignKey.references, foreignKey.referencedColumns);
  let rows = 0;
  for await (const change of changeset.changes(changed.table)) {
    if (!isConcerned(change, positions)) continue;
    const key = tuple(positions.map((position) => valueBefore(change, position)));
    if (key !== undefined && values.has(key)) rows += 1;
  }
  return rows;
}

export type Tuple = (values: readonly (Datum | undefined)[]) => string | undefined;

/** Writes values so that they are the same text exactly where the referenced key's index takes them for equal. NULL refers to nothing. */
export function tupleOf(catalog: Catalog, table: TableName, columns: readonly string[]): Tuple {
  const found = tableByName(catalog).get(nameKey(table));
  const forms = columns.map((name) => {
    const column = found?.columns.find((candidate) => candidate.name === name);
    const keyClass = column && keyClassOf(column, catalog);
    if (keyClass?.kind === "canonical") return keyClass.canonical;
    const fold = keyClass?.kind === "server" ? keyClass.fold : undefined;
    return (text: string) => fold?.(text) ?? text;
  });
  return (values) => {
    const texts: string[] = [];
    for (const [index, value] of values.entries()) {
      if (value === null || value === undefined) return undefined;
      if (typeof value === "string") texts.push(forms[index]?.(value) ?? value);
      else texts.push(isLong(value) ? value.long.sha256 : value.base64);
    }
    return JSON.stringify(texts);
  };
}
