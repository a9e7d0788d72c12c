/**
 * Lets one row of the scratch database drift from what was reviewed, and takes it back. Goes past triggers and foreign keys.
 */
import type { Datum } from "../compare/change.ts";
import { formatIdentifier, formatName, printable, quoteName } from "../names.ts";
import { ident, join, literal, qualified, type Sql, sql } from "../script/sql.ts";
import type { RestoreTarget } from "./restore-target.ts";
import type { ChosenChange } from "./selection.ts";

type Target = Pick<RestoreTarget, "query">;

/** A row that has drifted. */
export interface Drift {
  /** E.g. `public.page id = 3: title changed`. */
  readonly description: string;
  /** Puts the row back as it was. */
  readonly undo: () => Promise<void>;
}

/** Without the right to, triggers and foreign keys stay on. */
async function pastTriggers(target: Target): Promise<void> {
  try {
    await target.query("SET session_replication_role = replica");
  } catch {
    // Rows that then cannot drift are passed over.
  }
}

/**
 * Makes one row drift: changes a value that the script guards, else takes the row away. `turn` chooses among the columns.
 * `undefined` where neither is possible or the row would only be in place already.
 */
export async function driftRow(
  target: Target,
  chosen: ChosenChange,
  options: { readonly turn: number; readonly guarded: (column: string) => boolean },
): Promise<Drift | undefined> {
  await pastTriggers(target);
  const row = await rowOf(target, chosen);
  if (row === undefined) return undefined;
  const kept = await target.query(
    sql`SELECT ${join(
      row.columns.map((column) => sql`${column}::text`),
      ", ",
    )} FROM ${row.from} WHERE ${row.where}`,
  );
  const undo = () => restore(target, row, kept);
  await target.query("BEGIN");
  try {
    if (chosen.change.kind === "insert") await addRow(target, chosen);
    const columns = candidates(chosen, options);
    for (const column of columns) {
      if (!(await changeValue(target, row, column))) continue;
      await target.query("COMMIT");
      return { description: `${describe(chosen)}: ${formatIdentifier(column.name)} changed`, undo };
    }
    if (chosen.change.kind === "update") {
      await target.query(sql`DELETE FROM ${row.from} WHERE ${row.where}`);
      await target.query("COMMIT");
      return { description: `${describe(chosen)}: the row removed`, undo };
    }
  } catch {
    // The row cannot be made to drift: another one will be.
  }
  await target.query("ROLLBACK");
  return undefined;
}

interface Row {
  readonly from: Sql;
  readonly where: Sql;
  /** Those that can be written. */
  readonly columns: readonly Sql[];
  readonly types: ReadonlyMap<string, Sql>;
}

async function rowOf(target: Target, { table, change }: ChosenChange): Promise<Row | undefined> {
  if (!change.key.every((value) => typeof value === "string")) return undefined;
  const found = await target.query(
    `SELECT a.attname::text, c.relkind::text, a.attgenerated::text, pg_catalog.format_type(a.atttypid, NULL)
     FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
     WHERE a.attrelid = $1::pg_catalog.regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
    [quoteName(table.table)],
  );
  const name = qualified(table.table);
  const conditions = table.key.map(
    (column, index) => sql`${ident(column)} = ${literal(textOf(change.key[index]))}`,
  );
  return {
    from: found[0]?.[1] === "p" ? name : sql`ONLY ${name}`,
    where: join(conditions, " AND "),
    columns: found
      .filter(([, , generated]) => generated === "")
      .map(([column]) => ident(String(column))),
    // As PostgreSQL itself prints the type.
    types: new Map(found.map(([column, , , type]) => [String(column), `${type}` as Sql])),
  };
}

interface Candidate {
  readonly name: string;
  /** Values that are no drift: as reviewed, or in place. */
  readonly known: readonly Datum[];
}

/** Columns that the script guards, the turn's first. */
function candidates(
  { table, change }: ChosenChange,
  { turn, guarded }: { readonly turn: number; readonly guarded: (column: string) => boolean },
): readonly Candidate[] {
  const at = (values: readonly Datum[], index: number) => values[index] ?? null;
  const all =
    change.kind === "update"
      ? change.columns.map((position, index) => ({
          name: table.columns[position] ?? "",
          known: [at(change.before, index), at(change.after, index)],
        }))
      : table.columns.map((name, index) => ({
          name,
          known: [at(change.kind === "insert" ? change.after : change.before, index)],
        }));
  const usable = all.filter(({ name }) => !table.key.includes(name) && guarded(name));
  const start = usable.length === 0 ? 0 : turn % usable.length;
  return [...usable.slice(start), ...usable.slice(0, start)];
}

/** Ways to another value; the first that the server takes is used. */
function otherValues(column: Sql, type: Sql): readonly Sql[] {
  return [
    sql`(${column}::text || 'x')::${type}`,
    sql`(${column}::text::numeric + 1)::text::${type}`,
    sql`(NOT ${column}::text::boolean)::text::${type}`,
    sql`(${column}::text::timestamp + interval '1 day')::text::${type}`,
    sql`'x'::${type}`,
    sql`'1'::${type}`,
    sql`'true'::${type}`,
    sql`'2001-02-03'::${type}`,
    sql`NULL`,
  ];
}

async function changeValue(target: Target, row: Row, { name, known }: Candidate): Promise<boolean> {
  const column = ident(name);
  const type = row.types.get(name);
  if (type === undefined) return false;
  for (const value of otherValues(column, type)) {
    await target.query("SAVEPOINT rowpatch");
    try {
      const rows = await target.query(
        sql`UPDATE ${row.from} SET ${column} = ${value} WHERE ${row.where} RETURNING ${column}::text`,
      );
      if (rows.length === 1 && !known.includes(asDatum(rows[0]?.[0]))) return true;
    } catch {
      // Not a value of this type, or a constraint forbids it.
    }
    await target.query("ROLLBACK TO SAVEPOINT rowpatch");
  }
  return false;
}

function asDatum(value: unknown): Datum {
  return value === null || value === undefined ? null : String(value);
}

/** Somebody else has inserted the row already. */
async function addRow(target: Target, { table, change }: ChosenChange): Promise<void> {
  if (change.kind !== "insert") return;
  const columns = join(table.columns.map(ident), ", ");
  const values = join(
    change.after.map((value) => literal(textOf(value))),
    ", ",
  );
  await target.query(
    sql`INSERT INTO ${qualified(table.table)} (${columns}) OVERRIDING SYSTEM VALUE VALUES (${values})`,
  );
}

async function restore(
  target: Target,
  { from, where, columns }: Row,
  kept: readonly (readonly unknown[])[],
): Promise<void> {
  await pastTriggers(target);
  const name = from.replace(/^ONLY /, "") as Sql;
  await target.query("BEGIN");
  await target.query(sql`DELETE FROM ${from} WHERE ${where}`);
  for (const row of kept) {
    const values = row.map((value) => literal(value === null ? null : String(value)));
    await target.query(
      sql`INSERT INTO ${name} (${join(columns, ", ")}) OVERRIDING SYSTEM VALUE VALUES (${join(values, ", ")})`,
    );
  }
  await target.query("COMMIT");
}

function textOf(value: Datum | undefined): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "string") return value;
  throw new Error("bytes that are no text do not drift");
}

function describe({ table, change }: ChosenChange): string {
  const key = table.key.map(
    (column, index) => `${formatIdentifier(column)} = ${shown(change.key[index])}`,
  );
  return `${formatName(table.table)} ${key.join(", ")}`;
}

function shown(value: Datum | undefined): string {
  return typeof value === "string" ? printable(value).slice(0, 60) : "NULL";
}
