/**
 * How far sequences must be raised so that production's next own row does not collide with an inserted one.
 */
import type { TablePair } from "../catalog/pair.ts";
import type { ReadSides } from "../catalog/sides.ts";
import type { Catalog, Sequence, Table } from "../catalog/types.ts";
import type { Datum } from "../compare/change.ts";
import { type Finding, finding } from "../findings.ts";
import { compareNames, nameKey, type QualifiedName } from "../names.ts";
import type { SequenceValue } from "../sources/source.ts";
import type { SequenceTarget } from "./types.ts";

/** The largest inserted whole number of each column that a sequence feeds. */
export interface SequenceMaxima {
  /** Takes an inserted row, aligned with the pair's columns. */
  note(row: readonly Datum[]): void;
  /** By column; columns without an inserted number are left out. */
  readonly values: ReadonlyMap<string, bigint>;
}

/** Watches the given columns of a table. */
export function sequenceMaxima(pair: TablePair, columns: readonly string[]): SequenceMaxima {
  const watched = columns.map((column) => ({ column, position: pair.columns.indexOf(column) }));
  const values = new Map<string, bigint>();
  return {
    values,
    note(row) {
      for (const { column, position } of watched) {
        const value = row[position];
        if (typeof value !== "string" || !/^-?\d+$/.test(value)) continue;
        const number = BigInt(value);
        const largest = values.get(column);
        if (largest === undefined || number > largest) values.set(column, number);
      }
    },
  };
}

/** The sequences that feed a table's columns: owned (serial, identity), or named by a DEFAULT nextval(...). */
export function sequencesOf(
  catalog: Catalog,
  table: Table,
): readonly { readonly column: string; readonly sequence: Sequence }[] {
  const { owned, named } = placesOf(catalog);
  return table.columns.flatMap((column) => {
    const next = nextOf(column.default);
    const places = [
      owned.get(ownerKey({ table: table.name, column: column.name })),
      next && named.get(nameKey(next)),
    ].filter((place) => place !== undefined);
    const sequence = catalog.sequences[Math.min(...places)];
    return sequence ? [{ column: column.name, sequence }] : [];
  });
}

interface SequencePlaces {
  /** Places in the catalog: by owner the first one, by `nameKey`. */
  readonly owned: ReadonlyMap<string, number>;
  readonly named: ReadonlyMap<string, number>;
}

/** Catalogs do not change, and every table asks. */
const known = new WeakMap<Catalog, SequencePlaces>();

function placesOf(catalog: Catalog): SequencePlaces {
  const done = known.get(catalog);
  if (done) return done;
  const owned = new Map<string, number>();
  const named = new Map<string, number>();
  for (const [place, { name, ownedBy }] of catalog.sequences.entries()) {
    named.set(nameKey(name), place);
    const owner = ownedBy && ownerKey(ownedBy);
    if (owner !== undefined && !owned.has(owner)) owned.set(owner, place);
  }
  const made = { owned, named };
  known.set(catalog, made);
  return made;
}

function ownerKey({ table, column }: NonNullable<Sequence["ownedBy"]>): string {
  return JSON.stringify([table.schema, table.name, column]);
}

/** The name in `nextval('schema.name'::regclass)`, as PostgreSQL prints it: parts are quoted where they need it. */
function nextOf(expression: string | undefined): QualifiedName | undefined {
  const text = /^nextval\('((?:[^']|'')*)'::regclass\)$/.exec(expression ?? "")?.[1];
  const parts = text?.replaceAll("''", "'").match(/"(?:[^"]|"")*"|[^".]+/g) ?? [];
  const [schema, name, ...more] = parts.map((part) =>
    part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part,
  );
  if (schema === undefined || name === undefined || more.length > 0) return undefined;
  return { schema, name };
}

export interface SequenceTargets {
  readonly targets: readonly SequenceTarget[];
  readonly findings: readonly Finding[];
}

/** What sequence targets follow from the inserts of one table, as production's sequences stand. */
export function sequenceTargets(
  catalog: Catalog,
  table: Table,
  inserted: { readonly maxima: SequenceMaxima; readonly production: readonly SequenceValue[] },
): SequenceTargets {
  const targets: SequenceTarget[] = [];
  const findings: Finding[] = [];
  const states = new Map(inserted.production.map((value) => [nameKey(value.name), value]));
  for (const { column, sequence } of sequencesOf(catalog, table)) {
    const value = inserted.maxima.values.get(column);
    if (value === undefined) continue;
    if (sequence.increment.startsWith("-")) {
      findings.push(
        finding({ code: "sequence_descending", sequence: sequence.name, table: table.name }),
      );
      continue;
    }
    const state = states.get(nameKey(sequence.name));
    const behind =
      !state ||
      BigInt(state.lastValue) < value ||
      (BigInt(state.lastValue) === value && !state.isCalled);
    const possible = value <= BigInt(sequence.max) && value >= BigInt(sequence.min);
    if (behind && possible)
      targets.push({ sequence: sequence.name, value: String(value), table: table.name, column });
  }
  return { targets, findings };
}

/** The targets of all compared tables, and what there is to say of sequences. Asks both sides for their values. */
export async function raisedSequences(
  { production, local, catalogs }: ReadSides,
  compared: ReadonlyMap<TablePair, { readonly maxima?: SequenceMaxima }>,
): Promise<SequenceTargets> {
  const states = { production: await production.sequences(), local: await local.sequences() };
  const raised = [...compared]
    .sort(([a], [b]) => compareNames(a.name, b.name))
    .flatMap(([pair, { maxima }]) =>
      maxima
        ? [
            sequenceTargets(catalogs.production, pair.production, {
              maxima,
              production: states.production,
            }),
          ]
        : [],
    );
  const targets = raised.flatMap((found) => found.targets);
  const findings = raised.flatMap((found) => found.findings);
  const told = [...targets, ...findings].flatMap((item) =>
    "sequence" in item ? [nameKey(item.sequence)] : [],
  );
  return {
    targets,
    findings: [...findings, ...freeSequenceFindings(catalogs.production, states, new Set(told))],
  };
}

/**
 * Sequences that no column owns and that differ: nobody can tell what they mean, so they are only named. Those of `told` are raised, or
 * named already.
 */
export function freeSequenceFindings(
  catalog: Catalog,
  { production, local }: Readonly<Record<"production" | "local", readonly SequenceValue[]>>,
  told: ReadonlySet<string>,
): readonly Finding[] {
  const free = new Set(
    catalog.sequences
      .filter(({ ownedBy }) => !ownedBy)
      .map(({ name }) => nameKey(name))
      .filter((name) => !told.has(name)),
  );
  const other = new Map(local.map((value) => [nameKey(value.name), value]));
  return production.flatMap((ours) => {
    const theirs = other.get(nameKey(ours.name));
    if (!theirs || !free.has(nameKey(ours.name))) return [];
    if (ours.lastValue === theirs.lastValue && ours.isCalled === theirs.isCalled) return [];
    return [
      finding({
        code: "sequence_differs",
        sequence: ours.name,
        production: ours.lastValue,
        local: theirs.lastValue,
      }),
    ];
  });
}
