/**
 * How many rows a comparison will read, as far as a server's statistics tell: for the time that is left, nothing else.
 */
import type { TablePair } from "../catalog/pair.ts";
import { nameKey } from "../names.ts";
import type { Source } from "../sources/source.ts";

/** Of both sides together; undefined where no side is live or a table was never analyzed. One query. */
export async function expectedRows(
  pairs: readonly TablePair[],
  { production, local }: { readonly production: Source; readonly local: Source },
): Promise<number | undefined> {
  const side = local.kind === "database" ? "local" : "production";
  const live = side === "local" ? local : production;
  if (live.kind !== "database") return undefined;
  const found = await live.query(ROWS);
  const rows = new Map(found.map(([schema, name, count]) => [keyOf(schema, name), Number(count)]));
  let total = 0;
  for (const name of pairs.flatMap(({ parts }) => parts[side])) {
    // Roots of partition trees hold no rows of their own and are not listed.
    const count = rows.get(nameKey(name)) ?? 0;
    if (count < 0) return undefined;
    total += count;
  }
  return total > 0 ? total * 2 : undefined;
}

function keyOf(schema: string | null | undefined, name: string | null | undefined): string {
  return nameKey({ schema: schema ?? "", name: name ?? "" });
}

/** Before PostgreSQL 14, 0 rows also means never analyzed: only an empty file has none then. */
const ROWS = `
SELECT n.nspname, c.relname,
  CASE WHEN c.reltuples > 0 THEN c.reltuples WHEN pg_relation_size(c.oid) = 0 THEN 0 ELSE -1 END::bigint
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'`;
