/**
 * Counts rows that share their key with another row, where no unique index vouches for the key (`--key`).
 */
import type { TablePair } from "../catalog/pair.ts";
import type { Catalog } from "../catalog/types.ts";
import { emptyKey, lineKey } from "../compare/line-key.ts";
import { rowComparison } from "../compare/table.ts";
import { type Finding, finding } from "../findings.ts";
import { quoteIdentifier, quoteName } from "../names.ts";
import type { Source } from "../sources/source.ts";

/**
 * Findings for both sides; none where the key is vouched for. A database counts by query; of a dump every key of the table is held in
 * memory, which only tables with a key named by the user need.
 */
export async function duplicateFindings(
  pair: TablePair,
  sources: { readonly production: Source; readonly local: Source; readonly catalog: Catalog },
): Promise<readonly Finding[]> {
  const { name: table, key = [] } = pair;
  const findings: Finding[] = [];
  for (const side of ["production", "local"] as const) {
    if (pair.unique[side]) continue;
    const rows = await repeatedKeys(pair, {
      side,
      source: sources[side],
      catalog: sources.catalog,
    });
    if (rows > 0) findings.push(finding({ code: "key_not_unique", table, key, side, rows }));
  }
  return findings;
}

async function repeatedKeys(
  pair: TablePair,
  {
    side,
    source,
    catalog,
  }: { readonly side: "production" | "local"; readonly source: Source; readonly catalog: Catalog },
): Promise<number> {
  const key = pair.key ?? [];
  if (source.kind === "database") {
    const columns = key.map(quoteIdentifier).join(", ");
    const only = pair[side].kind === "partitioned" ? "" : "ONLY ";
    const groups = `SELECT pg_catalog.count(*) AS n FROM ${only}${quoteName(pair.name)} GROUP BY ${columns} HAVING pg_catalog.count(*) > 1`;
    const [[rows] = []] = await source.query(
      `SELECT coalesce(pg_catalog.sum(g.n - 1), 0) FROM (${groups}) AS g`,
    );
    return Number(rows ?? 0);
  }
  const columns = key.flatMap(
    (name) => pair.production.columns.find((column) => column.name === name) ?? [],
  );
  const { keyFields } = rowComparison(
    { columns, key: columns.map((_, n) => n), context: [] },
    catalog,
  );
  const keyOf = lineKey(keyFields);
  const range = emptyKey();
  const seen = new Set<string>();
  let repeated = 0;
  for await (const chunk of source.lines({
    table: pair.name,
    parts: pair.parts[side],
    columns: key,
  })) {
    for (let start = 0; start < chunk.length; ) {
      const end = chunk.indexOf(10, start);
      keyOf(chunk, start, end, range);
      const text = range.bytes.toString("latin1", range.start, range.end);
      if (seen.has(text)) repeated += 1;
      seen.add(text);
      start = end + 1;
    }
  }
  return repeated;
}
