/**
 * What scripts must leave as it was besides rows: triggers, rules, constraints and columns with their states.
 */
import type { RestoreTarget } from "./restore-target.ts";

/** Lines by relation; those of one database can be compared with each other. */
export type Definitions = ReadonlyMap<string, ReadonlySet<string>>;

const QUERY = `SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), d.line FROM (
    SELECT tgrelid AS relation, concat_ws(' ', 'trigger', tgname, tgenabled) AS line FROM pg_catalog.pg_trigger
    UNION ALL SELECT ev_class, concat_ws(' ', 'rule', rulename, ev_enabled) FROM pg_catalog.pg_rewrite
    UNION ALL SELECT conrelid, concat_ws(' ', 'constraint', conname, convalidated, pg_catalog.pg_get_constraintdef(oid)) FROM pg_catalog.pg_constraint WHERE conrelid <> 0
    UNION ALL SELECT indrelid, concat_ws(' ', 'index', pg_catalog.pg_get_indexdef(indexrelid), indisvalid) FROM pg_catalog.pg_index
    UNION ALL SELECT attrelid, concat_ws(' ', 'column', attname, pg_catalog.format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated)
      FROM pg_catalog.pg_attribute WHERE attnum > 0 AND NOT attisdropped
    UNION ALL SELECT oid, concat_ws(' ', 'row security', relrowsecurity, relforcerowsecurity) FROM pg_catalog.pg_class
  ) AS d
  JOIN pg_catalog.pg_class c ON c.oid = d.relation JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'`;

/** Reads them. */
export async function readDefinitions(target: Pick<RestoreTarget, "query">): Promise<Definitions> {
  const found = new Map<string, Set<string>>();
  // Else definitions name some objects without their schema.
  await target.query("SET search_path = ''");
  for (const [relation, line] of await target.query(QUERY)) {
    const lines = found.get(String(relation)) ?? new Set();
    lines.add(String(line));
    found.set(String(relation), lines);
  }
  return found;
}

/** What is no longer as it was, in words; relations that are new are left out. */
export function changedDefinitions(before: Definitions, after: Definitions): readonly string[] {
  return [...before].flatMap(([relation, lines]) => {
    const now = after.get(relation) ?? new Set<string>();
    const gone = [...lines].filter((line) => !now.has(line));
    const added = [...now].filter((line) => !lines.has(line));
    return [
      ...gone.map((line) => `${relation}: no longer ${line}`),
      ...added.map((line) => `${relation}: now ${line}`),
    ];
  });
}
