/**
 * Definitions of keys and foreign keys as pg_get_constraintdef() prints them, for those that were written with a column or
 * without the columns they refer to. pg_dump writes neither, so its own texts are kept wherever they are.
 */
import { quoteIdentifier } from "../parser.ts";
import type { Deferrable, ForeignKey, KeyConstraint, ReferentialAction } from "../types.ts";
import { quoteName } from "./statement.ts";

/** `PRIMARY KEY (id)`, `UNIQUE NULLS NOT DISTINCT (a) DEFERRABLE`. */
export function keyDefinition(key: Omit<KeyConstraint, "definition">): string {
  const distinct = key.nullsNotDistinct ? " NULLS NOT DISTINCT" : "";
  const kind = key.kind === "primary" ? "PRIMARY KEY" : `UNIQUE${distinct}`;
  return `${kind} ${columnList(key.columns)}${deferring(key.deferrable)}`;
}

/** `FOREIGN KEY (a_id) REFERENCES public.a(id) ON DELETE CASCADE`. */
export function foreignKeyDefinition(key: Omit<ForeignKey, "definition">): string {
  const parts = [
    `FOREIGN KEY ${columnList(key.columns)} REFERENCES ${quoteName(key.references)}${columnList(key.referencedColumns)}`,
    key.match === "full" ? " MATCH FULL" : "",
    action("UPDATE", key.onUpdate),
    action("DELETE", key.onDelete),
    key.onDeleteColumns ? ` ${columnList(key.onDeleteColumns)}` : "",
    deferring(key.deferrable),
    key.validated ? "" : " NOT VALID",
  ];
  return parts.join("");
}

function columnList(columns: readonly string[]): string {
  return `(${columns.map(quoteIdentifier).join(", ")})`;
}

function action(event: string, taken: ReferentialAction): string {
  return taken === "no action" ? "" : ` ON ${event} ${taken.toUpperCase()}`;
}

function deferring(deferrable: Deferrable): string {
  if (deferrable === "no") return "";
  return deferrable === "deferred" ? " DEFERRABLE INITIALLY DEFERRED" : " DEFERRABLE";
}
