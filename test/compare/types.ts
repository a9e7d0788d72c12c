/** Types and catalogs for tests of values. */
import type { Catalog, TypeRef } from "../../src/catalog/types.ts";
import type { QualifiedName } from "../../src/names.ts";

/** A catalog that holds nothing but what is given. */
export function catalogOf(parts: Partial<Catalog>): Catalog {
  return {
    tables: [],
    sequences: [],
    types: [],
    collations: [],
    extensions: [],
    publications: [],
    materializedViews: [],
    ...parts,
  };
}

/** `float8`, `float8[]`, `public.mood[]`: without a schema a type of pg_catalog. `character(5)` is bpchar with its length. */
export function typeOf(text: string): TypeRef {
  const array = text.endsWith("[]");
  const element = array ? text.slice(0, -2) : text;
  const [schema = "", name = ""] = element.includes(".")
    ? element.split(".")
    : ["pg_catalog", element];
  const padded = name.startsWith("character(");
  return { schema, name: padded ? "bpchar" : name, array, formatted: text };
}

/** A name in schema public. */
export function publicName(name: string): QualifiedName {
  return { schema: "public", name };
}

/** Numbers in [0, 1), the same for the same seed. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/** User types of every kind, as `SAMPLE_TYPES_SQL` makes them. */
export const SAMPLE_CATALOG: Catalog = catalogOf({
  types: [
    { kind: "enum", name: publicName("mood"), labels: ["sad", 'it\'s "fine"', "a,b"] },
    {
      kind: "domain",
      name: publicName("moment"),
      base: typeOf("timestamptz"),
      notNull: false,
      checks: [],
    },
    {
      kind: "domain",
      name: publicName("moments"),
      base: typeOf("timestamptz[]"),
      notNull: false,
      checks: [],
    },
    { kind: "domain", name: publicName("frame"), base: typeOf("box"), notNull: false, checks: [] },
    {
      kind: "composite",
      name: publicName("entry"),
      attributes: [
        { name: "at", type: typeOf("public.moment") },
        { name: "label", type: typeOf("text") },
        { name: "data", type: typeOf("bytea") },
        { name: "history", type: typeOf("timestamptz[]") },
      ],
    },
    {
      kind: "range",
      name: publicName("floatrange"),
      subtype: typeOf("float8"),
      multirange: publicName("floatmultirange"),
    },
    {
      kind: "range",
      name: publicName("textrange"),
      subtype: typeOf("text"),
      multirange: publicName("textmultirange"),
    },
  ],
  tables: [
    {
      name: publicName("log"),
      kind: "table",
      unlogged: false,
      columns: [
        { name: "id", type: typeOf("int4"), notNull: false },
        { name: "at", type: typeOf("timestamptz"), notNull: false },
      ],
      constraints: [],
      uniqueIndexes: [],
      inherits: [],
      triggers: [],
      rules: [],
      rowSecurity: { enabled: false, forced: false },
      policies: [],
      replicaIdentity: "default",
    },
  ],
  collations: [{ name: publicName("nd"), deterministic: false }],
  extensions: [
    { name: "citext", schema: "public" },
    { name: "cube", schema: "public" },
    { name: "hstore", schema: "public" },
    { name: "ltree", schema: "public" },
  ],
});

export const SAMPLE_TYPES_SQL = `
CREATE EXTENSION citext; CREATE EXTENSION cube; CREATE EXTENSION hstore; CREATE EXTENSION ltree;
CREATE TYPE mood AS ENUM ('sad', 'it''s "fine"', 'a,b');
CREATE DOMAIN moment AS timestamptz;
CREATE DOMAIN moments AS timestamptz[];
CREATE DOMAIN frame AS box;
CREATE TYPE entry AS (at moment, label text, data bytea, history timestamptz[]);
CREATE TYPE floatrange AS RANGE (subtype = float8);
CREATE TYPE textrange AS RANGE (subtype = text);
CREATE TABLE log (id int, at timestamptz);
CREATE COLLATION nd (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
`;
