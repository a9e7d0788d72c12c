/**
 * What the catalogs show of the touched tables: constraints that may refuse rows, types and expressions that differ between the sides.
 */
import { tableByName } from "../../catalog/lookup.ts";
import type { Catalog, Table, TypeRef, UserType } from "../../catalog/types.ts";
import { type Finding, finding } from "../../findings.ts";
import { formatName, nameKey, type QualifiedName, type TableName } from "../../names.ts";
import { changedColumns, type Subject, type Touched, touchedTables } from "./subject.ts";

/** Findings of definitions alone. */
export function definitionFindings(subject: Subject): readonly Finding[] {
  const touched = touchedTables(subject);
  if (touched.length === 0) return [];
  const views = subject.catalogs.production.materializedViews;
  return [
    ...touched.flatMap((table) => [
      ...constraintFindings(table.production),
      ...generatedFindings(table),
      ...defaultFindings(table),
      ...lostFindings(table),
      ...typeFindings(subject, table),
      ...allDeleted(table),
    ]),
    ...(views.length > 0 ? [finding({ code: "materialized_views", views })] : []),
  ];
}

function constraintFindings({ name: table, constraints }: Table): readonly Finding[] {
  const loose = constraints.filter(
    (constraint) => "validated" in constraint && !constraint.validated,
  );
  const unstable = constraints.filter(
    (constraint) => constraint.kind === "check" && isUnstable(constraint.definition),
  );
  const named = (found: typeof constraints) => found.map(({ name }) => name);
  return [
    ...(loose.length > 0
      ? [finding({ code: "constraint_not_valid", table, constraints: named(loose) })]
      : []),
    ...(unstable.length > 0
      ? [finding({ code: "check_unstable", table, constraints: named(unstable) })]
      : []),
  ];
}

/** Functions of the session, of time and chance; functions outside pg_catalog may be anything. */
const UNSTABLE =
  /\b(CURRENT_(DATE|TIME|TIMESTAMP|USER|ROLE|SCHEMA|CATALOG)|LOCALTIME(STAMP)?|SESSION_USER)\b|\b(now|statement_timestamp|transaction_timestamp|clock_timestamp|timeofday|random|gen_random_uuid|current_setting|current_database|age|nextval|currval|txid_current|to_char|to_timestamp|to_date|pg_\w+)\(|[\w"]\.[\w"]+\(/;

function isUnstable(definition: string): boolean {
  return UNSTABLE.test(definition.replaceAll(/'(?:[^']|'')*'/g, "''"));
}

function generatedFindings({ production, local }: Touched): readonly Finding[] {
  return production.columns.flatMap(({ name: column, generated }) => {
    const other = local.columns.find(({ name }) => name === column)?.generated;
    if (!generated || !other || generated.expression === other.expression) return [];
    return [
      finding({
        code: "generated_differs",
        table: production.name,
        column,
        production: generated.expression,
        local: other.expression,
      }),
    ];
  });
}

/** Columns that inserted rows do not name, since local does not have them. */
function defaultFindings({ changed, production, local }: Touched): readonly Finding[] {
  if (changed.counts.insert === 0) return [];
  return production.columns.flatMap((column) =>
    column.default !== undefined && !local.columns.some(({ name }) => name === column.name)
      ? [
          finding({
            code: "column_default",
            table: production.name,
            column: column.name,
            expression: column.default,
          }),
        ]
      : [],
  );
}

/** Columns that a deleted row has and no changeset tells of. */
function lostFindings({ changed, production }: Touched): readonly Finding[] {
  const { table, counts, columns } = changed;
  if (counts.delete === 0) return [];
  return production.columns
    .filter(({ name, generated }) => !generated && !columns.includes(name))
    .map(({ name, notNull, default: given, identity }) =>
      finding({
        code: "column_not_restored",
        table,
        column: name,
        rows: counts.delete,
        required: notNull && given === undefined && identity === undefined,
      }),
    );
}

/** Fewer rows are an edit that everyone sees in the counts. */
const MANY = 10;

/** A local table that is empty, or filled with other rows, must not pass unseen as the wish to delete everything. */
function allDeleted({ changed: { table, counts, rows } }: Touched): readonly Finding[] {
  const all = counts.delete > MANY && counts.delete === rows.production;
  return all ? [finding({ code: "deletes_all", table, rows: counts.delete })] : [];
}

function typeFindings({ catalogs }: Subject, touched: Touched): readonly Finding[] {
  const table = touched.changed.table;
  return changedColumns(touched).flatMap((column) =>
    column
      ? differences(catalogs, column.type).map((difference) =>
          finding({ ...difference, table, column: column.name }),
        )
      : [],
  );
}

interface Difference {
  readonly code: "type_differs" | "type_checks_differ";
  readonly type: string;
  readonly production: string;
  readonly local: string;
}

/** Differences of the type and of every type that it is made of. */
function differences(catalogs: Subject["catalogs"], type: TypeRef): readonly Difference[] {
  const found: Difference[] = [];
  const waiting: QualifiedName[] = [type];
  const seen = new Set<string>();
  for (const name of waiting) {
    if (seen.has(nameKey(name)) || name.schema === "pg_catalog") continue;
    seen.add(nameKey(name));
    const ours = typeOf(catalogs.production, name);
    const theirs = typeOf(catalogs.local, name);
    if (!ours || !theirs) continue;
    found.push(...difference(ours, theirs));
    waiting.push(...partsOf(ours));
  }
  return found;
}

type Described = UserType | { readonly kind: "row"; readonly name: TableName; readonly of: Table };

function typeOf(catalog: Catalog, name: QualifiedName): Described | undefined {
  const type = catalog.types.find((candidate) => nameKey(candidate.name) === nameKey(name));
  const table = tableByName(catalog).get(nameKey(name));
  return type ?? (table ? { kind: "row", name, of: table } : undefined);
}

function partsOf(type: Described): readonly QualifiedName[] {
  switch (type.kind) {
    case "composite":
      return type.attributes.map(({ type: part }) => part);
    case "row":
      return type.of.columns.map(({ type: part }) => part);
    case "domain":
      return [type.base];
    case "range":
      return [type.subtype];
    default:
      return [];
  }
}

function difference(ours: Described, theirs: Described): readonly Difference[] {
  const type = formatName(ours.name);
  const [production, local] = [formOf(ours), formOf(theirs)];
  const found: Difference[] = [];
  if (production !== local) found.push({ code: "type_differs", type, production, local });
  const [demands, others] = [demandsOf(ours), demandsOf(theirs)];
  if (demands !== others)
    found.push({ code: "type_checks_differ", type, production: demands, local: others });
  return found;
}

/** How the text of its values is put together. Labels of enums are looked at value by value. */
function formOf(type: Described): string {
  switch (type.kind) {
    case "composite":
      return `(${type.attributes.map(({ name, type: part }) => `${name} ${part.formatted}`).join(", ")})`;
    case "row":
      return `(${type.of.columns.map(({ name, type: part }) => `${name} ${part.formatted}`).join(", ")})`;
    case "domain":
      return type.base.formatted;
    case "range":
      return `a range of ${type.subtype.formatted}`;
    default:
      return type.kind;
  }
}

function demandsOf(type: Described): string {
  if (type.kind !== "domain") return "";
  const checks = type.checks.map(({ definition }) => definition);
  return [...(type.notNull ? ["NOT NULL"] : []), ...checks].join(" and ") || "nothing";
}
