/**
 * The catalog of a snapshot: plain data, JSON-safe, the same whether it was read from a server or from the DDL of a dump.
 *
 * Texts that PostgreSQL prints (definitions, expressions, types) are those of pg_get_constraintdef(), pg_get_indexdef(),
 * pg_get_triggerdef(), pg_get_ruledef(), pg_get_expr() and format_type() under an empty search_path: pg_dump writes exactly these.
 * Instants in them are in UTC.
 */
import type { QualifiedName, TableName } from "../names.ts";

export interface Catalog {
  /** Ordinary, partitioned and foreign tables, partitions included, by name. Members of extensions are left out: dumps do not define them. */
  readonly tables: readonly Table[];
  /** By name. */
  readonly sequences: readonly Sequence[];
  /** User-defined types by name. Members of extensions and row types of tables are left out. */
  readonly types: readonly UserType[];
  /** User-defined collations by name. */
  readonly collations: readonly Collation[];
  /** Installed extensions by name, `plpgsql` left out as pg_dump does. */
  readonly extensions: readonly Extension[];
  /** By name. */
  readonly publications: readonly Publication[];
  /** By name. */
  readonly materializedViews: readonly QualifiedName[];
}

export interface Table {
  readonly name: TableName;
  readonly kind: "table" | "partitioned" | "foreign";
  readonly unlogged: boolean;
  /**
   * In attnum order, dropped ones left out; columns of INHERITS parents first, as in a restored dump. On a server a column that a
   * parent got late stands behind its child's own ones.
   */
  readonly columns: readonly Column[];
  /**
   * Key, unique, exclusion, foreign and check constraints by name; those inherited from a parent or partition root are left out, and
   * keys of a partitioned table that not every partition has yet. Keys WITHOUT OVERLAPS are exclusion constraints.
   */
  readonly constraints: readonly Constraint[];
  /** Valid unique indexes that no constraint owns, by name. */
  readonly uniqueIndexes: readonly UniqueIndex[];
  /** Of a partition: its immediate parent. */
  readonly partitionOf?: TableName;
  /** Of a partitioned table: as pg_get_partkeydef() prints it, e.g. `RANGE (payment_date)`. */
  readonly partitionKey?: string;
  /** Parents by INHERITS, in their order. Empty for partitions. */
  readonly inherits: readonly TableName[];
  /** User triggers by name; clones on partitions are left out. */
  readonly triggers: readonly Trigger[];
  /** Rewrite rules other than those of views, by name. */
  readonly rules: readonly Rule[];
  readonly rowSecurity: { readonly enabled: boolean; readonly forced: boolean };
  /** Row security policies, names in order. */
  readonly policies: readonly string[];
  /** Of foreign tables `nothing`. */
  readonly replicaIdentity: "default" | "nothing" | "full" | { readonly index: string };
}

export interface Column {
  readonly name: string;
  readonly type: TypeRef;
  readonly notNull: boolean;
  /** Default expression; absent for generated and identity columns. */
  readonly default?: string;
  readonly generated?: { readonly kind: "stored" | "virtual"; readonly expression: string };
  /** Left out of partitions whose parent has it: from 17 on servers repeat it there. */
  readonly identity?: "always" | "default";
  /** Only where it is not the collation of the type. */
  readonly collation?: QualifiedName;
}

/**
 * A column's type.
 *
 *     character varying(40)[]   {schema: "pg_catalog", name: "varchar", array: true, formatted: "character varying(40)[]"}
 *     public.mood               {schema: "public", name: "mood", array: false, formatted: "public.mood"}
 */
export interface TypeRef {
  /** Schema and pg_type name; of an array the element's. */
  readonly schema: string;
  readonly name: string;
  readonly array: boolean;
  /** As format_type() prints it, modifier included. */
  readonly formatted: string;
}

export type Constraint =
  | KeyConstraint
  | ForeignKey
  | {
      readonly kind: "exclusion";
      readonly name: string;
      readonly deferrable: Deferrable;
      readonly definition: string;
    }
  | {
      readonly kind: "check";
      readonly name: string;
      readonly validated: boolean;
      readonly definition: string;
    };

export type Deferrable = "no" | "immediate" | "deferred";

