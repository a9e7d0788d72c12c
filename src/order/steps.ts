/**
 * Steps: groups of changes at their place in execution order. Data only.
 */
import type { Change } from "../compare/change.ts";
import type { TableName } from "../names.ts";

export type StepKind = "release" | "insert" | "update" | "delete";

/** Changes of one kind and table that run one after the other. A release is an update that frees a value or reference first. */
export interface Step {
  readonly kind: StepKind;
  readonly table: TableName;
  readonly count: number;
  /** In execution order. May be read any number of times. */
  readonly changes: () => AsyncIterable<Change>;
  /** One statement for all rows: PostgreSQL checks foreign keys at its end, so rows may refer to each other. */
  readonly together: boolean;
  /** Its rows are all changes of their table and kind, with the new values of the changeset. */
  readonly whole: boolean;
  /** And the old ones too: nothing was released or cascaded. */
  readonly asCompared: boolean;
  /**
   * Rows, by `rowKey`, that an earlier step or a referential action has written already: triggers may have set columns of theirs
   * since. Only of updates and deletes.
   */
  readonly rewritten?: ReadonlySet<string>;
  /**
   * What other rows wait for: rows that must be gone, and updates by which rows must have let go of all their old values. Asked at
   * once, so that drift is told in its own words. As often as wanted.
   */
  readonly frees?: () => AsyncIterable<Change>;
  /** Why the step is there, where its kind does not say. */
  readonly reason?: string;
}

/** A constraint that the script defers, named in SET CONSTRAINTS. */
export interface DeferredConstraint {
  readonly table: TableName;
  readonly name: string;
}

export interface Plan {
  readonly steps: readonly Step[];
  /** By table and name. */
  readonly deferred: readonly DeferredConstraint[];
  /** Rows that referential actions update as a consequence of the steps, as reviewed. */
  readonly cascades: readonly { readonly table: TableName; readonly updates: number }[];
}
