/**
 * What fires when a table's rows are written in an ordinary session.
 */
import { compareNames, nameKey, type TableName } from "../names.ts";
import { partitionTree, tableByName } from "./lookup.ts";
import type { Catalog, FiringState, Rule, Table, Trigger } from "./types.ts";

/** User triggers of the table or one of its partitions that fire when session_replication_role is origin. */
export function firingTriggers(
  catalog: Catalog,
  table: Table,
): readonly { readonly table: TableName; readonly trigger: Trigger }[] {
  const tables = tableByName(catalog);
  return partitionTree(catalog, table.name)
    .flatMap((name) => tables.get(nameKey(name)) ?? [])
    .sort((a, b) => compareNames(a.name, b.name))
    .flatMap(({ name, triggers }) => triggers.map((trigger) => ({ table: name, trigger })))
    .filter(({ trigger }) => fires(trigger.enabled));
}

/** Rules of the table that rewrite statements. */
export function activeRules(table: Table): readonly Rule[] {
  return table.rules.filter(({ enabled }) => fires(enabled));
}

function fires(state: FiringState): boolean {
  return state === "origin" || state === "always";
}
