/**
 * Canonical text: what PostgreSQL 12 or later prints for a value under the pinned session settings, made from what some dump printed.
 * Only types whose text depends on settings or server version are touched; no equality is decided here.
 */
import type { Catalog, TypeRef } from "../catalog/types.ts";
import { rewriteBytea } from "./canonical/bytea.ts";
import { rewriteChar } from "./canonical/chars.ts";
import { rewriteFloat4, rewriteFloat8 } from "./canonical/floats.ts";
import { rewriteGeometry } from "./canonical/geometry.ts";
import { checkMoney } from "./canonical/money.ts";
import { rewriteParts } from "./canonical/parts.ts";
import type { Rewrite } from "./canonical/rewrite.ts";
import { rewriteTimestamptz } from "./canonical/timestamps.ts";
import { partsOf, shapeOf, type Typed } from "./shape.ts";

const BASE = new Map<string, Rewrite>([
  ["timestamptz", rewriteTimestamptz],
  ["float4", rewriteFloat4],
  ["float8", rewriteFloat8],
  ["bytea", rewriteBytea],
  ["char", rewriteChar],
  ["money", checkMoney],
  ...["point", "line", "lseg", "box", "path", "polygon", "circle"].map(
    (name) => [name, rewriteGeometry] as const,
  ),
]);

/**
 * How texts of the type are brought to canonical form: TimeZone UTC, bytea_output hex, shortest floats, "char" in octal; the same within
 * arrays, composites, ranges and domains. Undefined when the text of this type never varies, the common case: compare bytes.
 *
 * The function gives text that is not of its type back unchanged. Call it only for texts that differ: where both sides printed
 * money alike, in whatever locale, there is nothing to bring together.
 *
 * @throws ExpectedError `money_locale` (the function) for money printed under a locale other than C or en_US.
 */
export function canonicalizer(
  type: TypeRef,
  catalog: Catalog,
): ((text: string) => string) | undefined {
  const rewrite = canonicalRewrite({ type }, catalog);
  return rewrite && ((text) => rewrite(text) ?? text);
}

/** The same, but undefined for a text that is not of its type. */
export function canonicalRewrite(typed: Typed, catalog: Catalog): Rewrite | undefined {
  const shape = shapeOf(typed, catalog);
  switch (shape.kind) {
    case "base":
      return BASE.get(shape.name);
    case "extension":
      return shape.type === "cube" ? rewriteGeometry : undefined;
    case "enum":
    case "unknown":
      return undefined;
    default: {
      const rewrites = partsOf(shape).map((part) => canonicalRewrite(part, catalog));
      return rewrites.some(Boolean) ? rewriteParts(shape, rewrites) : undefined;
    }
  }
}
