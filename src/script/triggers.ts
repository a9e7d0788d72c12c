/**
 * Triggers and rules of touched tables, switched off and back to exactly their former state within the transaction.
 * `session_replication_role` is never used: it would switch foreign keys off too.
 */
import { activeRules } from "../catalog/firing.ts";
import type { FiringState } from "../catalog/types.ts";
import { quoteName } from "../names.ts";
import type { FiringTrigger } from "../order/triggers.ts";
import { doBlock, ident, join, literal, qualified, type Sql, sql } from "./sql.ts";
import type { ScriptTable } from "./table.ts";

/** Checks first that the role owns every table whose triggers or rules are switched: only owners may. */
export function ownershipGuard(tables: readonly ScriptTable[]): Sql {
  return doBlock(
    "owner",
    sql`DECLARE
  missing text;
BEGIN
  SELECT string_agg(tbl, ', ' ORDER BY tbl) INTO missing
  FROM (VALUES ${names(tables)}) AS touched (tbl)
  JOIN pg_class c ON c.oid = to_regclass(tbl)
  WHERE NOT pg_has_role(c.relowner, 'USAGE');
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = concat('only the owner can switch triggers or rules off: ', missing), HINT = 'Nothing was changed. Run as the owner of these tables.';
  END IF;
END`,
  );
}

/**
 * Switches these triggers off, with their copies on partitions, and remembers their states. The shape guard has seen that there are no
 * others.
 */
export function triggersOff(triggers: readonly FiringTrigger[]): Sql {
  const rows = triggers.map(
    ({ table, trigger }) => sql`(${literal(quoteName(table))}, ${literal(trigger.name)})`,
  );
  return doBlock(
    "triggers",
    sql`DECLARE
  t record;
  off jsonb := '[]';
BEGIN
  FOR t IN
    SELECT DISTINCT g.tgparentid <> 0, g.tgrelid::regclass::text AS tbl, g.tgname, g.tgenabled
    FROM (VALUES ${join(rows, ",\n      ")}) AS firing (tbl, trg)
    JOIN pg_trigger g ON g.tgname = firing.trg AND (g.tgrelid = to_regclass(firing.tbl)::oid OR g.tgrelid IN (SELECT relid FROM pg_partition_tree(to_regclass(firing.tbl))))
    JOIN pg_proc p ON p.oid = g.tgfoid
    WHERE g.tgenabled IN ('O', 'A')
      -- Copies on partitions are marked internal before version 15; foreign keys' own triggers stay on.
      AND (NOT g.tgisinternal OR g.tgparentid <> 0) AND NOT (p.pronamespace = 'pg_catalog'::regnamespace AND p.proname LIKE 'RI\\_FKey\\_%')
    ORDER BY 1, 2, 3
  LOOP
    off := off || jsonb_build_array(jsonb_build_array(t.tbl, t.tgname, t.tgenabled));
    EXECUTE format('ALTER TABLE ONLY %s DISABLE TRIGGER %I', t.tbl, t.tgname);
  END LOOP;
  PERFORM set_config('rowpatch.triggers', off::text, true);
END`,
  );
}

/** Switches back what `triggersOff` has switched off. */
export function triggersOn(): Sql {
  return doBlock(
    "triggers",
    sql`DECLARE
  t jsonb;
BEGIN
  FOR t IN SELECT value FROM jsonb_array_elements(current_setting('rowpatch.triggers')::jsonb) LOOP
    EXECUTE format('ALTER TABLE ONLY %s ENABLE %s TRIGGER %I', t ->> 0, CASE t ->> 2 WHEN 'A' THEN 'ALWAYS' ELSE '' END, t ->> 1);
  END LOOP;
END`,
  );
}

/** ALTER TABLE statements for the rules that are active. */
export function rulesOff(tables: readonly ScriptTable[]): readonly Sql[] {
  return tables.flatMap(({ catalog }) =>
    activeRules(catalog).map(
      ({ name }) => sql`ALTER TABLE ${qualified(catalog.name)} DISABLE RULE ${ident(name)};`,
    ),
  );
}

export function rulesOn(tables: readonly ScriptTable[]): readonly Sql[] {
  return tables.flatMap(({ catalog }) =>
    activeRules(catalog).map(
      ({ name, enabled }) =>
        sql`ALTER TABLE ${qualified(catalog.name)} ENABLE ${ENABLE[enabled]}RULE ${ident(name)};`,
    ),
  );
}

const ENABLE: Readonly<Record<FiringState, Sql>> = {
  origin: sql``,
  always: sql`ALWAYS `,
  replica: sql`REPLICA `,
  disabled: sql``,
};

function names(tables: readonly ScriptTable[]): Sql {
  return join(
    tables.map((table) => sql`(${literal(quoteName(table.name))})`),
    ", ",
  );
}
