/**
 * The databases and dumps that are measured: made once, named by what they hold, taken again where they are there.
 */
import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { Cluster } from "./cluster.ts";
import { run } from "./measure.ts";

export interface Data {
  /** The address of a database, made by `statements` in a new one or in a copy of `template`. */
  readonly database: (name: string, made: Made) => Promise<string>;
  /** The path of a gzip custom dump of a database. */
  readonly dump: (name: string, url: string) => Promise<string>;
  /** A fresh copy of a database, in place of the last one of that name. */
  readonly copy: (name: string, template: string) => Promise<string>;
  readonly psql: (url: string, ...statements: readonly string[]) => Promise<string>;
  readonly drop: (name: string) => Promise<void>;
  /** Drops every database that this run has made. */
  readonly dropAll: () => Promise<void>;
}

export interface Made {
  readonly template?: string;
  readonly statements: readonly string[];
}

const PREFIX = "rowpatch_bench_";

export function benchData(cluster: Cluster, folder: string): Data {
  const made = new Set<string>();
  const maintenance = cluster.url("postgres");
  const psql = (url: string, ...statements: readonly string[]): Promise<string> =>
    run({
      command: "psql",
      args: ["-XqAt", "-v", "ON_ERROR_STOP=1", ...statements.flatMap((text) => ["-c", text]), url],
      keep: true,
    });
  const drop = async (name: string): Promise<void> => {
    await psql(maintenance, `DROP DATABASE IF EXISTS ${PREFIX}${name}`);
    made.delete(name);
  };
  const create = async (name: string, template?: string): Promise<string> => {
    const from = template === undefined ? "template0" : `${PREFIX}${template}`;
    const version = Number(await psql(maintenance, "SHOW server_version_num"));
    const strategy = version >= 150_000 ? " STRATEGY file_copy" : "";
    await psql(maintenance, `CREATE DATABASE ${PREFIX}${name} TEMPLATE ${from}${strategy}`);
    made.add(name);
    return cluster.url(`${PREFIX}${name}`);
  };
  return {
    psql,
    drop,
    async database(name, { template, statements }) {
      const there = `SELECT FROM pg_database WHERE datname = '${PREFIX}${name}'`;
      const found = await psql(maintenance, `SELECT EXISTS (${there})`);
      if (found.startsWith("t")) return cluster.url(`${PREFIX}${name}`);
      say(`making ${name}`);
      await drop(`${name}_new`);
      const url = await create(`${name}_new`, template);
      for (const statement of statements) await psql(url, statement);
      await psql(url, "VACUUM (FREEZE, ANALYZE)", "CHECKPOINT");
      await psql(maintenance, `ALTER DATABASE ${PREFIX}${name}_new RENAME TO ${PREFIX}${name}`);
      made.delete(`${name}_new`);
      made.add(name);
      return cluster.url(`${PREFIX}${name}`);
    },
    async dump(name, url) {
      const path = join(folder, `${name}.dump`);
      if (existsSync(path)) return path;
      await run({ command: "pg_dump", args: ["-Fc", "-f", `${path}.new`, url] });
      renameSync(`${path}.new`, path);
      return path;
    },
    async copy(name, template) {
      await drop(name);
      return create(name, template);
    },
    async dropAll() {
      for (const name of made) await drop(name);
    },
  };
}

/** What goes on, for who waits. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** The large table: about 115 bytes a row, much like text that people wrote. */
export function production(data: Data, rows: number): Promise<string> {
  return data.database(`production_${rows}`, {
    statements: [
      `CREATE TABLE reading (id bigint NOT NULL, author integer NOT NULL, email text NOT NULL, body text NOT NULL,
  created timestamp with time zone NOT NULL, note text, active boolean NOT NULL)`,
      `INSERT INTO reading
  SELECT id, id % 977, 'user-' || h || '@example.org', 'How would you rate question ' || h || '?',
    timestamptz '2026-01-10 12:00:00+00' + (id % 18) * interval '1 day' + id * interval '1 microsecond', NULL, id % 7 <> 0
  FROM (SELECT id, substr(md5(id::text), 1, 8) AS h FROM generate_series(1, ${rows}) AS id) AS s`,
      "ALTER TABLE reading ADD PRIMARY KEY (id)",
    ],
  });
}

/** The same rows in another physical order. */
export async function shuffled(data: Data, rows: number): Promise<string> {
  await production(data, rows);
  return data.database(`shuffled_${rows}`, {
    template: `production_${rows}`,
    statements: [
      "CREATE TABLE other (LIKE reading)",
      "INSERT INTO other SELECT * FROM reading ORDER BY md5(id::text)",
      "DROP TABLE reading",
      "ALTER TABLE other RENAME TO reading",
      "ALTER TABLE reading ADD PRIMARY KEY (id)",
    ],
  });
}

/** A copy of production in which every `nth` row was updated: PostgreSQL has moved those to the end of the heap. */
export async function edited(data: Data, rows: number, nth: number): Promise<string> {
  await production(data, rows);
  return data.database(`edited_${nth}_${rows}`, {
    template: `production_${rows}`,
    statements: [`UPDATE reading SET body = body || ' Edited.' WHERE id % ${nth} = 0`],
  });
}

/** One row in 714 is 0.14 %. */
export const FEW = 714;
