/**
 * What the written values show: labels, NULLs and characters that production refuses, numbers that mean nothing there. One pass over
 * the changes of tables where something of it is possible.
 */
import { resolveType } from "../../catalog/lookup.ts";
import type { Catalog, Column } from "../../catalog/types.ts";
import { rewriteParts } from "../../compare/canonical/parts.ts";
import type { Rewrite } from "../../compare/canonical/rewrite.ts";
import { type Datum, isLong } from "../../compare/change.ts";
import { partsOf, shapeOf, type Typed } from "../../compare/shape.ts";
import { type Finding, finding } from "../../findings.ts";
import { formatName, nameKey } from "../../names.ts";
import { canEncode } from "../../sources/encoding.ts";
import {
  builtinName,
  changedColumns,
  isUpdated,
  type Subject,
  type Touched,
  touchedTables,
  written,
} from "./subject.ts";

/** Looks at the values written to one column. */
interface Watch {
  readonly position: number;
  look(value: Datum): void;
  findings(): readonly Finding[];
}

/** Findings of values. `largeObjects` is the number of large objects on both sides. */
export async function valueFindings(
  subject: Subject,
  largeObjects: number,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const touched = touchedTables(subject);
  for (const table of touched) {
    const { changed } = table;
    const watches = changedColumns(table).flatMap((column, position) =>
      column && (changed.counts.insert > 0 || isUpdated(changed, position))
        ? watchesOf({ subject, table, column, position }, largeObjects)
        : [],
    );
    if (watches.length === 0) continue;
    for await (const change of subject.changeset.changes(table.changed.table)) {
      for (const watch of watches) {
        const value = written(change, watch.position);
        if (value !== undefined) watch.look(value);
      }
    }
    findings.push(...watches.flatMap((watch) => watch.findings()));
  }
  if (touched.length > 0) findings.push(...unchecked(subject));
  return findings;
}

interface Place {
  readonly subject: Subject;
  readonly table: Touched;
  readonly column: Column;
  readonly position: number;
}

function watchesOf(place: Place, largeObjects: number): readonly Watch[] {
  return [
    nullWatch(place),
    enumWatch(place),
    clusterWatch(place, largeObjects),
    encodingWatch(place),
  ].flatMap((watch) => watch ?? []);
}

type Facts = Parameters<typeof finding>[0];

function counting(
  { position }: Place,
  holds: (value: Datum) => boolean,
  facts: (rows: number) => Facts,
): Watch {
  let rows = 0;
  return {
    position,
    look(value) {
      if (holds(value)) rows += 1;
    },
    findings: () => (rows > 0 ? [finding(facts(rows))] : []),
  };
}

function inColumn({ table, column }: Place): {
  readonly table: Touched["changed"]["table"];
  readonly column: string;
} {
  return { table: table.changed.table, column: column.name };
}

function nullWatch(place: Place): Watch | undefined {
  const { table, column } = place;
  const nullable = table.local.columns.some(
    ({ name, notNull }) => name === column.name && !notNull,
  );
  if (!column.notNull || !nullable) return undefined;
  return counting(
    place,
    (value) => value === null,
    (rows) => ({ code: "null_refused", ...inColumn(place), rows }),
  );
}

function enumWatch(place: Place): Watch | undefined {
  const { catalogs } = place.subject;
  const missing = new Set<string>();
  let found = false;
  const visit = labelVisitor(place.column, catalogs.production, {
    missing: missingLabels(catalogs),
    see(label) {
      found = true;
      missing.add(label);
    },
  });
  if (!visit) return undefined;
  const { longTexts } = place.subject.changeset;
  let rows = 0;
  return {
    position: place.position,
    look(value) {
      found = false;
      if (typeof value === "string") visit(value);
      else if (isLong(value)) visit([...(longTexts?.read(value.long) ?? [])].join(""));
      if (found) rows += 1;
    },
    findings() {
      if (rows === 0) return [];
      const labels = [...missing].sort();
      const type = formatName(resolveType(catalogs.production, place.column.type).type);
      return [finding({ code: "enum_label_missing", ...inColumn(place), type, labels, rows })];
    },
  };
}

