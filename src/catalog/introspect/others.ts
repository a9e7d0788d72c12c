/**
 * Sequences, publications, collations, extensions and materialized views, from a server.
 */
import { sequenceTypeOf, WRITES } from "../codes.ts";
import type { Catalog, Publication, Sequence } from "../types.ts";
import {
  fields,
  inUserSchema,
  isNoMember,
  isTrue,
  type Rows,
  USER_TABLES,
  userRelations,
} from "./scope.ts";

/** All of them. */
export const SEQUENCES: string = `
SELECT c.nspname, c.relname, t.typname, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
  ownern.nspname, ownerc.relname, a.attname
FROM pg_sequence s
JOIN ${userRelations("S")} c ON c.oid = s.seqrelid
JOIN pg_type t ON t.oid = s.seqtypid
-- Serial columns own their sequence by an automatic dependency, identity columns by an internal one.
LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0
  AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
LEFT JOIN pg_class ownerc ON ownerc.oid = d.refobjid
LEFT JOIN pg_namespace ownern ON ownern.oid = ownerc.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid`;

/** Sequences with their owners, from the rows of {@link SEQUENCES}. */
export function sequencesFrom(rows: Rows): Sequence[] {
  return rows.map((row) => {
    const [schema = "", name = "", type = "", start = "", increment = "", ...rest] = fields(row);
    const [min = "", max = "", cache = "", cycle = "", ...owner] = rest;
    const [ownerSchema = "", ownerName = "", column = ""] = owner;
    const table = { schema: ownerSchema, name: ownerName };
    return {
      name: { schema, name },
      type: sequenceTypeOf(type),
      start,
      increment,
      min,
      max,
      cache,
      cycle: isTrue(cycle),
      ...(column === "" ? {} : { ownedBy: { table, column } }),
    };
  });
}

/** For a server of this version. */
export const publicationsQuery = (version: number): string => `
SELECT p.pubname, p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate,
  (SELECT json_agg(json_build_array(t.nspname, t.relname))
   FROM pg_publication_rel r JOIN ${USER_TABLES} t ON t.oid = r.prrelid WHERE r.prpubid = p.oid),
  ${
    version >= 150000
      ? `(SELECT json_agg(n.nspname) FROM pg_publication_namespace s
         JOIN pg_namespace n ON n.oid = s.pnnspid WHERE s.pnpubid = p.oid)`
      : "NULL"
  }
FROM pg_publication p`;

/** Publications with what they publish, from the rows of {@link publicationsQuery}. */
export function publicationsFrom(rows: Rows): Publication[] {
  return rows.map((row) => {
    const [name = "", allTables = "", ...rest] = fields(row);
    const [tables = "", schemas = ""] = rest.slice(WRITES.length);
    return {
      name,
      allTables: isTrue(allTables),
      tables: list(tables).map(nameOf),
      schemas: list(schemas).map(String),
      publishes: WRITES.filter((_write, index) => isTrue(rest[index] ?? "")),
    };
  });
}

function nameOf(pair: unknown): { readonly schema: string; readonly name: string } {
  const [schema, name] = Array.isArray(pair) ? pair : [];
  return { schema: String(schema), name: String(name) };
}

function list(json: string): unknown[] {
  return json === "" ? [] : JSON.parse(json);
}

/** Collations, extensions and materialized views. */
export const NAMED: string = `
SELECT 'collation', n.nspname, c.collname, c.collisdeterministic
FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
WHERE ${inUserSchema("n")} AND ${isNoMember("c.oid", "pg_collation")}
UNION ALL SELECT 'extension', n.nspname, e.extname, NULL
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
-- Servers come with it.
WHERE e.extname <> 'plpgsql'
UNION ALL SELECT 'materialized view', m.nspname, m.relname, NULL
FROM ${userRelations("m")} m`;

type Named = Pick<Catalog, "collations" | "extensions" | "materializedViews">;

/** From the rows of {@link NAMED}. */
export function namedFrom(found: Rows): Named {
  const rows = found.map(fields);
  const named = (kind: string): string[][] => rows.filter(([of]) => of === kind);
  return {
    collations: named("collation").map(([, schema = "", name = "", deterministic = ""]) => ({
      name: { schema, name },
      deterministic: isTrue(deterministic),
    })),
    extensions: named("extension").map(([, schema = "", name = ""]) => ({ name, schema })),
    materializedViews: named("materialized view").map(([, schema = "", name = ""]) => ({
      schema,
      name,
    })),
  };
}
