/**
 * What the role that runs a script must be allowed to do, derived from the steps: for the header, the guard and preflight alike.
 */
import {
  compareNames,
  compareText,
  nameKey,
  type QualifiedName,
  quoteName,
  type TableName,
} from "../names.ts";
import type { Plan, StepKind } from "../order/steps.ts";
import type { ScriptTable } from "./table.ts";

export type Privilege = "SELECT" | "INSERT" | "UPDATE" | "DELETE";

/** LOCK TABLE against writers takes any one of these on the whole table. */
export const LOCKING = "UPDATE, DELETE, TRUNCATE";

export interface TableNeeds {
  readonly table: ScriptTable;
  /** In the order of `Privilege`. */
  readonly privileges: readonly Privilege[];
  /** It is locked against writers, and no privilege of the list allows that. */
  readonly locking: boolean;
  /** Triggers or rules are switched off. */
  readonly owner: boolean;
}

export interface Needs {
  /** That hold these tables and sequences: USAGE. In order. */
  readonly schemas: readonly string[];
  readonly tables: readonly TableNeeds[];
  /** Other tables that are read: rows of theirs refer to rows that are deleted. By name. */
  readonly read: readonly TableName[];
  /** Those that setval() raises: SELECT and UPDATE. */
  readonly sequences: readonly QualifiedName[];
  /** Large steps travel through temporary tables. */
  readonly temporary: boolean;
}

/** Of a script that only reads. `related` are other tables that it looks into. */
export function readingNeeds(
  tables: readonly ScriptTable[],
  temporary: boolean,
  related: readonly TableName[] = [],
): Needs {
  const needs = (table: ScriptTable): TableNeeds => ({
    table,
    privileges: ["SELECT"],
    locking: false,
    owner: false,
  });
  const own = new Set(tables.map(({ name }) => nameKey(name)));
  const others = new Map(related.map((name) => [nameKey(name), name]));
  const read = [...others.values()].filter((name) => !own.has(nameKey(name))).sort(compareNames);
  const schemas = schemasOf([...tables.map(({ name }) => name), ...read]);
  return { schemas, tables: tables.map(needs), read, sequences: [], temporary };
}

function schemasOf(names: readonly QualifiedName[]): readonly string[] {
  return [...new Set(names.map(({ schema }) => schema))].sort(compareText);
}

/** Of a script that writes. */
export function writingNeeds(
  tables: readonly ScriptTable[],
  facts: {
    readonly plan: Plan;
    readonly sequences: readonly QualifiedName[];
    readonly temporary: boolean;
    readonly locked: (table: ScriptTable) => boolean;
    readonly owned: readonly ScriptTable[];
    /** Rows are copied before they change, and locked for that. */
    readonly saved: boolean;
  },
): Needs {
  const kinds = new Map<string, Set<StepKind>>();
  for (const { table, kind } of facts.plan.steps) {
    const known = kinds.get(nameKey(table)) ?? new Set();
    kinds.set(nameKey(table), known.add(kind));
  }
  const needs = (table: ScriptTable): TableNeeds => {
    const has = (kind: StepKind) => kinds.get(nameKey(table.name))?.has(kind) ?? false;
    // Rows that others may refer to are locked before they are deleted, which takes the right to update them.
    const rowLocks = has("delete") && (table.children.length > 0 || facts.saved);
    const updates = has("update") || has("release") || rowLocks;
    return {
      table,
      privileges: [
        "SELECT",
        ...(has("insert") ? (["INSERT"] as const) : []),
        ...(updates ? (["UPDATE"] as const) : []),
        ...(has("delete") ? (["DELETE"] as const) : []),
      ],
      locking: facts.locked(table) && !updates && !has("delete"),
      owner: facts.owned.includes(table),
    };
  };
  const own = new Set(tables.map(({ name }) => nameKey(name)));
  const children = tables
    .filter(({ name }) => kinds.get(nameKey(name))?.has("delete"))
    .flatMap((table) => table.children.map((child) => child.table))
    .filter((name) => !own.has(nameKey(name)));
  const read = new Map(children.map((name) => [nameKey(name), name]));
  const names = [...tables.map(({ name }) => name), ...read.values(), ...facts.sequences];
  return {
    schemas: schemasOf(names),
    tables: tables.map(needs),
    read: [...read.values()].sort(compareNames),
    sequences: facts.sequences,
    temporary: facts.temporary,
  };
}

/** Privileges on relations as PostgreSQL names them: the relation as to_regclass() takes it, and any one of the privileges. */
export function relationPrivileges(
  needs: Needs,
): readonly { readonly relation: string; readonly privilege: string }[] {
  return [
    ...needs.tables.flatMap(({ table, privileges, locking }) =>
      [...privileges, ...(locking ? [LOCKING] : [])].map((privilege) => ({
        relation: quoteName(table.name),
        privilege,
      })),
    ),
    ...needs.read.map((name) => ({ relation: quoteName(name), privilege: "SELECT" })),
    ...needs.sequences.flatMap((name) =>
      ["SELECT", "UPDATE"].map((privilege) => ({ relation: quoteName(name), privilege })),
    ),
  ];
}
