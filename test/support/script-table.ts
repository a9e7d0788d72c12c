/** A table as scripts see it, from DDL and changes. */
import type { Change } from "../../src/compare/change.ts";
import { nameKey } from "../../src/names.ts";
import { type ScriptTable, scriptTables } from "../../src/script/table.ts";
import { changesetOf } from "./changeset.ts";
import { PLAIN, pairOf, schema } from "./schema.ts";

/** The table `t` of the schema `public`; `key` names its key where the DDL has none. */
export async function scriptTableOf(
  ddl: string,
  changes: readonly Change[] = [],
  key?: readonly string[],
): Promise<ScriptTable> {
  const catalog = await schema(ddl);
  const keys = key ? [{ table: "t", columns: key }] : [];
  const pair = pairOf(catalog, "t", { ...PLAIN, keys });
  const { tables } = changesetOf([
    { table: pair.name, columns: pair.columns, key: pair.key ?? [], changes },
  ]);
  const table = scriptTables(catalog, tables).get(nameKey(pair.name));
  if (!table) throw new Error("t has no script table");
  return table;
}
