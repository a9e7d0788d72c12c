/**
 * Copies of the rows that a script updates or deletes, as they were, in tables of a schema of their own. Made in the script's own
 * transaction before its first step, so that they hold what the steps find.
 */
import { createHash } from "node:crypto";
import type { Changeset } from "../changeset/types.ts";
import { compareNames, quoteIdentifier, quoteName, type TableName } from "../names.ts";
import { type BulkLoad, type BulkOptions, isBulk, loadRows, measured } from "./bulk.ts";
import { chunksOf, valuesList } from "./chunks.ts";
import { mayCreate, mayUse } from "./ledger.ts";
import { exactKey, type RowSet } from "./row-set.ts";
import { comment, doBlock, ident, join, literal, qualified, type Sql, sql } from "./sql.ts";
import type { ScriptTable } from "./table.ts";

export interface Backup {
  readonly table: ScriptTable;
  readonly name: TableName;
}

export interface BackupOptions {
  readonly schema: string;
  readonly direction: "deploy" | "revert";
  readonly checksum: string;
  /** Names the run. */
  readonly name: string;
}

/** The backup tables of a script: `question_CHG-1042_3f2a9c1d`. The end tells tables, changesets and directions apart. */
export function backupsOf(
  tables: readonly ScriptTable[],
  { schema, direction, checksum, name }: BackupOptions,
): readonly Backup[] {
  return tables
    .filter(({ changed: { counts } }) => counts.update + counts.delete > 0)
    .map((table) => {
      const identity = JSON.stringify([table.name, checksum, direction]);
      const end = createHash("sha256").update(identity).digest("hex").slice(0, 8);
      const back = direction === "revert" ? "_revert" : "";
      const tail = `_${cut(name, 20)}${back}_${end}`;
      return {
        table,
        name: { schema, name: `${cut(table.name.name, NAME - Buffer.byteLength(tail))}${tail}` },
      };
    })
    .sort((a, b) => compareNames(a.table.name, b.table.name));
}

/** Bytes of an identifier. */
const NAME = 63;

/** As many whole characters as fit. */
function cut(text: string, bytes: number): string {
  let kept = "";
  for (const character of text) {
    if (Buffer.byteLength(kept) + Buffer.byteLength(character) > bytes) break;
    kept += character;
  }
  return kept;
}

/** Makes and fills the tables. One that is there already is left alone, and noted in the setting rowpatch.backups. */
export async function* fillBackups(
  backups: readonly Backup[],
  changeset: Changeset,
  options: BulkOptions & { readonly name: string },
): AsyncGenerator<Sql> {
  const [first] = backups;
  if (!first) return;
  yield comment("Backup: the rows as they are before the first step");
  yield madeSchema(first.name.schema);
  let loads = 0;
  for (const backup of backups) {
    yield madeTable(backup, options.name);
    for (const kind of ["update", "delete"] as const) {
      const { table } = backup;
      const count = table.changed.counts[kind];
      if (count === 0) continue;
      const changes = () => changeset.changes(table.name, kind);
      const size = measured(table, { kind, count }, table.changed.profiles[kind]);
      if (size.copyable && options.temporaryTables && isBulk(size, count, options)) {
        loads += 1;
        const load: BulkLoad = {
          table,
          kind,
          count,
          changes,
          columns: [],
          name: sql`rowpatch_backup_${loads}`,
          sides: { before: false, after: false },
        };
        yield* loadRows(load);
        yield copied(backup, load, sql`pg_temp.${load.name} AS want`);
        continue;
      }
      for await (const chunk of chunksOf(table, changes(), { hashAfter: true }))
        yield copied(backup, chunk, valuesList(chunk, { before: false, after: false }));
    }
  }
  yield sql``;
}

function madeSchema(schema: string): Sql {
  return doBlock(
    "backup",
    sql`BEGIN
  ${mayUse(schema, sql`'for the backup'`)}
  ${mayCreate(schema, sql`'for the backup'`)}
  IF to_regnamespace(${literal(quoteIdentifier(schema))}) IS NULL THEN
    CREATE SCHEMA ${ident(schema)};
    PERFORM set_config('rowpatch.backup_schema', 'made', true);
  END IF;
END`,
  );
}

function madeTable({ table, name }: Backup, run: string): Sql {
  const shown = literal(quoteName(name));
  return doBlock(
    "backup",
    sql`BEGIN
  IF to_regclass(${shown}) IS NOT NULL THEN
    PERFORM set_config('rowpatch.backups', (current_setting('rowpatch.backups')::jsonb || to_jsonb(${shown}::text))::text, true);
    RETURN;
  END IF;
  CREATE TABLE ${qualified(name)} AS SELECT t.* FROM ${table.target} AS t WHERE false;
  COMMENT ON TABLE ${qualified(name)} IS ${literal(`rows of ${quoteName(table.name)} as they were before ${run}`)};
END`,
  );
}

/** Rows are locked as the step will lock them: nobody changes them between the copy and the step. */
function copied({ table, name }: Backup, rows: RowSet, from: Sql): Sql {
  const lock = rows.kind === "delete" ? sql`FOR UPDATE` : sql`FOR NO KEY UPDATE`;
  return doBlock(
    "backup",
    sql`BEGIN
  IF current_setting('rowpatch.backups')::jsonb ? ${literal(quoteName(name))} THEN RETURN; END IF;
  INSERT INTO ${qualified(name)} SELECT t.* FROM ${from}
    JOIN ${table.target} AS t ON ${exactKey(rows)} ${lock} OF t;
END`,
  );
}

/** After the effects check: where nothing was done nothing is kept; an older backup is never overwritten. */
export function settleBackups(backups: readonly Backup[]): Sql {
  const [first] = backups;
  if (!first) return sql``;
  const dropped = backups.map(
    ({ name }) =>
      sql`    IF NOT current_setting('rowpatch.backups')::jsonb ? ${literal(quoteName(name))} THEN DROP TABLE ${qualified(name)}; END IF;`,
  );
  return doBlock(
    "backup",
    sql`BEGIN
  IF current_setting('rowpatch.done') = '0' THEN
${join(dropped, "\n")}
    IF current_setting('rowpatch.backup_schema') = 'made' THEN DROP SCHEMA ${ident(first.name.schema)}; END IF;
  ELSIF current_setting('rowpatch.backups') <> '[]' THEN
    RAISE EXCEPTION USING MESSAGE = concat('a backup is there already: ', (SELECT string_agg(name, ', ') FROM jsonb_array_elements_text(current_setting('rowpatch.backups')::jsonb) AS kept (name))),
      HINT = 'Nothing was changed. Keep it under another name (ALTER TABLE ... RENAME TO ...) or drop it, then run again.';
  END IF;
END`,
  );
}
