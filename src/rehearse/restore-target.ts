/**
 * A database that a dump is restored into: statements, and rows by COPY. Knows nothing of dumps.
 */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Client } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import type { TableName } from "../names.ts";
import { qualified, type Sql, sql } from "../script/sql.ts";

/** A database that takes statements and rows. Errors of the server have `severity` and `code`, as those of `pg`. */
export interface RestoreTarget {
  /** Runs a statement; rows are arrays of text. */
  query(text: string, values?: readonly unknown[]): Promise<readonly (readonly unknown[])[]>;
  /** Sends COPY text into `COPY <target> FROM`; chunks are valid until the next one is asked for. `frozen`: WITH (FREEZE). */
  copy(
    target: Sql,
    lines: AsyncIterable<Buffer>,
    options?: { readonly frozen: boolean },
  ): Promise<void>;
}

/** A connection of `pg` as a target; it is left open. */
export function clientTarget(client: Client): RestoreTarget {
  return {
    query: async (text, values = []) => {
      const { rows } = await client.query<unknown[]>({
        rowMode: "array",
        text,
        values: [...values],
      });
      return rows ?? [];
    },
    copy: (target, lines, { frozen } = { frozen: false }) =>
      pipeline(
        Readable.from(owned(lines), { objectMode: false }),
        client.query(copyFrom(`COPY ${target} FROM STDIN${frozen ? " WITH (FREEZE)" : ""}`)),
      ),
  };
}

/** Streams ask for chunks ahead. */
async function* owned(lines: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of lines) yield Buffer.from(chunk);
}

/**
 * Into a table emptied by the same transaction: the server then neither logs the rows, where it may, nor has to look later
 * whether their transaction was committed. Plainly where the table cannot be emptied, e.g. the root of partitions.
 */
export async function copyWhole(
  server: RestoreTarget,
  rows: {
    readonly table: TableName;
    readonly lines: AsyncIterable<Buffer>;
    readonly target: Sql;
  },
): Promise<void> {
  await server.query("BEGIN");
  try {
    await server.copy(rows.target, rows.lines, { frozen: await isEmptied(server, rows.table) });
    await server.query("COMMIT");
  } catch (error) {
    await server.query("ROLLBACK");
    throw error;
  }
}

/** Within a transaction, which goes on. A table that an extension has filled already keeps its rows. */
async function isEmptied(server: RestoreTarget, table: TableName): Promise<boolean> {
  await server.query("SAVEPOINT rowpatch");
  try {
    const name = qualified(table);
    const [row = []] = await server.query(sql`SELECT EXISTS (SELECT FROM ONLY ${name})::text`);
    if (row[0] === "false") await server.query(sql`TRUNCATE ONLY ${name}`);
    await server.query("RELEASE SAVEPOINT rowpatch");
    return row[0] === "false";
  } catch {
    await server.query("ROLLBACK TO SAVEPOINT rowpatch");
    return false;
  }
}
