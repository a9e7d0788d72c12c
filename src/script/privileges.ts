/**
 * Which privileges the deploying role lacks, and the statements that would grant them, for preflight.
 */
import { type QualifiedName, quoteIdentifier, quoteName } from "../names.ts";
import { type Needs, relationPrivileges } from "./needs.ts";
import { isMissing } from "./prologue.ts";
import { doBlock, join, literal, type Sql, sql } from "./sql.ts";

/** What deploy.sql keeps beside its changes. */
export interface Kept {
  readonly ledger: QualifiedName | undefined;
  readonly backupSchema: string | undefined;
}

/** A DO block that lists them in the setting rowpatch.lacking. */
export function missingPrivileges(needs: Needs, { ledger, backupSchema }: Kept): Sql {
  const relations = relationPrivileges(needs).map(
    ({ relation, privilege }) => sql`(${literal(relation)}, ${literal(privilege)})`,
  );
  const kept = [ledger?.schema, backupSchema].filter((schema) => schema !== undefined);
  const schemas = [...new Set([...needs.schemas, ...kept])];
  const owned = needs.tables.flatMap(({ table, owner }) =>
    owner ? [sql`(${literal(quoteName(table.name))})`] : [],
  );
  const parts = [
    ...(relations.length > 0
      ? [
          sql`SELECT concat(CASE WHEN privilege LIKE '%,%' THEN 'UPDATE' ELSE privilege END, ' on ', tbl) AS what, concat('GRANT ', CASE WHEN privilege LIKE '%,%' THEN 'UPDATE' ELSE privilege END, ' ON ', CASE WHEN c.relkind = 'S' THEN 'SEQUENCE ' END, tbl, ' TO ', quote_ident(r), ';') AS help
    FROM (VALUES ${join(relations, ", ")}) AS needed (tbl, privilege) JOIN pg_class c ON c.oid = to_regclass(tbl) WHERE ${isMissing(sql`r`)}`,
        ]
      : []),
    ...schemas.map((schema) => schemaPart(schema, "USAGE", sql`true`)),
    ...(ledger ? [ledgerPart(ledger), ...makingParts(ledger.schema, isAbsent(ledger))] : []),
    ...(backupSchema === undefined ? [] : makingParts(backupSchema, sql`true`)),
    ...(owned.length > 0
      ? [
          sql`SELECT concat('ownership of ', tbl), concat('GRANT ', quote_ident(pg_get_userbyid(c.relowner)), ' TO ', quote_ident(r), ';')
    FROM (VALUES ${join(owned, ", ")}) AS needed (tbl) JOIN pg_class c ON c.oid = to_regclass(tbl) WHERE NOT pg_has_role(r, c.relowner, 'USAGE')`,
        ]
      : []),
    ...(needs.temporary ? [databasePart("TEMPORARY", sql`true`)] : []),
  ];
  return doBlock(
    "privileges",
    sql`DECLARE
  r CONSTANT name := coalesce(nullif(current_setting('rowpatch.role'), ''), current_user);
  lacking jsonb;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN RAISE EXCEPTION USING MESSAGE = concat('there is no role ', r); END IF;
  PERFORM set_config('rowpatch.role', r, true);
  WITH missing (what, help) AS (
    ${join(parts, "\n    UNION ALL\n    ")})
  SELECT jsonb_agg(jsonb_build_object('what', what, 'help', help) ORDER BY what COLLATE "C") INTO lacking FROM (SELECT DISTINCT what, help FROM missing) AS listed;
  PERFORM set_config('rowpatch.lacking', coalesce(lacking, '[]')::text, true);
END`,
  );
}

/** Of a table that is there already; found without to_regclass(), which takes USAGE on the schema. */
function ledgerPart(ledger: QualifiedName): Sql {
  const name = literal(quoteName(ledger));
  return sql`SELECT concat(privilege, ' on ', ${name}), concat('GRANT ', privilege, ' ON ', ${name}, ' TO ', quote_ident(r), ';')
    FROM (VALUES ('SELECT'), ('INSERT')) AS needed (privilege), pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ${literal(ledger.schema)} AND c.relname = ${literal(ledger.name)} AND NOT has_table_privilege(r, c.oid, privilege)`;
}

function isAbsent({ schema, name }: QualifiedName): Sql {
  return sql`NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ${literal(schema)} AND c.relname = ${literal(name)})`;
}

/** To make tables in the schema, or the schema itself. */
function makingParts(schema: string, where: Sql): readonly Sql[] {
  const absent = sql`to_regnamespace(${literal(quoteIdentifier(schema))}) IS NULL`;
  return [schemaPart(schema, "CREATE", where), databasePart("CREATE", absent)];
}

function schemaPart(schema: string, privilege: "USAGE" | "CREATE", where: Sql): Sql {
  const name = literal(quoteIdentifier(schema));
  return sql`SELECT ${literal(`${privilege} on schema ${quoteIdentifier(schema)}`)}, concat(${literal(`GRANT ${privilege} ON SCHEMA ${quoteIdentifier(schema)} TO `)}, quote_ident(r), ';')
    WHERE ${where} AND to_regnamespace(${name}) IS NOT NULL AND NOT has_schema_privilege(r, to_regnamespace(${name})::oid, ${literal(privilege)})`;
}

function databasePart(privilege: "CREATE" | "TEMPORARY", where: Sql): Sql {
  return sql`SELECT concat(${literal(`${privilege} on database `)}, quote_ident(current_database())), concat(${literal(`GRANT ${privilege} ON DATABASE `)}, quote_ident(current_database()), ' TO ', quote_ident(r), ';')
    WHERE ${where} AND NOT has_database_privilege(r, current_database(), ${literal(privilege)})`;
}
