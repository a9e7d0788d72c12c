/**
 * Which rows a database holds, as row versions: equal fingerprints mean that nothing was written in between. Cheap: reads no values.
 */
import { createHash } from "node:crypto";
import { formatName, type TableName } from "../names.ts";
import { join, literal, qualified, type Sql, sql } from "../script/sql.ts";
import type { RestoreTarget } from "./restore-target.ts";

/**
 * The rows of one table: how many, and the sum of the numbers of the transactions that wrote them. Whoever writes a row puts a
 * later number in the place of an earlier one, so that both stay the same only where nothing was written.
 */
export interface TableVersions {
  readonly table: TableName;
  readonly rows: string;
  readonly versions: string;
}

/** A database at one moment. */
export interface Fingerprint {
  /** By name. */
  readonly tables: readonly TableVersions[];
  /** State of each sequence, by name as PostgreSQL prints it. */
  readonly sequences: ReadonlyMap<string, string>;
  /** Of the rows of all tables: hexadecimal. */
  readonly digest: string;
}

const RELATIONS = `SELECT n.nspname::text, c.relname::text, c.relkind::text
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'S') AND c.relpersistence <> 't' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`;

/** Reads every table and sequence once. */
export async function fingerprint(target: Pick<RestoreTarget, "query">): Promise<Fingerprint> {
  const names = (await relations(target)).filter(({ kind }) => kind === "r");
  const rows = await all(
    target,
    names.map(({ name }) => versionsQuery(name)),
  );
  const tables = names.map(({ name }, index) => {
    const [count = "0", versions = "0"] = (rows[index] ?? []).map(String);
    return { table: name, rows: count, versions };
  });
  return { tables, sequences: await readSequences(target), digest: digestOf(tables) };
}

/** State of each sequence. */
export async function readSequences(
  target: Pick<RestoreTarget, "query">,
): Promise<Fingerprint["sequences"]> {
  const names = (await relations(target)).filter(({ kind }) => kind === "S");
  const states = await all(
    target,
    names.map(({ name }) => sequenceQuery(name)),
  );
  return new Map(
    names.map(({ name }, index) => [formatName(name), String(states[index]?.[0] ?? "")]),
  );
}

async function relations(
  target: Pick<RestoreTarget, "query">,
): Promise<readonly { readonly name: TableName; readonly kind: string }[]> {
  return (await target.query(RELATIONS)).map(([schema, name, kind]) => ({
    name: { schema: String(schema), name: String(name) },
    kind: String(kind),
  }));
}

/** The tables whose rows are not the same versions. */
export function changedTables(before: Fingerprint, after: Fingerprint): readonly TableName[] {
  const earlier = new Map(before.tables.map((table) => [formatName(table.table), table]));
  return after.tables
    .filter(({ table, versions, rows }) => {
      const former = earlier.get(formatName(table));
      return former?.versions !== versions || former.rows !== rows;
    })
    .map(({ table }) => table);
}

/** Most rows are of one transaction: only those of others are turned into numbers, which takes as long as reading does. */
function versionsQuery(table: TableName): Sql {
  return sql`WITH one AS MATERIALIZED (SELECT xmin AS id, xmin::text::bigint AS number FROM ONLY ${qualified(table)} LIMIT 1)
    SELECT count(*)::text, coalesce(count(*) * (SELECT number FROM one)
      + coalesce(sum(xmin::text::bigint - (SELECT number FROM one)) FILTER (WHERE xmin <> (SELECT id FROM one)), 0), 0)::text
    FROM ONLY ${qualified(table)}`;
}

function sequenceQuery(name: TableName): Sql {
  return sql`SELECT concat(last_value, CASE WHEN NOT is_called THEN ' next' END), '' FROM ${qualified(name)}`;
}

/** One row of each query, in their order; a few hundred at a time, for parsers have a stack. */
async function all(
  target: Pick<RestoreTarget, "query">,
  queries: readonly Sql[],
): Promise<readonly (readonly unknown[])[]> {
  const rows: (readonly unknown[])[] = [];
  for (let start = 0; start < queries.length; start += 200) {
    const part = queries.slice(start, start + 200);
    const numbered = part.map(
      (query, index) => sql`SELECT ${index} AS i, q.* FROM (${query}) AS q (a, b)`,
    );
    const found = await target.query(
      sql`SELECT a, b FROM (${join(numbered, " UNION ALL ")}) AS p ORDER BY i`,
    );
    rows.push(...found);
  }
  return rows;
}

function digestOf(tables: readonly TableVersions[]): string {
  const hash = createHash("sha256");
  for (const { table, rows, versions } of tables) {
    hash.update(`${literal(formatName(table))} ${rows} ${versions}\n`);
  }
  return hash.digest("hex").slice(0, 16);
}
