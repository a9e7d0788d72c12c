/**
 * One-letter codes and bits that PostgreSQL's catalogs and its parser share, as the catalog spells them.
 */
import type {
  Deferrable,
  FiringState,
  Publication,
  ReferentialAction,
  Sequence,
  Trigger,
} from "./types.ts";

/** pg_constraint.confupdtype and confdeltype. */
export const REFERENTIAL_ACTIONS: ReadonlyMap<string, ReferentialAction> = new Map([
  ["a", "no action"],
  ["r", "restrict"],
  ["c", "cascade"],
  ["n", "set null"],
  ["d", "set default"],
]);

/** pg_trigger.tgenabled and pg_rewrite.ev_enabled. */
export const FIRING_STATES: ReadonlyMap<string, FiringState> = new Map([
  ["O", "origin"],
  ["A", "always"],
  ["R", "replica"],
  ["D", "disabled"],
]);

/** What triggers fire for and publications carry, in the order of the catalog. */
export const WRITES: Publication["publishes"] = ["insert", "update", "delete", "truncate"];

const ROW = 1;
const BEFORE = 2;
const INSTEAD_OF = 64;
const EVENT_BITS = { insert: 4, update: 16, delete: 8, truncate: 32 } as const;

/** pg_trigger.tgtype. See: PostgreSQL, `catalog/pg_trigger.h`, TRIGGER_TYPE_ROW. */
export function triggerType(bits: number): Pick<Trigger, "timing" | "level" | "events"> {
  return {
    timing: (bits & BEFORE) !== 0 ? "before" : (bits & INSTEAD_OF) !== 0 ? "instead of" : "after",
    level: (bits & ROW) !== 0 ? "row" : "statement",
    events: WRITES.filter((event) => (bits & EVENT_BITS[event]) !== 0),
  };
}

/** pg_constraint.condeferrable and condeferred. */
export function deferrability(deferrable: boolean, deferred: boolean): Deferrable {
  if (!deferrable) return "no";
  return deferred ? "deferred" : "immediate";
}

/** The type of a sequence of this pg_catalog type; sequences of other types do not exist. */
export function sequenceTypeOf(typeName: string): Sequence["type"] {
  if (typeName === "int2") return "smallint";
  return typeName === "int4" ? "integer" : "bigint";
}
