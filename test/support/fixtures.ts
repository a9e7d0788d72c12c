/**
 * The dump fixtures beside the project and what their databases hold. Absent in a bare checkout.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { nameKey, type TableName } from "../../src/names.ts";

const root = new URL("../../../shared/fixtures/", import.meta.url);

/** False in a checkout without the fixtures: their tests are skipped by name. */
export const hasFixtures: boolean = existsSync(root);

/** The path of a fixture, e.g. `pg18/plain.sql`. */
export function fixturePath(name: string): string {
  return fileURLToPath(new URL(name, root));
}

export interface ExpectedTable extends TableName {
  readonly rows: number;
  readonly copy_columns: readonly string[];
  readonly columns: readonly { readonly name: string }[];
  readonly md5_dump_order: string;
  readonly md5_sorted: string;
  /** Formatted name of the root, of partitions. */
  readonly partition_root: string | null;
}

export interface Expected {
  readonly tables: Readonly<Record<string, ExpectedTable>>;
  readonly not_dumped: Readonly<
    Record<string, TableName & { readonly columns: ExpectedTable["columns"] }>
  >;
  readonly sequences: Readonly<
    Record<string, { readonly last_value: string; readonly is_called: boolean }>
  >;
  readonly large_objects: Readonly<Record<string, unknown>>;
  readonly server_version: string;
  readonly text_encoding: string;
}

/** One entry of the manifest. */
export interface Fixture {
  /** One file of expectations, or one for each database of a pg_dumpall file. */
  readonly expected: string | Readonly<Record<string, string>>;
  readonly scope: "all tables" | "part of the tables" | "schema only";
  readonly tables_checked: number;
  readonly rows_as?: "COPY" | "INSERT";
  readonly known_deviation?: string;
}

/** Every fixture by its name. */
export function readManifest(): Readonly<Record<string, Fixture>> {
  return hasFixtures ? JSON.parse(readFileSync(new URL("manifest.json", root), "utf8")) : {};
}

/** What a database of the fixtures holds, e.g. `pg18/expected.nasty.json`. */
export function readExpected(name: string): Expected {
  return JSON.parse(readFileSync(new URL(name, root), "utf8"));
}

/** Looks columns up by table, as a catalog would. */
export function columnLookup(
  expected: Pick<Expected, "tables" | "not_dumped">,
): (table: TableName) => readonly string[] | undefined {
  const columns = new Map(
    [...Object.values(expected.tables), ...Object.values(expected.not_dumped)].map((table) => [
      nameKey(table),
      table.columns.map(({ name }) => name),
    ]),
  );
  return (table) => columns.get(nameKey(table));
}