export interface KeyConstraint {
  readonly kind: "primary" | "unique";
  readonly name: string;
  /** Key columns in index order, without INCLUDE columns. */
  readonly columns: readonly string[];
  readonly deferrable: Deferrable;
  readonly nullsNotDistinct: boolean;
  readonly definition: string;
}

export interface ForeignKey {
  readonly kind: "foreign";
  readonly name: string;
  readonly columns: readonly string[];
  readonly references: TableName;
  /** In the order of `columns`. Dumps that leave them out mean the primary key of the referenced table; it is filled in. */
  readonly referencedColumns: readonly string[];
  readonly onUpdate: ReferentialAction;
  readonly onDelete: ReferentialAction;
  /** Of SET NULL (a, b): the columns set, where not all. */
  readonly onDeleteColumns?: readonly string[];
  readonly match: "simple" | "full";
  readonly deferrable: Deferrable;
  readonly validated: boolean;
  readonly definition: string;
}

export type ReferentialAction = "no action" | "restrict" | "cascade" | "set null" | "set default";

export interface UniqueIndex {
  readonly name: string;
  /** Key parts in order: a column, or an expression as pg_get_indexdef(index, n) prints it. INCLUDE columns are left out. */
  readonly parts: readonly ({ readonly column: string } | { readonly expression: string })[];
  /** Of a partial index: the condition. */
  readonly predicate?: string;
  readonly nullsNotDistinct: boolean;
  readonly definition: string;
}

export interface Trigger {
  readonly name: string;
  readonly enabled: FiringState;
  readonly timing: "before" | "after" | "instead of";
  readonly level: "row" | "statement";
  /** In the order insert, update, delete, truncate. */
  readonly events: readonly ("insert" | "update" | "delete" | "truncate")[];
  readonly definition: string;
}

/** pg_trigger.tgenabled, pg_rewrite.ev_enabled: O, A, R, D. */
export type FiringState = "origin" | "always" | "replica" | "disabled";

export interface Rule {
  readonly name: string;
  readonly event: "insert" | "update" | "delete";
  readonly instead: boolean;
  readonly enabled: FiringState;
  readonly definition: string;
}

export interface Sequence {
  readonly name: QualifiedName;
  readonly type: "smallint" | "integer" | "bigint";
  /** Decimal numbers, defaults spelled out. */
  readonly start: string;
  readonly increment: string;
  readonly min: string;
  readonly max: string;
  readonly cache: string;
  readonly cycle: boolean;
  /** The column that owns it: serial and identity columns, or OWNED BY. */
  readonly ownedBy?: { readonly table: TableName; readonly column: string };
}

export type UserType =
  | { readonly kind: "enum"; readonly name: QualifiedName; readonly labels: readonly string[] }
  | Domain
  | {
      readonly kind: "composite";
      readonly name: QualifiedName;
      readonly attributes: readonly {
        readonly name: string;
        readonly type: TypeRef;
        readonly collation?: QualifiedName;
      }[];
    }
  | {
      readonly kind: "range";
      readonly name: QualifiedName;
      readonly subtype: TypeRef;
      /** The multirange type made with it; servers before 14 have none. */
      readonly multirange?: QualifiedName;
    }
  | { readonly kind: "base"; readonly name: QualifiedName };

export interface Domain {
  readonly kind: "domain";
  readonly name: QualifiedName;
  readonly base: TypeRef;
  readonly notNull: boolean;
  readonly default?: string;
  readonly collation?: QualifiedName;
  /** CHECK constraints by name. */
  readonly checks: readonly { readonly name: string; readonly definition: string }[];
}

export interface Collation {
  readonly name: QualifiedName;
  readonly deterministic: boolean;
}

export interface Extension {
  readonly name: string;
  readonly schema: string;
}

export interface Publication {
  readonly name: string;
  readonly allTables: boolean;
  /** Tables named one by one, by name. */
  readonly tables: readonly TableName[];
  /** Schemas published as a whole (15 and later). */
  readonly schemas: readonly string[];
  /** In the order insert, update, delete, truncate. */
  readonly publishes: readonly ("insert" | "update" | "delete" | "truncate")[];
}
