/**
 * What a database holds, asked with queries of its own: the proof must not lean on the code that it judges.
 */
import { Client } from "pg";

/** Rows of each table by `format('%I.%I')` name, sorted, each as PostgreSQL prints a whole row. */
export type Rows = Readonly<Record<string, readonly string[]>>;

/** Everything that a script must leave as it was where it changes nothing. */
export interface State {
  readonly rows: Rows;
  /** Where every row lies and which transaction wrote it. */
  readonly versions: readonly string[];
  readonly sequences: Readonly<Record<string, string>>;
  /** Triggers, foreign keys' own included, and rules, each with its firing state. */
  readonly switches: readonly string[];
}

/** Reads everything. */
export function stateOf(url: string): Promise<State> {
  return connected(url, async (ask) => ({
    rows: await readRows(ask, []),
    versions: await readVersions(ask),
    sequences: await readSequences(ask),
    switches: await readSwitches(ask),
  }));
}

/**
 * Reads the rows; of partitions under their root, generated columns included. `without` names tables, or columns as
 * `schema.table.column`, that are left out.
 */
export function rowsOf(url: string, without: readonly string[] = []): Promise<Rows> {
  return connected(url, (ask) => readRows(ask, without));
}

type Ask = (query: string) => Promise<(string | null)[][]>;

/** Fixed by the reader, so that settings of role and database do not matter. */
const SETTINGS = `SET search_path = ''; SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres';
SET extra_float_digits = 3; SET bytea_output = 'hex'; SET row_security = off; SET quote_all_identifiers = off`;

async function connected<T>(url: string, read: (ask: Ask) => Promise<T>): Promise<T> {
  // Role settings may be hostile: what comes with the connection wins.
  const client = new Client({ connectionString: url, options: "-c statement_timeout=0" });
  await client.connect();
  try {
    await client.query(SETTINGS);
    const types = { getTypeParser: () => (text: string | Buffer) => text };
    return await read(async (text) => {
      if (text === "") return [];
      const { rows } = await client.query<(string | null)[]>({ text, rowMode: "array", types });
      return rows;
    });
  } finally {
    await client.end();
  }
}

const TABLES = `SELECT format('%I.%I', n.nspname, c.relname), c.relkind = 'p',
    (SELECT json_agg(json_build_array(a.attname, format('%I', a.attname)) ORDER BY a.attname COLLATE "C") FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND c.relpersistence <> 't'`;

async function readRows(ask: Ask, without: readonly string[]): Promise<Rows> {
  const tables = await ask(`${TABLES} AND NOT c.relispartition`);
  const selects = tables.flatMap(([name, partitioned, columns]) => {
    if (without.includes(name ?? "")) return [];
    const all: [string, string][] = JSON.parse(columns ?? "[]");
    const read = all.filter(([column]) => !without.includes(`${name}.${column}`));
    const from = `${partitioned === "t" ? "" : "ONLY "}${name}`;
    return `SELECT ${literal(name)}, json_agg(r::text ORDER BY r::text COLLATE "C")
      FROM (SELECT ${read.map(([, quoted]) => quoted).join(", ")} FROM ${from}) AS r`;
  });
  const rows = await ask(selects.join("\nUNION ALL "));
  return Object.fromEntries(rows.map(([name, lines]) => [name, JSON.parse(lines ?? "[]")]));
}

async function readVersions(ask: Ask): Promise<readonly string[]> {
  const tables = await ask(`${TABLES} AND c.relkind = 'r'`);
  const selects = tables.map(
    ([name]) => `SELECT concat_ws(' ', tableoid::regclass, ctid, xmin) FROM ONLY ${name}`,
  );
  const rows = await ask(selects.join("\nUNION ALL "));
  return rows.map(([row]) => row ?? "").sort();
}

async function readSequences(ask: Ask): Promise<Readonly<Record<string, string>>> {
  const found = await ask(
    "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'S'",
  );
  const selects = found.map(
    ([name]) =>
      `SELECT ${literal(name)}, concat(last_value, CASE WHEN NOT is_called THEN ' next' END) FROM ${name}`,
  );
  return Object.fromEntries(await ask(selects.join("\nUNION ALL ")));
}

async function readSwitches(ask: Ask): Promise<readonly string[]> {
  const rows = await ask(
    `SELECT concat_ws(' ', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger
    UNION ALL SELECT concat_ws(' ', ev_class::regclass, rulename, ev_enabled) FROM pg_rewrite ORDER BY 1`,
  );
  return rows.map(([row]) => row ?? "");
}

function literal(text: string | null | undefined): string {
  return `'${(text ?? "").replaceAll("'", "''")}'`;
}
