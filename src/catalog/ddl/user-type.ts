/**
 * CREATE TYPE, CREATE DOMAIN and CREATE COLLATION, and the ALTER statements that belong to them.
 */
import { nameKey } from "../../names.ts";
import type { ConstraintNode, DefElem, Node, RangeVar, TypeName } from "../parser.ts";
import type { Domain, UserType } from "../types.ts";
import { collationName } from "./column.ts";
import { constraintDefinition } from "./constraint.ts";
import { sliceItem } from "./sql-text.ts";
import { definitions, listedName, relationName, type Statement, strings } from "./statement.ts";
import { typeRef } from "./type.ts";

function addType({ draft }: Statement, type: UserType): void {
  draft.types.set(nameKey(type.name), type);
}

/** CREATE TYPE ... AS ENUM. */
export function createEnum(
  statement: Statement,
  node: { readonly typeName?: Node[]; readonly vals?: Node[] },
): void {
  const name = listedName(statement, node.typeName);
  addType(statement, { kind: "enum", name, labels: strings(node.vals) });
}

/** ALTER TYPE ... ADD VALUE and RENAME VALUE. */
export function alterEnum(
  statement: Statement,
  node: {
    readonly typeName?: Node[];
    readonly oldVal?: string;
    readonly newVal?: string;
    readonly newValNeighbor?: string;
    readonly newValIsAfter?: boolean;
  },
): void {
  const name = listedName(statement, node.typeName);
  const type = statement.draft.types.get(nameKey(name));
  const label = node.newVal ?? "";
  if (type?.kind !== "enum" || type.labels.includes(label)) return;
  const labels = [...type.labels];
  const old = labels.indexOf(node.oldVal ?? "");
  const neighbor = labels.indexOf(node.newValNeighbor ?? "");
  if (node.oldVal !== undefined) labels.splice(old, 1, label);
  else if (neighbor < 0) labels.push(label);
  else labels.splice(node.newValIsAfter === true ? neighbor + 1 : neighbor, 0, label);
  statement.draft.types.set(nameKey(name), { ...type, labels });
}

/** CREATE TYPE ... AS (...). */
export function createComposite(
  statement: Statement,
  node: { readonly typevar?: RangeVar; readonly coldeflist?: Node[] },
): void {
  const name = relationName(statement, node.typevar);
  const attributes = (node.coldeflist ?? []).flatMap((item) => {
    if (!("ColumnDef" in item) || !item.ColumnDef.typeName) return [];
    const { colname = "", typeName, collClause } = item.ColumnDef;
    const collation = collClause && collationName(statement, collClause.collname);
    const type = typeRef({ ...statement, bare: node.typevar?.schemaname === undefined }, typeName);
    return [{ name: colname, type, ...(collation ? { collation } : {}) }];
  });
  addType(statement, { kind: "composite", name, attributes });
}

/** CREATE TYPE ... AS RANGE. */
export function createRange(
  statement: Statement,
  node: { readonly typeName?: Node[]; readonly params?: Node[] },
): void {
  const name = listedName(statement, node.typeName);
  const params = definitions(node.params);
  const subtype = typeArgument(params.get("subtype"));
  const multirange = typeArgument(params.get("multirange_type_name"));
  if (!subtype) return;
  const range: UserType = {
    kind: "range",
    name,
    subtype: typeRef(statement, subtype),
    ...(multirange ? { multirange: listedName(statement, multirange.names) } : {}),
  };
  addType(statement, range);
}

function typeArgument(option: DefElem | undefined): TypeName | undefined {
  return option?.arg && "TypeName" in option.arg ? option.arg.TypeName : undefined;
}

/** CREATE TYPE of a base type, its shell included, and CREATE COLLATION. Aggregates, operators and the like are passed over. */
export function define(
  statement: Statement,
  node: { readonly kind?: string; readonly defnames?: Node[]; readonly definition?: Node[] },
): void {
  if (node.kind === "OBJECT_TYPE") {
    addType(statement, { kind: "base", name: listedName(statement, node.defnames) });
  }
  if (node.kind !== "OBJECT_COLLATION") return;
  const name = listedName(statement, node.defnames);
  const value = definitions(node.definition).get("deterministic")?.arg;
  const deterministic = !(value && "String" in value && value.String.sval === "false");
  statement.draft.collations.set(nameKey(name), { name, deterministic });
}

/** CREATE DOMAIN. */
export function createDomain(
  statement: Statement,
  node: {
    readonly domainname?: Node[];
    readonly typeName?: TypeName;
    readonly collClause?: { readonly collname?: Node[]; readonly location?: number };
    readonly constraints?: Node[];
  },
): void {
  if (!node.typeName) return;
  const name = listedName(statement, node.domainname);
  const collation = node.collClause && collationName(statement, node.collClause.collname);
  let domain: Domain = {
    kind: "domain",
    name,
    base: typeRef({ ...statement, bare: strings(node.domainname).length === 1 }, node.typeName),
    notNull: false,
    ...(collation ? { collation } : {}),
    checks: [],
  };
  const constraints = constraintNodes(node.constraints);
  for (const [index, constraint] of constraints.entries()) {
    domain = constrain(statement, domain, { constraint, next: constraints[index + 1]?.location });
  }
  addType(statement, domain);
}

/** ALTER DOMAIN ... ADD CONSTRAINT; anything else leaves the catalog as it is. */
export function alterDomain(
  statement: Statement,
  node: { readonly subtype?: string; readonly typeName?: Node[]; readonly def?: Node },
): void {
  const key = nameKey(listedName(statement, node.typeName));
  const domain = statement.draft.types.get(key);
  const [constraint] = constraintNodes(node.def ? [node.def] : []);
  if (node.subtype !== "C" || domain?.kind !== "domain" || !constraint) return;
  statement.draft.types.set(key, constrain(statement, domain, { constraint, next: undefined }));
}

function constraintNodes(nodes: readonly Node[] | undefined): ConstraintNode[] {
  return (nodes ?? []).flatMap((node) => ("Constraint" in node ? [node.Constraint] : []));
}

interface ConstraintAt {
  readonly constraint: ConstraintNode;
  readonly next: number | undefined;
}

function constrain(statement: Statement, domain: Domain, at: ConstraintAt): Domain {
  const { constraint, next } = at;
  switch (constraint.contype) {
    case "CONSTR_NOTNULL":
      return { ...domain, notNull: true };
    case "CONSTR_DEFAULT": {
      const text = sliceItem(statement.sql, constraint.location ?? 0, next);
      return { ...domain, default: text.replace(/^DEFAULT\s+/i, "") };
    }
    case "CONSTR_CHECK": {
      const definition = constraintDefinition(statement, constraint, next);
      const name = constraint.conname ?? domainCheckName(domain);
      return { ...domain, checks: [...domain.checks, { name, definition }] };
    }
    default:
      return domain;
  }
}

function domainCheckName({ name, checks }: Domain): string {
  const names = new Set(checks.map((check) => check.name));
  for (let pass = 0; ; pass += 1) {
    const candidate = `${name.name}_check${pass === 0 ? "" : pass}`;
    if (!names.has(candidate)) return candidate;
  }
}
