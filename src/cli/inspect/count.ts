/**
 * How many rows a table of a live database has.
 */
import type { Table } from "../../catalog/types.ts";
import { ExpectedError } from "../../errors.ts";
import { formatIdentifier, formatName } from "../../names.ts";
import { qualified, sql } from "../../script/sql.ts";
import type { DatabaseSource } from "../../sources/source.ts";

/** Of a partitioned table those of its partitions, of any other its own. @throws ExpectedError `query`, with what to grant. */
export async function countRows(source: DatabaseSource, { name, kind }: Table): Promise<number> {
  const only = kind === "partitioned" ? sql`` : sql`ONLY `;
  try {
    const [[count] = []] = await source.query(
      sql`SELECT pg_catalog.count(*) FROM ${only}${qualified(name)}`,
    );
    return Number(count);
  } catch (cause) {
    if (!(cause instanceof ExpectedError) || cause.failure.code !== "query") throw cause;
    const { failure } = cause;
    const doing = `counting the rows of ${formatName(name)}`;
    // What row security would hide has a hint already.
    const denied = failure.sqlState === "42501" && failure.hint === undefined;
    if (!denied) throw new ExpectedError({ ...failure, doing }, { cause });
    // A query that failed leaves the snapshot as it was.
    const [[role] = []] = await source.query(sql`SELECT current_user`);
    const to = formatIdentifier(role ?? "");
    const hint = `the role needs a privilege: GRANT SELECT ON ${formatName(name)} TO ${to} (and USAGE on its schema)`;
    throw new ExpectedError({ ...failure, doing, hint }, { cause });
  }
}
