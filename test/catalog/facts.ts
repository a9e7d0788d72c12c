/** What the fixtures' expectations tell of tables, in the form in which a catalog can be compared with them. */
import { readFileSync } from "node:fs";
import { nameKey } from "../../src/names.ts";
import { fixturePath } from "../support/fixtures.ts";

export interface ExpectedFacts {
  readonly columns: Readonly<Record<string, unknown>>;
  readonly partition_root: string | null;
  readonly persistence: string;
  readonly primary_key: readonly string[] | null;
}

interface ExpectedTable extends Omit<ExpectedFacts, "columns"> {
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly columns: readonly { readonly name: string }[];
}

/** Facts by {@link nameKey}, of tables of all kinds. Keys of partitions are those of their root, and left out. */
export function readFacts(file: string): Record<string, ExpectedFacts> {
  const expected: {
    readonly tables: Readonly<Record<string, ExpectedTable>>;
    readonly not_dumped: Readonly<Record<string, ExpectedTable>>;
  } = JSON.parse(readFileSync(fixturePath(file), "utf8"));
  const facts = [...Object.values(expected.tables), ...Object.values(expected.not_dumped)]
    .filter(({ kind }) => ["r", "p", "f"].includes(kind))
    .map((table): [string, ExpectedFacts] => [
      nameKey(table),
      {
        columns: Object.fromEntries(table.columns.map((column) => [column.name, column])),
        partition_root: table.partition_root,
        persistence: table.persistence,
        primary_key: table.partition_root === null ? table.primary_key : null,
      },
    ]);
  return Object.fromEntries(facts);
}
