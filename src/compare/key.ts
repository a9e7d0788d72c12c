/**
 * Identity of keys: when two texts are the same key to the unique index that PostgreSQL keeps. Content has its own equality, equality.ts.
 */
import type { Catalog } from "../catalog/types.ts";
import { rewriteParts } from "./canonical/parts.ts";
import type { Rewrite } from "./canonical/rewrite.ts";
import { canonicalRewrite } from "./canonical.ts";
import { intervalKey } from "./key/intervals.ts";
import { jsonbKey } from "./key/jsonb.ts";
import { float4Key, float8Key, numericKey } from "./key/numbers.ts";
import { type Compound, type ExtensionType, partsOf, shapeOf, type Typed } from "./shape.ts";

/** How the key of a column is brought to bytes that are equal exactly when `=` of the key's unique index says equal. */
export type KeyClass =
  /** The text itself. */
  | { readonly kind: "exact" }
  /** The text that the function gives; text that is not of the type stays as it is. */
  | { readonly kind: "canonical"; readonly canonical: (text: string) => string }
  /**
   * Only PostgreSQL can tell. `fold`, where there is one, gives the bytes for a text of which the answer is certain, and undefined for
   * others; of two texts that both have one, it decides.
   */
  | { readonly kind: "server"; readonly fold?: (text: string) => string | undefined };

/** What is known of a type: its text is the key, `rewrite` gives the key (of each text, or only of certain ones), or nothing. */
type Rule = "exact" | "server" | { readonly rewrite: Rewrite; readonly always: boolean };

/** Types of pg_catalog by what their `=` does to their text. Those without `=` in an index (json, xml, point ...) go by text, as a key that the user names must. */
const EXACT = [
  ...["bool", "int2", "int4", "int8", "oid", "xid", "xid8", "cid", "tid", "pg_lsn", "oidvector"],
  ...["int2vector", "bit", "varbit", "uuid", "inet", "cidr", "macaddr", "macaddr8", "tsvector"],
  ...["date", "time", "timetz", "timestamp", "json", "jsonpath", "xml", "aclitem", "refcursor"],
  ...["pg_snapshot", "txid_snapshot", "regclass", "regcollation", "regconfig", "regdictionary"],
  ...["regnamespace", "regoperator", "regprocedure", "regrole", "regtype"],
];
const COLLATED = new Set(["text", "varchar", "bpchar", "name"]);
const REWRITES: readonly (readonly [string, Rewrite])[] = [
  ["numeric", numericKey],
  ["float4", float4Key],
  ["float8", float8Key],
  ["interval", intervalKey],
  ["jsonb", jsonbKey],
];
/** Not here, so left to the server: tsquery (weights do not count), regproc and regoper (one text for several objects). */
const BASE = new Map<string, Rule>([
  ...EXACT.map((name) => [name, "exact"] as const),
  ...REWRITES.map(([name, rewrite]) => [name, { rewrite, always: true }] as const),
]);

const EXTENSION: Record<ExtensionType, Rule> = {
  // lower() of other letters depends on the locale of the database; of ASCII only Turkish, Azeri and Lithuanian ones differ (I).
  citext: { rewrite: asciiLower, always: false },
  cube: "server",
  hstore: "exact",
  ltree: "exact",
};

/** The class of a column that is a key or a part of one. Domains, arrays, composites and ranges follow what they are made of. */
export function keyClassOf(column: Typed, catalog: Catalog): KeyClass {
  const rule = ruleOf(column, catalog);
  if (rule === "exact" || rule === "server") return { kind: rule };
  const { rewrite, always } = rule;
  if (!always) return { kind: "server", fold: rewrite };
  return { kind: "canonical", canonical: (text) => rewrite(text) ?? text };
}

function ruleOf(typed: Typed, catalog: Catalog): Rule {
  const shape = shapeOf(typed, catalog);
  switch (shape.kind) {
    case "enum":
      return "exact";
    case "unknown":
      return "server";
    case "extension":
      return EXTENSION[shape.type];
    case "base": {
      if (COLLATED.has(shape.name)) return collatedRule(shape.name, shape.deterministic);
      const canonical = canonicalRewrite(typed, catalog);
      return BASE.get(shape.name) ?? (canonical ? { rewrite: canonical, always: true } : "server");
    }
    default:
      return compoundRule(shape, catalog);
  }
}

function collatedRule(name: string, deterministic: boolean): Rule {
  if (!deterministic) return "server";
  return name === "bpchar" ? { rewrite: trimBlanks, always: true } : "exact";
}

function compoundRule(shape: Compound, catalog: Catalog): Rule {
  const rules = partsOf(shape).map((part) => ruleOf(part, catalog));
  if (rules.includes("server")) return "server";
  if (rules.every((rule) => rule === "exact")) return "exact";
  const rewrites = rules.map((rule) => (typeof rule === "string" ? undefined : rule.rewrite));
  const always = rules.every((rule) => typeof rule === "string" || rule.always);
  return { rewrite: rewriteParts(shape, rewrites), always };
}

/** bpchar: trailing blanks do not count, other white space does. */
function trimBlanks(text: string): string {
  return text.replace(/(?<! ) +$/, "");
}

function asciiLower(text: string): string | undefined {
  return /^[\x01-\x7f]*$/.test(text) ? text.toLowerCase() : undefined;
}