type Labels = ReadonlyMap<string, ReadonlySet<string>>;

/** By enum type: labels that local has and production has not. */
function missingLabels({ production, local }: Subject["catalogs"]): Labels {
  const labels = new Map<string, Set<string>>();
  for (const type of production.types) {
    if (type.kind !== "enum") continue;
    const other = local.types.find(({ name }) => nameKey(name) === nameKey(type.name));
    if (other?.kind !== "enum") continue;
    const only = other.labels.filter((label) => !type.labels.includes(label));
    if (only.length > 0) labels.set(nameKey(type.name), new Set(only));
  }
  return labels;
}

interface Sought {
  readonly missing: Labels;
  readonly see: (label: string) => void;
}

/** Passes every missing label within a value to `see`, at any depth; undefined where the type holds no such enum. */
function labelVisitor(typed: Typed, catalog: Catalog, sought: Sought): Rewrite | undefined {
  const shape = shapeOf(typed, catalog);
  if (shape.kind === "enum") {
    const missing = sought.missing.get(nameKey(resolveType(catalog, typed.type).type));
    if (!missing) return undefined;
    return (label) => {
      if (missing.has(label)) sought.see(label);
      return label;
    };
  }
  if (shape.kind === "base" || shape.kind === "extension" || shape.kind === "unknown")
    return undefined;
  const visitors = partsOf(shape).map((part) => labelVisitor(part, catalog, sought));
  return visitors.some(Boolean) ? rewriteParts(shape, visitors) : undefined;
}

/** Types whose values mean something only in the cluster where they arose. Names of objects (reg*) are not among them. */
const CLUSTER_TYPES: ReadonlySet<string> = new Set(
  "oid xid xid8 cid tid pg_lsn txid_snapshot pg_snapshot".split(" "),
);

function clusterWatch(place: Place, largeObjects: number): Watch | undefined {
  const { type } = place.column;
  const name = builtinName(place.subject.catalogs.production, type);
  // `lo` is a domain over oid, by an extension.
  const large = name === "oid" || (type.name === "lo" && !type.array);
  if (!large && (name === undefined || !CLUSTER_TYPES.has(name))) return undefined;
  return counting(
    place,
    (value) => value !== null && value !== "0",
    (rows) =>
      large && largeObjects > 0
        ? { code: "large_object_column", ...inColumn(place), rows }
        : { code: "cluster_values", ...inColumn(place), type: type.formatted, rows },
  );
}

function encodingWatch(place: Place): Watch | undefined {
  const { production, local } = encodings(place.subject);
  if (production === "SQL_ASCII") return undefined;
  const can = canEncode(production);
  const asText = place.column.type.name === "bytea" ? undefined : can;
  if (local !== "SQL_ASCII" && (production === "UTF8" || !asText)) return undefined;
  const { longTexts } = place.subject.changeset;
  const isHeld = (value: Exclude<Datum, null>): boolean => {
    if (typeof value === "string") return asText?.(value) !== false;
    if (!isLong(value)) return false;
    for (const piece of longTexts?.read(value.long) ?? [])
      if (asText?.(piece) === false) return false;
    return true;
  };
  return counting(
    place,
    (value) => value !== null && !isHeld(value),
    (rows) => ({ code: "not_encodable", ...inColumn(place), encoding: production, rows }),
  );
}

function encodings({ sources }: Subject): { readonly production: string; readonly local: string } {
  const name = (side: "production" | "local") => sources[side].provenance.encoding;
  return { production: name("production"), local: name("local") };
}

/** Encodings that differ and whose characters cannot be looked up here. */
function unchecked(subject: Subject): readonly Finding[] {
  const { production, local } = encodings(subject);
  const known = production === "UTF8" || canEncode(production) !== undefined;
  if (production === local || (known && local !== "SQL_ASCII")) return [];
  return [finding({ code: "encoding_unchecked", production, local })];
}
