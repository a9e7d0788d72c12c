/**
 * The values of all sequences of a live database.
 */
import { ExpectedError } from "../../errors.ts";
import {
  compareNames,
  formatIdentifier,
  formatName,
  type QualifiedName,
  quoteIdentifier,
  quoteName,
} from "../../names.ts";
import type { ConnectionTarget } from "../connection.ts";
import type { SequenceValue } from "../source.ts";
import type { Row, Session } from "./session.ts";

/** Sequences read by one statement: one branch of a UNION for each. */
const BATCH = 200;

/**
 * Last value and is_called of every sequence that pg_dump would write, ordered by name. Sequences stand outside snapshots: these
 * are the values of now.
 *
 * @throws ExpectedError `query`, also for a sequence that the role may not read
 */
export async function readSequences(
  session: Session,
  { display }: ConnectionTarget,
): Promise<readonly SequenceValue[]> {
  const listed = await session.query({ text: LIST, doing: "listing sequences" });
  const names = listed.map(
    ([schema, name]): QualifiedName => ({ schema: text(schema), name: text(name) }),
  );
  const unreadable = listed.findIndex(([, , isReadable]) => isReadable === "f");
  const denied = names[unreadable];
  if (denied !== undefined) {
    throw new ExpectedError({
      code: "query",
      display,
      doing: `reading sequence ${formatName(denied)}`,
      sqlState: "42501",
      reason: `permission denied for sequence ${formatIdentifier(denied.name)}`,
      hint: `the role needs a privilege: GRANT SELECT ON SEQUENCE ${quoteName(denied)} TO ${quoteIdentifier(text(listed[unreadable]?.[3]))}`,
    });
  }
  const values: SequenceValue[] = [];
  for (let from = 0; from < names.length; from += BATCH) {
    const batch = names.slice(from, from + BATCH);
    const branches = batch.map(
      (name, index) => `SELECT ${index}, last_value, is_called FROM ${quoteName(name)}`,
    );
    const rows = await session.query({
      text: branches.join("\nUNION ALL "),
      doing: "reading sequences",
    });
    values.push(...rows.map((row) => toValue(row, batch)));
  }
  return values.sort((a, b) => compareNames(a.name, b.name));
}

const LIST = `
SELECT n.nspname, c.relname,
  pg_catalog.has_sequence_privilege(c.oid, 'SELECT')
    AND pg_catalog.has_schema_privilege(n.oid, 'USAGE'), current_user
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
-- What an extension made for itself is not dumped, unless it asks for that.
LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
  AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e'
LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
WHERE c.relkind = 'S'
  -- Temporary ones belong to a session.
  AND c.relpersistence <> 't'
  -- A standby has no unlogged relations.
  AND NOT (c.relpersistence = 'u' AND pg_catalog.pg_is_in_recovery())
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND (d.objid IS NULL OR c.oid = ANY (e.extconfig))`;

function toValue(
  [index, lastValue, isCalled]: Row,
  batch: readonly QualifiedName[],
): SequenceValue {
  const name = batch[Number(index)];
  if (name === undefined) throw new Error(`no sequence at ${index}`);
  return { name, lastValue: text(lastValue), isCalled: isCalled === "t" };
}

/** Columns that are never NULL. */
function text(value: string | null | undefined): string {
  if (value === null || value === undefined) throw new Error("a catalog column is NULL");
  return value;
}
