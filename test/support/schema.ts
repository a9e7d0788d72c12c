/** Catalogs and comparable tables from DDL, for tests without a server. */
import { catalogFromDdl } from "../../src/catalog/ddl.ts";
import { tableByName } from "../../src/catalog/lookup.ts";
import { type PairOptions, pairCatalogs, type TablePair } from "../../src/catalog/pair.ts";
import type { Catalog, Table } from "../../src/catalog/types.ts";
import { nameKey, type TableName } from "../../src/names.ts";
import { splitStatements } from "./split.ts";

/** Options that ask for nothing. */
export const PLAIN: PairOptions = { include: [], exclude: [], keys: [], ignoreColumns: [] };

/** Statements as pg_dump writes them; each ends with a semicolon at the end of a line. */
export function schema(ddl: string): Promise<Catalog> {
  return catalogFromDdl(splitStatements(ddl), "shop.sql");
}

export function inPublic(name: string): TableName {
  return { schema: "public", name };
}

export function tableOf(catalog: Catalog, name: string): Table {
  const table = tableByName(catalog).get(nameKey(inPublic(name)));
  if (!table) throw new Error(`no table ${name}`);
  return table;
}

/** The table of both sides, which have the same catalog. */
export function pairOf(catalog: Catalog, name: string, options: PairOptions = PLAIN): TablePair {
  const pair = pairCatalogs(catalog, catalog, options).pairs.find(
    (found) => found.name.name === name,
  );
  if (!pair) throw new Error(`${name} is not compared`);
  return pair;
}
