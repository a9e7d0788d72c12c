/**
 * The shape guard: what was reviewed about a touched table, as facts in words, and the query that finds the same facts on the server.
 * Both sides must spell a fact the same way; a test compares them on every fixture.
 */
import {
  foreignKeysTo,
  inheritanceChildren,
  partitionTree,
  tableByName,
} from "../catalog/lookup.ts";
import type { Catalog, Column, FiringState, Table, Trigger } from "../catalog/types.ts";
import { nameKey, quoteIdentifier, quoteName, type TableName } from "../names.ts";
import { doBlock, join, literal, type Sql, sql } from "./sql.ts";

/** The facts of one table, in a fixed order. */
export function shapeFacts(catalog: Catalog, table: Table): readonly string[] {
  const facts = [
    `kind ${table.kind}${table.partitionKey === undefined ? "" : ` partitioned by ${table.partitionKey}`}`,
    ...table.columns.map(columnFact),
  ];
  for (const constraint of table.constraints) {
    if (constraint.kind !== "check")
      facts.push(`constraint ${quoteIdentifier(constraint.name)} ${constraint.definition}`);
  }
  for (const { name, definition } of table.uniqueIndexes)
    facts.push(`unique index ${quoteIdentifier(name)} ${definition}`);
  for (const { name, enabled, definition } of table.triggers) {
    facts.push(`trigger ${quoteIdentifier(name)} ${FIRING[enabled]} ${definition}`);
  }
  for (const { partition, trigger } of partitionTriggers(catalog, table)) {
    const { name, enabled, definition } = trigger;
    facts.push(
      `trigger ${quoteIdentifier(name)} of ${quoteName(partition)} ${FIRING[enabled]} ${definition}`,
    );
  }
  for (const { name, enabled, definition } of table.rules)
    facts.push(`rule ${quoteIdentifier(name)} ${FIRING[enabled]} ${definition}`);
  if (table.rowSecurity.enabled)
    facts.push(`row security${table.rowSecurity.forced ? " forced" : ""}`);
  if (inheritanceChildren(catalog, table.name).length > 0)
    facts.push("other tables inherit from it");
  for (const { table: from, foreignKey } of foreignKeysTo(catalog, table.name)) {
    facts.push(
      `referenced by ${quoteName(from)} ${quoteIdentifier(foreignKey.name)} ${foreignKey.definition}`,
    );
  }
  return facts;
}

/** The own triggers of partitions; those of the root fire there too. */
function partitionTriggers(
  catalog: Catalog,
  table: Table,
): readonly { readonly partition: TableName; readonly trigger: Trigger }[] {
  if (table.kind !== "partitioned") return [];
  return partitionTree(catalog, table.name)
    .filter((name) => nameKey(name) !== nameKey(table.name))
    .flatMap((partition) =>
      (tableByName(catalog).get(nameKey(partition))?.triggers ?? []).map((trigger) => ({
        partition,
        trigger,
      })),
    );
}

const FIRING: Readonly<Record<FiringState, string>> = {
  origin: "O",
  always: "A",
  replica: "R",
  disabled: "D",
};

function columnFact(column: Column): string {
  const { generated, identity, collation } = column;
  return [
    `column ${quoteIdentifier(column.name)} ${column.type.formatted}`,
    column.notNull ? "not null" : "",
    collation ? `collate ${quoteName(collation)}` : "",
    generated ? `generated ${generated.kind} (${generated.expression})` : "",
    identity ? `identity ${identity}` : "",
  ]
    .filter((part) => part !== "")
    .join(" ");
}

