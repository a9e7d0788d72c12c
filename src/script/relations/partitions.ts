/**
 * Inserted and moved rows that no partition of production takes. The server's own bounds are asked: partitions come and go.
 */
import type { Change } from "../../compare/change.ts";
import { quoteName } from "../../names.ts";
import { asText } from "../column.ts";
import { arrayNames, type Bound, boundColumns, routingQuery } from "../foreign-keys/routing.ts";
import { collect } from "../preflight.ts";
import { keyLabel, sameKey } from "../row-set.ts";
import { comment, doBlock, join, literal, type Sql, sql } from "../sql.ts";
import type { ScriptTable } from "../table.ts";
import { type AskedRow, type Context, ROWS, wantedRows } from "./rows.ts";

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
  const arrays = arrayNames(bound);
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
    EXECUTE concat(${routingQuery(bound)}, 'NOT coalesce(', coalesce(takes, 'false'), ', false)') INTO homeless USING ${join(arrays, ", ")};
  EXCEPTION WHEN undefined_column THEN RETURN;
  END;
  IF homeless IS NULL THEN RETURN; END IF;
  ${collect(found, "unplaced")};
END`;
  return sql`${comment(`Partitions of ${table.label}`)}\n${doBlock("partitions", body)}`;
}
