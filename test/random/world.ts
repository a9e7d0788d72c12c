/**
 * A random schema as data, small enough to take pieces away from it.
 */
import { quoteIdentifier, quoteName, type TableName } from "../../src/names.ts";
import { typeOf } from "./types.ts";

export interface RandomColumn {
  readonly name: string;
  /** A name of TYPES. */
  readonly type: string;
  readonly notNull: boolean;
  /** Text for the default. */
  readonly default?: string;
  /** Expression of a stored generated column. */
  readonly generated?: string;
  readonly identity?: "ALWAYS" | "BY DEFAULT";
  readonly serial?: boolean;
}

/** A constraint or unique index. */
export interface RandomRule {
  readonly name: string;
  readonly kind: "unique" | "index" | "exclusion" | "check";
  /** Every column that it names. */
  readonly columns: readonly string[];
  readonly sql: string;
  /** Whether a foreign key may refer to its columns. */
  readonly referable: boolean;
  /** Of deferrable ones: how two rows `a` and `b` break it. */
  readonly broken?: string;
}

export interface RandomTable {
  readonly id: string;
  readonly name: TableName;
  /** Own ones; those of `inherits` come first. */
  readonly columns: readonly RandomColumn[];
  readonly key: readonly string[];
  /** `named` tables have no unique index on their key. */
  readonly keyKind: "primary" | "deferrable" | "unique" | "named";
  readonly partition?: { readonly by: "hash" | "range" | "list"; readonly column: string };
  /** Id of the parent. */
  readonly inherits?: string;
  readonly rules: readonly RandomRule[];
}

export interface RandomReference {
  readonly name: string;
  readonly child: string;
  readonly columns: readonly string[];
  readonly parent: string;
  readonly referenced: readonly string[];
  /** ON DELETE, ON UPDATE, DEFERRABLE. */
  readonly actions: string;
  readonly full: boolean;
}

/** A row to insert: literals by column, null for NULL. */
export interface RandomRow {
  readonly table: string;
  readonly values: Readonly<Record<string, string | null>>;
}

/** One edit; rows are chosen by salt, whatever they hold. */
export type Edit = { readonly salt: string } & (
  | { readonly kind: "insert"; readonly rows: readonly RandomRow[] }
  | {
      readonly kind: "update";
      readonly row: RandomRow;
      readonly count: number;
      /** Foreign keys do not act; rows that are left alone find another parent. */
      readonly free: boolean;
    }
  | {
      readonly kind: "delete";
      readonly table: string;
      readonly count: number;
      readonly free: boolean;
    }
  /** Rows hand the values of these columns on to each other. */
  | {
      readonly kind: "rotate";
      readonly table: string;
      readonly columns: readonly string[];
      readonly count: number;
      /** The first takes these instead of the last one's. */
      readonly fresh?: Readonly<Record<string, string | null>>;
    }
  /** A row goes, and one with another key has everything else of it. */
  | { readonly kind: "take"; readonly row: RandomRow }
  | { readonly kind: "rewire"; readonly reference: string; readonly count: number }
  | {
      readonly kind: "respell";
      readonly table: string;
      readonly column: string;
      readonly count: number;
    }
);

export interface World {
  readonly seed: number;
  readonly tables: readonly RandomTable[];
  readonly references: readonly RandomReference[];
  /** What fills production. */
  readonly data: readonly Edit[];
  /** What is done to local. */
  readonly edits: readonly Edit[];
  /** What happens to production after the scripts were made. */
  readonly drift: readonly Edit[];
}

/** All columns of a table in order, inherited ones first. */
export function columnsOf(
  world: Pick<World, "tables">,
  table: RandomTable,
): readonly RandomColumn[] {
  const parent = world.tables.find(({ id }) => id === table.inherits);
  if (!parent) return table.columns;
  const inherited = columnsOf(world, parent).map(({ identity: _, ...column }) => column);
  return [...inherited, ...table.columns];
}

/** Columns that take values. */
export function writable(
  world: Pick<World, "tables">,
  table: RandomTable,
): readonly RandomColumn[] {
  return columnsOf(world, table).filter(({ generated }) => generated === undefined);
}

/** The table of an id. */
export function tableOf(world: Pick<World, "tables">, id: string): RandomTable | undefined {
  return world.tables.find((table) => table.id === id);
}

/** For statements on existing rows. */
export function target({ name, partition }: RandomTable): string {
  return partition ? quoteName(name) : `ONLY ${quoteName(name)}`;
}

/** A literal of a column's type. */
export function literalOf({ type }: RandomColumn, value: string | null): string {
  return value === null ? "NULL" : `${text(value)}::${typeOf(type).cast}`;
}

/** Names in parentheses. */
export function list(columns: readonly string[], prefix = ""): string {
  return columns.map((column) => prefix + quoteIdentifier(column)).join(", ");
}

/** A text for SQL. */
export function text(value: string): string {
  const quoted = value.replaceAll("'", "''");
  return quoted.includes("\\") ? ` E'${quoted.replaceAll("\\", "\\\\")}'` : `'${quoted}'`;
}
