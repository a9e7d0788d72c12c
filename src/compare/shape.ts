/**
 * What a column's type is made of: domains resolved, arrays, ranges and composites taken apart, extension types recognised.
 * Knows the catalog; knows nothing of values.
 */
import type { Catalog, TypeRef, UserType } from "../catalog/types.ts";
import type { QualifiedName } from "../names.ts";

/** A type where it is used: a column, an attribute, an array's element. `collation` only where it is not the type's own. */
export interface Typed {
  readonly type: TypeRef;
  readonly collation?: QualifiedName;
}

/** Types of extensions whose text and equality are known. */
export type ExtensionType = "citext" | "cube" | "hstore" | "ltree";

/** A type without its domains. */
export type Shape =
  | {
      /** A type of pg_catalog by pg_type name, e.g. `timestamptz`; not necessarily one that this program knows. */
      readonly kind: "base";
      readonly name: string;
      /** bpchar with a length: values are padded to it. */
      readonly padded: boolean;
      /** False also for a collation that nobody can tell. */
      readonly deterministic: boolean;
    }
  | { readonly kind: "enum" }
  | { readonly kind: "extension"; readonly type: ExtensionType }
  | { readonly kind: "array"; readonly element: Typed; readonly delimiter: "," | ";" }
  | { readonly kind: "composite"; readonly attributes: readonly Typed[] }
  | { readonly kind: "range" | "multirange"; readonly subtype: Typed }
  /** Base types of users, types of other extensions: only the server knows them. */
  | { readonly kind: "unknown" };

/** A shape that has parts of its own. */
export type Compound = Extract<
  Shape,
  { readonly kind: "array" | "composite" | "range" | "multirange" }
>;

/** Resolves a type. Domains give what they stand for; the row type of a table gives its columns as attributes. */
export function shapeOf(typed: Typed, catalog: Catalog): Shape {
  const { type, collation } = typed;
  if (type.array) return arrayShape(typed, catalog);
  const extension = extensionType(type, catalog);
  if (extension) return { kind: "extension", type: extension };
  if (type.schema === "pg_catalog") return builtinShape(typed, catalog);
  const user = catalog.types.find(({ name }) => same(name, type));
  if (user?.kind === "domain") {
    return shapeOf(withCollation(user.base, collation ?? user.collation), catalog);
  }
  if (user) return userShape(user);
  const ranged = catalog.types.find(
    (other) => other.kind === "range" && other.multirange && same(other.multirange, type),
  );
  if (ranged?.kind === "range") return { kind: "multirange", subtype: boundOf(ranged.subtype) };
  const table = catalog.tables.find(({ name }) => same(name, type));
  return table ? { kind: "composite", attributes: table.columns } : { kind: "unknown" };
}

/** The types that a compound is made of: an element, a range's subtype, or attributes in order. */
export function partsOf(shape: Compound): readonly Typed[] {
  switch (shape.kind) {
    case "array":
      return [shape.element];
    case "composite":
      return shape.attributes;
    case "range":
    case "multirange":
      return [shape.subtype];
  }
}

function arrayShape({ type, collation }: Typed, catalog: Catalog): Shape {
  const formatted = type.formatted.replace(/(\[\])+$/, "");
  const element = withCollation({ ...type, array: false, formatted }, collation);
  const inner = shapeOf(element, catalog);
  // A domain over an array hands its delimiter on, so an array of such a domain has it too.
  const semicolon =
    (inner.kind === "base" && inner.name === "box") ||
    (inner.kind === "array" && inner.delimiter === ";");
  return { kind: "array", element, delimiter: semicolon ? ";" : "," };
}

function builtinShape({ type, collation }: Typed, catalog: Catalog): Shape {
  const range = /^(int4|int8|num|ts|tstz|date)(range|multirange)$/.exec(type.name);
  if (range) {
    const [, prefix = "", kind] = range;
    const name = { num: "numeric", ts: "timestamp", tstz: "timestamptz" }[prefix] ?? prefix;
    return { kind: kind === "range" ? "range" : "multirange", subtype: { type: builtin(name) } };
  }
  return {
    kind: "base",
    name: type.name,
    padded: type.name === "bpchar" && type.formatted.startsWith("character("),
    deterministic: isDeterministic(collation, catalog),
  };
}

function userShape(user: Exclude<UserType, { readonly kind: "domain" }>): Shape {
  switch (user.kind) {
    case "enum":
      return { kind: "enum" };
    case "composite":
      return { kind: "composite", attributes: user.attributes };
    case "range":
      return { kind: "range", subtype: boundOf(user.subtype) };
    case "base":
      return { kind: "unknown" };
  }
}

/** The subtype of a user's range. Its collation was chosen with the range and the catalog does not hold it: a nameless one stands for it. */
function boundOf(subtype: TypeRef): Typed {
  return { type: subtype, collation: { schema: "", name: "" } };
}

function extensionType(type: TypeRef, catalog: Catalog): ExtensionType | undefined {
  const known = (["citext", "cube", "hstore", "ltree"] as const).find((name) => name === type.name);
  const installed = catalog.extensions.some(
    ({ name, schema }) => name === known && schema === type.schema,
  );
  return installed ? known : undefined;
}

/** Collations of pg_catalog are deterministic; one of an extension is not in the catalog and may be anything. */
function isDeterministic(collation: QualifiedName | undefined, catalog: Catalog): boolean {
  if (!collation || collation.schema === "pg_catalog") return true;
  const known = catalog.collations.find(({ name }) => same(name, collation));
  return known?.deterministic ?? false;
}

function withCollation(type: TypeRef, collation: QualifiedName | undefined): Typed {
  return collation ? { type, collation } : { type };
}

function builtin(name: string): TypeRef {
  return { schema: "pg_catalog", name, array: false, formatted: name };
}

function same(a: QualifiedName, b: QualifiedName): boolean {
  return a.name === b.name && a.schema === b.schema;
}
