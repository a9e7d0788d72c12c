/**
 * Inserted and moved rows that no partition of production takes. The server's own bounds are asked: partitions come and go.
 */
import { partitionTree, tableByName } from "../../catalog/lookup.ts";
import { mentions } from "../../catalog/mentions.ts";
import type { Catalog } from "../../catalog/types.ts";
import type { Change } from "../../compare/change.ts";
import { nameKey, quoteName } from "../../names.ts";
import { asText, type ScriptColumn } from "../column.ts";
import { collect } from "../preflight.ts";
import { keyLabel, sameKey } from "../row-set.ts";
import { comment, doBlock, ident, join, literal, type Sql, sql } from "../sql.ts";
import { type ScriptTable, scriptColumn } from "../table.ts";
import { type AskedRow, type Context, ROWS, wantedRows } from "./rows.ts";

/** A column that decides between partitions; its place in the changed columns, -1 where it is not compared. */
interface Bound {
  readonly column: ScriptColumn;
  readonly position: number;
}

/** Rows of one kind that give the same columns their value. */
interface Group {
  readonly kind: "insert" | "update";
  readonly given: readonly Bound[];
  readonly rows: AskedRow[];
}

/**
 * For every inserted row, and every updated one that may move: whether there is a place for it. Inserts are not asked about where a
 * deciding column is not compared, for then its default decides.
 */
export async function* partitionsMissing(
  { catalog, changeset }: Context,
  table: ScriptTable,
): AsyncGenerator<Sql> {
  if (table.catalog.kind !== "partitioned") return;
  const bound = boundColumns(catalog, table);
  const groups = new Map<string, Group>();
  for await (const change of changeset.changes(table.name)) {
    if (change.kind === "delete") continue;
    const given = bound.filter(({ position }) => gives(change, position));
    if (given.length === 0 || (change.kind === "insert" && given.length < bound.length)) continue;
    const signature = `${change.kind} ${given.map(({ position }) => position).join()}`;
    const group = groups.get(signature) ?? { kind: change.kind, given, rows: [] };
    groups.set(signature, group);
    const values = given.map(({ position }) => {
      const index = change.kind === "insert" ? position : change.columns.indexOf(position);
      return change.after[index] ?? null;
    });
    group.rows.push({ key: change.key, values });
    if (group.rows.length < ROWS) continue;
    yield ask(table, bound, group);
    groups.delete(signature);
  }
  for (const group of groups.values()) yield ask(table, bound, group);
}

/** Those that any partition key of the tree mentions. */
function boundColumns(catalog: Catalog, { name, catalog: root, changed }: ScriptTable): Bound[] {
  const byName = tableByName(catalog);
  const keys = partitionTree(catalog, name)
    .map((member) => byName.get(nameKey(member))?.partitionKey ?? "")
    .join(" ");
  return root.columns
    .filter((column) => mentions(keys, [column.name]).length > 0)
    .map((column) => ({
      column: scriptColumn(catalog, column),
      position: changed.columns.indexOf(column.name),
    }));
}

function gives(change: Exclude<Change, { kind: "delete" }>, position: number): boolean {
  return position >= 0 && (change.kind === "insert" || change.columns.includes(position));
}

/**
 * The conditions of all partitions are text, so the query that holds the rows against them is made on the server; the rows reach it as
 * arrays. A partition that is divided by a column of its own leaves the question open.
 */
function ask(table: ScriptTable, bound: readonly Bound[], { kind, given, rows }: Group): Sql {
  const columns = given.map(({ column }) => column);
  const value = ({ column }: Bound): Sql => {
    const n = columns.indexOf(column);
    return n < 0 ? asText(column, sql`t.`) : asText({ ...column, name: `v${n + 1}` }, sql`want.`);
  };
  const values = bound.map(value);
  const shown = bound.map(
    ({ column }, n) =>
      sql`${literal(`${n > 0 ? ", " : ""}${column.name}=`)}, ${values[n] ?? sql``}`,
  );
  const detail = sql`concat(${literal(`no partition of ${table.label} takes it: `)}, ${join(shown, ", ")})`;
  const here = kind === "update" ? sql` JOIN ${table.target} AS t ON ${sameKey({ table })}` : sql``;
  const arrays = bound.map((_, n) => sql`c${n + 1}`);
  const typed = bound.map(
    ({ column }, n) => sql`given.c${n + 1}::${column.cast} AS ${ident(column.name)}`,
  );
  const unnested = bound.map((_, n) => sql`unnest($${n + 1})`);
  const query = sql`SELECT array_agg("rowpatch row") FROM (SELECT ${join(typed, ", ")}, given.n AS "rowpatch row" FROM ROWS FROM (${join(unnested, ", ")}) WITH ORDINALITY AS given (${join(arrays, ", ")}, n)) AS r WHERE NOT coalesce(`;
  const found = sql`SELECT ${literal(table.label)} AS tbl, keys[n] AS key, ${literal(kind)} AS change, 'refused' AS state, details[n] AS detail FROM unnest(homeless) AS n`;
  const body = sql`DECLARE
  takes text;
  keys text[];
  details text[];
  ${join(
    arrays.map((array) => sql`${array} text[];`),
    " ",
  )}
  homeless bigint[];
BEGIN
  SELECT string_agg(concat('(', coalesce(pg_get_partition_constraintdef(p.relid), 'true'), ')'), ' OR ') INTO takes
  FROM pg_partition_tree(to_regclass(${literal(quoteName(table.name))})) AS p WHERE p.isleaf AND p.level > 0;
  SELECT array_agg(${keyLabel(table)}), array_agg(${detail}), ${join(
    values.map((text) => sql`array_agg(${text})`),
    ", ",
  )} INTO keys, details, ${join(arrays, ", ")}
  FROM ${wantedRows(table, columns, rows)}${here};
  BEGIN
    EXECUTE concat(${literal(query)}, coalesce(takes, 'false'), ', false)') INTO homeless USING ${join(arrays, ", ")};
  EXCEPTION WHEN undefined_column THEN RETURN;
  END;
  IF homeless IS NULL THEN RETURN; END IF;
  ${collect(found, "unplaced")};
END`;
  return sql`${comment(`Partitions of ${table.label}`)}\n${doBlock("partitions", body)}`;
}
