/**
 * The catalog while a dump's statements are read: tables that later statements add to, and what only the whole dump can decide.
 * Knows no syntax trees.
 */
import { nameKey, type QualifiedName, type TableName } from "../../names.ts";
import type {
  Collation,
  Column,
  Constraint,
  Extension,
  FiringState,
  Publication,
  Rule,
  Sequence,
  Table,
  Trigger,
  UniqueIndex,
  UserType,
} from "../types.ts";

/** A table so far. */
export interface TableDraft {
  readonly name: TableName;
  readonly kind: Table["kind"];
  unlogged: boolean;
  columns: Column[];
  readonly constraints: Map<string, Constraint>;
  readonly uniqueIndexes: Map<string, UniqueIndex>;
  /** Names of key constraints and unique indexes made with ONLY: on a partitioned table they hold once every partition has its own. */
  readonly onlyHere: Set<string>;
  /** Names of foreign keys that name no columns of the table they refer to, with the places of their statements. */
  readonly implicitKeys: Map<string, string>;
  partitionOf?: TableName;
  partitionKey?: string;
  readonly inherits: TableName[];
  readonly triggers: Map<string, TriggerDraft>;
  /** Firing states of triggers cloned from the partition root, where a dump states them. */
  readonly cloneStates: Map<string, FiringState>;
  readonly rules: Map<string, Rule>;
  rowSecurity: Table["rowSecurity"];
  readonly policies: Set<string>;
  replicaIdentity: Table["replicaIdentity"];
}

/** A trigger, and its definition with another table in place of its own. */
export interface TriggerDraft {
  readonly trigger: Trigger;
  readonly definitionOn: (table: TableName) => string;
}

/** A publication so far. */
export type PublicationDraft = Pick<Publication, "name" | "allTables" | "publishes"> & {
  readonly tables: Map<string, TableName>;
  readonly schemas: Set<string>;
};

/** Everything read so far. Maps are keyed by {@link nameKey} or by plain name. */
export interface Draft {
  readonly tables: Map<string, TableDraft>;
  readonly sequences: Map<string, Sequence>;
  readonly types: Map<string, UserType>;
  readonly collations: Map<string, Collation>;
  readonly extensions: Map<string, Extension>;
  readonly publications: Map<string, PublicationDraft>;
  readonly materializedViews: Map<string, QualifiedName>;
  /** Attached indexes: index of the partition to index of its parent. */
  readonly attachedIndexes: Map<string, string>;
}

/** A draft of nothing. */
export function emptyDraft(): Draft {
  return {
    tables: new Map(),
    sequences: new Map(),
    types: new Map(),
    collations: new Map(),
    extensions: new Map(),
    publications: new Map(),
    materializedViews: new Map(),
    attachedIndexes: new Map(),
  };
}

/** A table without columns. */
export function emptyTable(name: TableName, kind: Table["kind"]): TableDraft {
  return {
    name,
    kind,
    unlogged: false,
    columns: [],
    constraints: new Map(),
    uniqueIndexes: new Map(),
    onlyHere: new Set(),
    implicitKeys: new Map(),
    inherits: [],
    triggers: new Map(),
    cloneStates: new Map(),
    rules: new Map(),
    rowSecurity: { enabled: false, forced: false },
    policies: new Set(),
    // As servers have it: nothing is published of foreign tables.
    replicaIdentity: kind === "foreign" ? "nothing" : "default",
  };
}

/** The table of this name, if the dump defines it. */
export function findTable(draft: Draft, name: TableName): TableDraft | undefined {
  return draft.tables.get(nameKey(name));
}

/** Puts a changed column in the place of the column of that name; does nothing where there is none. */
export function changeColumn(
  table: TableDraft,
  name: string,
  change: (column: Column) => Column,
): void {
  const at = table.columns.findIndex((column) => column.name === name);
  const column = table.columns[at];
  if (column) table.columns[at] = change(column);
}
