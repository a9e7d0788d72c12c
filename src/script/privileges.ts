/**
 * Which privileges the deploying role lacks, for deploy.sql and for revert.sql, and what helps, for preflight.
 */
import { type QualifiedName, quoteIdentifier, quoteName } from "../names.ts";
import { type Needs, relationPrivileges } from "./needs.ts";
import { isMissing } from "./prologue.ts";
import { restricted } from "./row-security.ts";
import { doBlock, join, literal, type Sql, sql } from "./sql.ts";

/** What deploy.sql keeps beside its changes. */
export interface Kept {
  readonly ledger: QualifiedName | undefined;
  readonly backupSchema: string | undefined;
}

/** What each of the scripts that write needs. */
export interface BothNeeds {
  readonly deploy: Needs;
  readonly revert: Needs;
}

/** A DO block that lists them in the setting rowpatch.lacking, each with the scripts that need it. */
export function missingPrivileges({ deploy, revert }: BothNeeds, kept: Kept): Sql {
  const parts = [
    ...[...needed(deploy), ...keeping(kept)].map((part) => forScript("deploy", part)),
    ...[...needed(revert), ...keeping(kept)].map((part) => forScript("revert", part)),
  ];
  return doBlock(
    "privileges",
    sql`DECLARE
  r CONSTANT name := coalesce(nullif(current_setting('rowpatch.role'), ''), current_user);
  lacking jsonb;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN RAISE EXCEPTION USING MESSAGE = concat('there is no role ', r); END IF;
  PERFORM set_config('rowpatch.role', r, true);
  -- Found without to_regclass(), which takes USAGE on the schema.
  WITH relations AS (SELECT c.oid, c.relkind, c.relowner, c.relrowsecurity, c.relforcerowsecurity, concat('"', replace(n.nspname, '"', '""'), '"."', replace(c.relname, '"', '""'), '"') AS tbl FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace),
  missing (script, what, help) AS (
    ${join(parts, "\n    UNION ALL\n    ")})
  SELECT jsonb_agg(jsonb_build_object('scripts', scripts, 'what', what, 'help', help) ORDER BY scripts = 'revert', what COLLATE "C") INTO lacking
  FROM (SELECT string_agg(DISTINCT script, ' and ' ORDER BY script) AS scripts, what, help FROM missing GROUP BY what, help) AS listed;
  PERFORM set_config('rowpatch.lacking', coalesce(lacking, '[]')::text, true);
END`,
  );
}

function forScript(script: "deploy" | "revert", part: Sql): Sql {
  return sql`SELECT ${literal(script)}, part.* FROM (${part}) AS part (what, help)`;
}

/** Queries for what the steps of a script need and the role `r` lacks: what, and what helps. */
function needed(needs: Needs): readonly Sql[] {
  const relations = relationPrivileges(needs).map(
    ({ relation, privilege }) => sql`(${literal(relation)}, ${literal(privilege)})`,
  );
  const tables = needs.tables.map(({ table }) => sql`(${literal(quoteName(table.name))})`);
  const owned = needs.tables.flatMap(({ table, owner }) =>
    owner ? [sql`(${literal(quoteName(table.name))})`] : [],
  );
  return [
    ...(relations.length > 0
      ? [
          sql`SELECT concat(CASE WHEN privilege LIKE '%,%' THEN 'UPDATE' ELSE privilege END, ' on ', tbl), concat('GRANT ', CASE WHEN privilege LIKE '%,%' THEN 'UPDATE' ELSE privilege END, ' ON ', CASE WHEN c.relkind = 'S' THEN 'SEQUENCE ' END, tbl, ' TO ', quote_ident(r), ';')
    FROM (VALUES ${join(relations, ", ")}) AS needed (tbl, privilege) JOIN relations c USING (tbl) WHERE ${isMissing(sql`r`, sql`c.oid`)}`,
        ]
      : []),
    ...needs.schemas.map((schema) => schemaPart(schema, "USAGE", sql`true`)),
    ...(tables.length > 0
      ? [
          sql`SELECT concat('sight of all rows of ', tbl), concat('row security may hide some: let ', quote_ident(pg_get_userbyid(c.relowner)), ' run it, or a role with BYPASSRLS')
    FROM (VALUES ${join(tables, ", ")}) AS needed (tbl) JOIN relations c USING (tbl) WHERE ${restricted(sql`r`)}`,
        ]
      : []),
    ...(owned.length > 0 ? [ownerPart(owned)] : []),
    ...(needs.temporary ? [databasePart("TEMPORARY", sql`true`)] : []),
  ];
}

/**
 * Only who owns a table may switch its triggers off. Membership in the owner gives all that it may do elsewhere, and of a superuser
 * everything: it is never advised.
 */
function ownerPart(owned: readonly Sql[]): Sql {
  return sql`SELECT concat('ownership of ', tbl), concat(CASE WHEN pg_has_role(r, c.relowner, 'MEMBER') THEN concat('run it with PGOPTIONS="-c role=', o.rolname, '"') ELSE concat('let ', quote_ident(o.rolname), ' run it') END,
      ' (its triggers or rules are switched off', CASE WHEN o.rolsuper THEN concat('; ', quote_ident(o.rolname), ' is a superuser, so let nobody become a member of it') END, ')')
    FROM (VALUES ${join(owned, ", ")}) AS needed (tbl) JOIN relations c USING (tbl) JOIN pg_roles o ON o.oid = c.relowner WHERE NOT pg_has_role(r, c.relowner, 'USAGE')`;
}

/** The same for ledger and backup. */
function keeping({ ledger, backupSchema }: Kept): readonly Sql[] {
  const schemas = [ledger?.schema, backupSchema].filter((schema) => schema !== undefined);
  return [
    ...schemas.map((schema) => schemaPart(schema, "USAGE", sql`true`)),
    ...(ledger ? [ledgerPart(ledger), ...makingParts(ledger.schema, isAbsent(ledger))] : []),
    ...(backupSchema === undefined ? [] : makingParts(backupSchema, sql`true`)),
  ];
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
