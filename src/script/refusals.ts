/**
 * What makes deploy.sql refuse beside rows, for preflight: settings, a ledger that is none or says no, a backup that is there already.
 */
import { formatName, quoteIdentifier, quoteName } from "../names.ts";
import type { Backup } from "./backup.ts";
import { columnsLacking, columnsWanting, type LedgerEntry, lastEntry } from "./ledger.ts";
import { restricted } from "./row-security.ts";
import { doBlock, join, literal, type Sql, sql } from "./sql.ts";

/**
 * A DO block that lists it in the setting rowpatch.refusals, each with what helps, as long as something is left to be done. Comes after
 * the checks of the rows and of the privileges.
 */
export function refusals(ledger: LedgerEntry | undefined, backups: readonly Backup[]): Sql {
  const parts = [
    sessionPart(),
    ...(ledger ? [ledgerPart(ledger)] : []),
    ...(backups.length > 0 ? [backupPart(backups)] : []),
  ];
  return doBlock(
    "refusals",
    sql`DECLARE
  r CONSTANT name := current_setting('rowpatch.role');
  entry record;
  told text;
  refused jsonb := '[]';
BEGIN
  IF current_setting('rowpatch.pending') = '0' AND current_setting('rowpatch.drifted') = '0' THEN RETURN; END IF;
${join(parts, "\n")}
  PERFORM set_config('rowpatch.refusals', refused::text, true);
END`,
  );
}

function refuse(what: Sql, help: string): Sql {
  return sql`refused := refused || jsonb_build_object('what', ${what}, 'help', ${literal(help)});`;
}

/** Settings of this session, which are those of the deploy where the role is the same. */
function sessionPart(): Sql {
  return sql`  IF NOT current_setting('track_counts')::boolean THEN
    ${refuse(sql`'track_counts is off: what the script does could not be checked'`, "Switch track_counts on.")}
  END IF;
  IF r = current_user AND current_setting('session_replication_role') <> 'origin' THEN
    ${refuse(sql`'session_replication_role is not origin: foreign keys would not be checked'`, "Deploy with session_replication_role = origin.")}
  END IF;`;
}

/** In the words of the deploy script, in its order. What this role may not read counts as the worst. */
function ledgerPart(entry: LedgerEntry): Sql {
  const { ledger } = entry;
  const name = literal(quoteName(ledger));
  const label = literal(formatName(ledger));
  const schema = literal(quoteIdentifier(ledger.schema));
  const hidden = refuse(
    sql`concat('the role ', current_user, ' may not read the ledger ', ${label}, ', so what it says is not known')`,
    "Run preflight.sql as a role that may, with -v role=NAME for the one that deploys.",
  );
  return sql`  IF NOT coalesce(has_schema_privilege(to_regnamespace(${schema})::oid, 'USAGE'), true) THEN
    ${hidden}
  ELSIF to_regclass(${name}) IS NOT NULL THEN
    ${columnsLacking(ledger, sql`told`)}
    IF told IS NOT NULL THEN
      ${refuse(sql`concat(${label}, ' is no ledger of rowpatch, it has no: ', told)`, "Name another table with --ledger.")}
    ELSE
      ${columnsWanting(ledger, sql`told`)}
      IF told IS NOT NULL THEN
        ${refuse(sql`concat(${label}, ' is no ledger of rowpatch, it wants values for: ', told)`, "Give these columns a default, or name another table with --ledger.")}
      END IF;
      IF (SELECT ${restricted(sql`r`)} FROM pg_class c WHERE c.oid = to_regclass(${name})::oid) THEN
        ${refuse(sql`concat('row security may hide rows of the ledger ', ${label}, ' from the role ', r)`, "Let its owner deploy, or a role with BYPASSRLS.")}
      END IF;
      IF row_security_active(to_regclass(${name})::oid) OR NOT has_table_privilege(to_regclass(${name})::oid, 'SELECT') THEN
        ${hidden}
      ELSE
        ${lastEntry(entry)}
        IF FOUND AND entry.direction = ${literal(entry.direction)} THEN
          ${refuse(sql`concat('the ledger says: ', entry.told, '; yet the changes are not in place')`, "Find out who took them back; -v ledger=accept deploys all the same.")}
        END IF;
      END IF;
    END IF;
  END IF;`;
}

/** Found without to_regclass(), which takes USAGE on the schema. */
function backupPart(backups: readonly Backup[]): Sql {
  const names = backups.map(
    ({ name }) =>
      sql`(${literal(name.schema)}, ${literal(name.name)}, ${literal(quoteName(name))})`,
  );
  return sql`  SELECT string_agg(kept.shown, ', ' ORDER BY kept.shown) INTO told FROM (VALUES ${join(names, ", ")}) AS kept (nsp, rel, shown)
  JOIN pg_namespace n ON n.nspname = kept.nsp JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = kept.rel;
  IF told IS NOT NULL THEN
    ${refuse(sql`concat('a backup is there already: ', told)`, "Keep it under another name (ALTER TABLE ... RENAME TO ...) or drop it.")}
  END IF;`;
}
