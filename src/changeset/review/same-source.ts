/**
 * Both sides are one and the same: a slip of the command line that would otherwise read as "nothing was edited".
 */
import { type Finding, finding } from "../../findings.ts";
import type { Source } from "../../sources/source.ts";
import { ask, type Subject } from "./subject.ts";

/** A warning if both sides are the same database or dumps of the same bytes. */
export async function sameSource({ sources, changeset }: Subject): Promise<readonly Finding[]> {
  const { production, local } = changeset;
  const isSame =
    sources.production.kind === "database"
      ? await isSameDatabase(sources)
      : production.sha256 !== undefined && production.sha256 === local.sha256;
  return isSame ? [finding({ code: "same_source", kind: sources.production.kind })] : [];
}

/** Clones of a server share their system identifier, but no two servers started in the same microsecond. */
const WHICH = `SELECT d.oid, d.datname, pg_catalog.pg_postmaster_start_time()::pg_catalog.text
  FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()`;

async function isSameDatabase({ production, local }: Subject["sources"]): Promise<boolean> {
  const [one, other] = [await whichOf(production), await whichOf(local)];
  return one !== "" && one === other;
}

async function whichOf(source: Source): Promise<string> {
  return (await ask(source, WHICH)).join("\n");
}
