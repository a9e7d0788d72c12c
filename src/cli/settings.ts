/**
 * Settings: from untrusted flags and rowpatch.config.yaml to values that commands can rely on. Reports every mistake at once.
 */
import { availableParallelism } from "node:os";
import { ExpectedError } from "../errors.ts";
import type { QualifiedName } from "../names.ts";
import type { ScriptOptions } from "../script-set.ts";
import { type RawSettings, type SettingReader, settingReader } from "./setting-reader.ts";

export interface KeySetting {
  readonly table: string;
  readonly columns: readonly string[];
}

export interface WhereSetting {
  readonly table: string;
  readonly sql: string;
}

/** Checked in form; whether tables and columns exist is seen when the databases are open. */
export interface Settings extends Omit<ScriptOptions, "version" | "generatedAt" | "triggerWrites"> {
  readonly production: string;
  readonly local: string;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly keys: readonly KeySetting[];
  readonly ignoreColumns: readonly string[];
  readonly where: readonly WhereSetting[];
  readonly deletes?: "apply" | "withhold";
  readonly triggers?: "fire" | "disable";
  readonly rules?: "disable";
  /** Bytes. */
  readonly memory: number;
  /** Connections to each live side. */
  readonly jobs: number;
  readonly database?: string;
  readonly out?: string;
  readonly triggerWrites: readonly string[];
}

const DEFAULT_MEMORY = 256 * 1024 ** 2;

/**
 * The settings of a run.
 *
 * @throws ExpectedError `usage` that lists every mistake, unknown names in the file included.
 */
export function parseSettings(flags: RawSettings, file: RawSettings, fileName: string): Settings {
  const reader = settingReader(flags, file, fileName);
  const production = source(
    reader,
    "production",
    "the dump or database that the script will change",
  );
  const local = source(reader, "local", "the database or dump that has the edits");
  const settings = {
    production,
    local,
    include: reader.list("include"),
    exclude: reader.list("exclude"),
    keys: keys(reader),
    ignoreColumns: reader.list("ignore-column"),
    where: reader
      .byTable("where", 'must be table=SQL, such as public.page="site = 1"')
      .map(([table, sql]) => ({ table, sql })),
    memory: memory(reader),
    jobs: jobs(reader),
    triggerWrites: reader.list("trigger-writes"),
    ...optional("deletes", reader.choice<"apply" | "withhold">("deletes", ["apply", "withhold"])),
    ...optional("triggers", reader.choice<"fire" | "disable">("triggers", ["fire", "disable"])),
    ...optional("rules", reader.choice<"disable">("rules", ["disable"])),
    ...optional("database", reader.text("database")),
    ...optional("ticket", ticket(reader)),
    ...optional("out", reader.text("out")),
    ...optional("expectDatabase", reader.text("expect-database")),
    ...optional("lockTimeout", interval(reader, "lock-timeout")),
    ...optional("statementTimeout", interval(reader, "statement-timeout")),
    ...optional("lockTables", reader.choice("lock", [true, false])),
    ...optional("ledger", ledger(reader)),
    ...optional("backupSchema", backupSchema(reader)),
    ...optional("bulkThreshold", bulkThreshold(reader)),
    ...optional("temporaryTables", reader.choice("temp-tables", [true, false])),
  };
  if (reader.mistakes.length > 0) {
    throw new ExpectedError({ code: "usage", message: reader.mistakes.join("\n") });
  }
  return settings;
}

function source(reader: SettingReader, name: "production" | "local", what: string): string {
  if (reader.value(name) === undefined) reader.mistakes.push(`--${name} is missing: name ${what}`);
  return reader.text(name) ?? "";
}

function keys(reader: SettingReader): readonly KeySetting[] {
  return reader.byTable("key", "must be table=column,column").map(([table, columns]) => ({
    table,
    columns: columns.split(",").map((column) => column.trim()),
  }));
}

/** A folder's name on every system, and safe in a shell and in a comment. */
function ticket(reader: SettingReader): string | undefined {
  return reader.matching(
    "ticket",
    /^(?!.*\.$)[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
    "names a folder: use letters, digits, dots, hyphens and underscores, first a letter or digit, at most 100",
  );
}

function interval(
  reader: SettingReader,
  name: "lock-timeout" | "statement-timeout",
): string | undefined {
  return reader.matching(
    name,
    /^\d{1,9}(ms|s|min|h)$|^0$/,
    "must be a time such as 5s or 500ms; 0 waits without limit",
  );
}

const NAME_BYTES = 63;

/** `schema.table`, each part as it is or in double quotes. */
function ledger(reader: SettingReader): QualifiedName | undefined {
  const part = '("(?:[^"]|"")+"|[^".]+)';
  const text = reader.text("ledger");
  if (text === undefined) return undefined;
  const [, schema = "", name = ""] = new RegExp(`^${part}\\.${part}$`, "s").exec(text) ?? [];
  const found = { schema: unquoted(schema), name: unquoted(name) };
  if (isUsable(found.schema) && isUsable(found.name)) return found;
  reader.mistakes.push(
    `--ledger must be schema.table, such as ops.rowpatch_ledger, not ${JSON.stringify(text)}`,
  );
  return undefined;
}

function backupSchema(reader: SettingReader): string | undefined {
  const text = reader.text("backup-schema");
  const name = text === undefined ? undefined : unquoted(text);
  if (name === undefined || isUsable(name)) return name;
  reader.mistakes.push(`--backup-schema must name a schema, not ${JSON.stringify(text)}`);
  return undefined;
}

function unquoted(text: string): string {
  return /^".*"$/s.test(text) ? text.slice(1, -1).replaceAll('""', '"') : text;
}

/** A name that PostgreSQL would cut is another name; its own schemas are no place for tables. */
function isUsable(name: string): boolean {
  return name !== "" && Buffer.byteLength(name) <= NAME_BYTES && !/^pg_|\0/.test(name);
}

function bulkThreshold(reader: SettingReader): number | undefined {
  const given = reader.value("bulk-threshold");
  const text = typeof given === "number" ? String(given) : given;
  if (text === undefined) return undefined;
  if (typeof text === "string" && /^\d{1,9}$/.test(text)) return Number(text);
  reader.mistakes.push("--bulk-threshold must be a number of rows, such as 1000");
  return undefined;
}

const MOST_JOBS = 64;

/** By cores unless told. */
function jobs(reader: SettingReader): number {
  const given = reader.value("jobs");
  if (given === undefined) return Math.min(4, availableParallelism());
  const number = typeof given === "string" && /^\d{1,3}$/.test(given) ? Number(given) : given;
  if (typeof number === "number" && Number.isInteger(number) && number >= 1 && number <= MOST_JOBS)
    return number;
  reader.mistakes.push(`--jobs must be a number from 1 to ${MOST_JOBS}`);
  return 1;
}

const UNITS: Readonly<Record<string, number>> = { KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 };

function memory(reader: SettingReader): number {
  const text = reader.matching(
    "memory",
    /^\d{1,9} ?[KMG]B$/i,
    "must be a size such as 512MB or 2GB",
  );
  if (text === undefined) return DEFAULT_MEMORY;
  const unit = UNITS[text.slice(-2).toUpperCase()] ?? 1;
  return Math.max(16 * 1024 ** 2, Number.parseInt(text, 10) * unit);
}

/** A property where there is a value, none where there is not: a computed name is typed as any string. */
function optional<K extends string, V>(name: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [P in K]?: V };
}