/** The query that lists `tbl, fact` on the server for the relations of `touched (tbl, oid)`. Source of each fact: the pg_get_*def functions. */
const ACTUAL = sql`SELECT touched.tbl, concat('kind ', CASE c.relkind WHEN 'p' THEN 'partitioned partitioned by ' || pg_get_partkeydef(c.oid) WHEN 'f' THEN 'foreign' ELSE 'table' END) AS fact
    FROM touched JOIN pg_class c ON c.oid = touched.oid
    UNION ALL
    SELECT touched.tbl, concat('column "', replace(a.attname, '"', '""'), '" ', format_type(a.atttypid, a.atttypmod),
             CASE WHEN a.attnotnull THEN ' not null' END,
             CASE WHEN a.attcollation <> t.typcollation THEN (SELECT concat(' collate "', replace(n.nspname, '"', '""'), '"."', replace(l.collname, '"', '""'), '"') FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace WHERE l.oid = a.attcollation) END,
             CASE a.attgenerated WHEN 's' THEN ' generated stored (' || pg_get_expr(d.adbin, d.adrelid) || ')' WHEN 'v' THEN ' generated virtual (' || pg_get_expr(d.adbin, d.adrelid) || ')' END,
             CASE a.attidentity WHEN 'a' THEN ' identity always' WHEN 'd' THEN ' identity default' END)
    FROM touched JOIN pg_attribute a ON a.attrelid = touched.oid JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT touched.tbl, concat('constraint "', replace(k.conname, '"', '""'), '" ', pg_get_constraintdef(k.oid))
    FROM touched JOIN pg_constraint k ON k.conrelid = touched.oid
    WHERE k.contype IN ('p', 'u', 'x') OR (k.contype = 'f' AND k.conparentid = 0)
    UNION ALL
    SELECT touched.tbl, concat('unique index "', replace(c.relname, '"', '""'), '" ', pg_get_indexdef(i.indexrelid))
    FROM touched JOIN pg_index i ON i.indrelid = touched.oid JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indisunique AND i.indisvalid AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
    UNION ALL
    SELECT touched.tbl, concat('trigger "', replace(g.tgname, '"', '""'), '" ', g.tgenabled, ' ', pg_get_triggerdef(g.oid))
    FROM touched JOIN pg_trigger g ON g.tgrelid = touched.oid
    WHERE NOT g.tgisinternal AND g.tgparentid = 0
    UNION ALL
    -- A new partition is no surprise; a trigger of its own is.
    SELECT touched.tbl, concat('trigger "', replace(g.tgname, '"', '""'), '" of "', replace(n.nspname, '"', '""'), '"."', replace(c.relname, '"', '""'), '" ', g.tgenabled, ' ', pg_get_triggerdef(g.oid))
    FROM touched CROSS JOIN LATERAL pg_partition_tree(touched.oid) AS p JOIN pg_trigger g ON g.tgrelid = p.relid JOIN pg_class c ON c.oid = p.relid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_trigger root ON root.oid = g.tgparentid
    -- Copies of the root's triggers matter where someone switched them otherwise; they count as internal before version 15.
    WHERE p.relid <> touched.oid AND CASE WHEN g.tgparentid = 0 THEN NOT g.tgisinternal
      ELSE g.tgenabled <> root.tgenabled AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.oid = g.tgconstraint AND k.contype <> 't') END
    UNION ALL
    SELECT touched.tbl, concat('rule "', replace(r.rulename, '"', '""'), '" ', r.ev_enabled, ' ', pg_get_ruledef(r.oid))
    FROM touched JOIN pg_rewrite r ON r.ev_class = touched.oid
    UNION ALL
    SELECT touched.tbl, concat('foreign key "', replace(k.conname, '"', '""'), '" is switched off')
    FROM touched JOIN pg_trigger g ON g.tgrelid = touched.oid JOIN pg_constraint k ON k.oid = g.tgconstraint
    WHERE g.tgisinternal AND g.tgenabled = 'D' AND k.contype = 'f'
    UNION ALL
    SELECT touched.tbl, concat('row security', CASE WHEN c.relforcerowsecurity THEN ' forced' END)
    FROM touched JOIN pg_class c ON c.oid = touched.oid WHERE c.relrowsecurity
    UNION ALL
    SELECT touched.tbl, 'other tables inherit from it'
    FROM touched WHERE EXISTS (SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = touched.oid AND NOT c.relispartition)
    UNION ALL
    SELECT touched.tbl, concat('referenced by "', replace(n.nspname, '"', '""'), '"."', replace(c.relname, '"', '""'), '" "', replace(k.conname, '"', '""'), '" ', pg_get_constraintdef(k.oid))
    FROM touched JOIN pg_constraint k ON k.confrelid = touched.oid JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE k.contype = 'f' AND k.conparentid = 0`;

/** Tables in one block: keeps each well below the size at which PostgreSQL fails on a DO block. */
const TABLES = 50;

/** At most so many facts are named. */
const NAMED_FACTS = 20;

/** DO blocks that raise an exception naming the tables that are not there, and the facts that are missing or new. */
export function* shapeGuards(catalog: Catalog, tables: readonly Table[]): Generator<Sql> {
  for (let start = 0; start < tables.length; start += TABLES) {
    yield doBlock("shape", guardBody(catalog, tables.slice(start, start + TABLES)));
  }
}

function guardBody(catalog: Catalog, tables: readonly Table[]): Sql {
  const reviewed = tables.flatMap((table) =>
    shapeFacts(catalog, table).map(
      (fact) => sql`(${literal(quoteName(table.name))}, ${literal(fact)})`,
    ),
  );
  const touched = tables.map((table) => sql`(${literal(quoteName(table.name))})`);
  return sql`DECLARE
  moved text;
  absent boolean;
BEGIN
  WITH named (tbl) AS (VALUES ${join(touched, ", ")}),
  touched AS (SELECT tbl, to_regclass(tbl)::oid AS oid FROM named),
  reviewed (tbl, fact) AS (VALUES
      ${join(reviewed, ",\n      ")}),
  actual AS (
    ${ACTUAL}),
  difference AS (
    SELECT tbl, 'there is no such table' AS note, true AS missing FROM touched WHERE oid IS NULL
    UNION ALL
    SELECT r.tbl, concat('no longer: ', r.fact), false FROM reviewed r JOIN touched t USING (tbl)
    WHERE t.oid IS NOT NULL AND NOT EXISTS (SELECT FROM actual a WHERE a.tbl = r.tbl AND a.fact = r.fact)
    UNION ALL
    SELECT a.tbl, concat('new: ', a.fact), false FROM actual a WHERE NOT EXISTS (SELECT FROM reviewed r WHERE r.tbl = a.tbl AND r.fact = a.fact)),
  numbered AS (SELECT *, row_number() OVER (ORDER BY missing DESC, tbl, note) AS n FROM difference)
  SELECT concat_ws(E'\\n  ', string_agg(concat(tbl, ': ', note), E'\\n  ' ORDER BY n) FILTER (WHERE n <= ${NAMED_FACTS}), 'and ' || nullif(greatest(count(*) - ${NAMED_FACTS}, 0), 0) || ' more'), bool_or(missing)
  INTO moved, absent FROM numbered;
  IF moved <> '' THEN
    RAISE EXCEPTION USING MESSAGE = concat(E'tables are not as reviewed:\\n  ', moved),
      HINT = concat('Nothing was changed. ', CASE WHEN absent THEN concat('This is database ', current_database(), ': is it the right one? If so, compare') ELSE 'Compare' END, ' again with the present schema.');
  END IF;
END`;
}
