/**
 * `changes.jsonl`, `withheld.jsonl` and `catalog.json` as text. Formats are contracts: see README.
 */
import type { Catalog, Table } from "../catalog/types.ts";
import { encodedChanges } from "../changeset/encoded.ts";
import { type Changeset, totalOf } from "../changeset/types.ts";
import { nameKey } from "../names.ts";

/** A header line, then each change, by table and key. Lines end in LF. */
export async function* changesText(changeset: Changeset, catalog: Catalog): AsyncGenerator<string> {
  yield header("rowpatch.changes", changeset, catalog);
  for (const table of changeset.tables) {
    yield* encodedChanges(table, changeset.changes(table.table), changeset.longTexts);
  }
}

/** What policy left out, in the form of `changes.jsonl`. */
export async function* withheldText(
  changeset: Changeset,
  catalog: Catalog,
): AsyncGenerator<string> {
  yield header("rowpatch.withheld", changeset, catalog);
  for (const table of changeset.tables) {
    if (totalOf(table.withheld) === 0) continue;
    yield* encodedChanges(table, changeset.withheld(table.table), changeset.longTexts);
  }
}

function header(format: string, changeset: Changeset, catalog: Catalog): string {
  const tables = new Map(catalog.tables.map((table) => [nameKey(table.name), table]));
  const { production, local, sequences } = changeset;
  return `${JSON.stringify({
    format,
    version: 1,
    production,
    local,
    tables: changeset.tables.map(({ table, columns, key, counts, withheld }) => ({
      table: [table.schema, table.name],
      columns: columns.map((name) => ({ name, type: typeOf(tables.get(nameKey(table)), name) })),
      key,
      counts,
      withheld,
    })),
    sequences: sequences.map(({ sequence, value, table, column }) => ({
      sequence: [sequence.schema, sequence.name],
      value,
      table: [table.schema, table.name],
      column,
    })),
  })}\n`;
}

/** As format_type() prints it. */
function typeOf(table: Table | undefined, column: string): string | null {
  return table?.columns.find(({ name }) => name === column)?.type.formatted ?? null;
}

/** The catalog as JSON, one object a line, so that two of them can be compared line by line. */
export async function* catalogText(catalog: Catalog): AsyncGenerator<string> {
  yield '{"format":"rowpatch.catalog","version":1';
  for (const [part, objects] of Object.entries(catalog)) {
    yield `,\n"${part}":[`;
    for (const [index, object] of objects.entries()) {
      yield `${index === 0 ? "" : ","}\n${JSON.stringify(object)}`;
    }
    yield "]";
  }
  yield "}\n";
}
