/**
 * A catalog as the model that @dbml/core exports: plain data, everything by number. Partitions are left to the notes of their root.
 * The exporter writes names as they are, so they come escaped.
 */
import { formatName, nameKey, type QualifiedName } from "../../names.ts";
import { partitionTree, tableByName } from "../lookup.ts";
import type { Catalog, ForeignKey, Table } from "../types.ts";
import { fieldsOf } from "./fields.ts";
import { checkExpression, isAlike, isPlainIndex, tableNotes } from "./notes.ts";
import { escapeName, escapeText } from "./text.ts";

type Row = Readonly<Record<string, unknown>>;
type Rows = Record<number, Row>;

/** What the exporter reads. */
export type DbmlModel = Readonly<Record<string, Readonly<Rows>>>;

interface Draft {
  readonly rows: Record<Kind, Rows>;
  readonly schemas: Map<string, SchemaDraft>;
  /** Numbers of tables and of their fields. */
  readonly tables: Map<string, { readonly id: number; readonly fields: Map<string, number> }>;
  last: number;
}

interface SchemaDraft {
  readonly id: number;
  readonly enumIds: number[];
  readonly tableIds: number[];
  readonly refIds: number[];
}

const KINDS = [
  ...["enums", "enumValues", "tables", "fields", "indexes", "indexColumns", "checks", "refs"],
  ...["endpoints", "notes", "tableGroups", "deps", "depEdges", "tablePartials", "records"],
] as const;
type Kind = (typeof KINDS)[number];

/** The model of everything that DBML has a word for. */
export function dbmlModel(catalog: Catalog): DbmlModel {
  const empty: readonly (readonly [Kind, Rows])[] = KINDS.map((kind) => [kind, {}]);
  const rows = Object.fromEntries(empty) as Record<Kind, Rows>;
  const draft: Draft = { rows, schemas: new Map(), tables: new Map(), last: 1 };
  for (const type of catalog.types) {
    if (type.kind !== "enum") continue;
    const valueIds = type.labels.map((label) =>
      add(draft, "enumValues", { name: escapeName(label) }),
    );
    const { id: schemaId, enumIds } = schemaOf(draft, type.name);
    enumIds.push(add(draft, "enums", { name: escapeName(type.name.name), schemaId, valueIds }));
  }
  const tables = catalog.tables.filter(
    ({ partitionOf, columns }) => !partitionOf && columns.length > 0,
  );
  for (const table of tables) addTable(draft, catalog, table);
  for (const table of tables) addReferences(draft, catalog, table);
  const bare = catalog.tables.filter(({ columns }) => columns.length === 0);
  if (bare.length > 0) {
    const content = bare.map(({ name }) => formatName(name)).join("\n");
    add(draft, "notes", { name: "tables_without_columns", content, metadata: {} });
  }
  const schemas = [...draft.schemas].map(([name, schema]) => [
    schema.id,
    { ...schema, name: escapeName(name), tableGroupIds: [], depIds: [] },
  ]);
  const schemaIds = [...draft.schemas.values()].map(({ id }) => id);
  const database = { id: 1, hasDefaultSchema: false, schemaIds, noteIds: [] };
  return { ...rows, schemas: Object.fromEntries(schemas), database: { 1: database } };
}

function add(draft: Draft, kind: Kind, row: Row): number {
  draft.last += 1;
  draft.rows[kind][draft.last] = { id: draft.last, ...row };
  return draft.last;
}

function schemaOf(draft: Draft, { schema }: Pick<QualifiedName, "schema">): SchemaDraft {
  const known = draft.schemas.get(schema);
  if (known) return known;
  draft.last += 1;
  const made = { id: draft.last, enumIds: [], tableIds: [], refIds: [] };
  draft.schemas.set(schema, made);
  return made;
}

function addTable(draft: Draft, catalog: Catalog, table: Table): void {
  const fields = new Map<string, number>();
  const tableId = draft.last + 1;
  draft.last = tableId;
  draft.tables.set(nameKey(table.name), { id: tableId, fields });
  for (const field of fieldsOf(catalog, table)) {
    const row = { ...field, name: escapeName(field.name), tableId, checkIds: [], metadata: {} };
    fields.set(field.name, add(draft, "fields", row));
  }
  const partitions = partitionTree(catalog, table.name).slice(1);
  const notes = tableNotes(table, partitions, (reference) =>
    isExpressed(catalog, table, reference),
  );
  const { id: schemaId, tableIds } = schemaOf(draft, table.name);
  tableIds.push(tableId);
  draft.rows.tables[tableId] = {
    id: tableId,
    name: escapeName(table.name.name),
    schemaId,
    note: notes.length > 0 ? notes.join("\n") : null,
    fieldIds: [...fields.values()],
    indexIds: indexesOf(table).map((index) => addIndex(draft, index)),
    checkIds: checksOf(table).map((check) => add(draft, "checks", check)),
    metadata: {},
  };
}

interface Index {
  readonly name: string;
  readonly pk: boolean;
  readonly parts: readonly ({ readonly column: string } | { readonly expression: string })[];
}

/** Keys of several columns, and unique columns. A key of one column stands at its column. */
function indexesOf(table: Table): readonly Index[] {
  const keys = table.constraints.flatMap((constraint): Index[] => {
    if (constraint.kind !== "primary" && constraint.kind !== "unique") return [];
    const pk = constraint.kind === "primary";
    if ((pk && constraint.columns.length === 1) || constraint.nullsNotDistinct) return [];
    return [{ name: constraint.name, pk, parts: constraint.columns.map((column) => ({ column })) }];
  });
  const indexes = table.uniqueIndexes
    .filter(isPlainIndex)
    .map(({ name, parts }) => ({ name, pk: false, parts }));
  return [...keys, ...indexes];
}

function addIndex(draft: Draft, { name, pk, parts }: Index): number {
  const columnIds = parts.map((part) =>
    add(
      draft,
      "indexColumns",
      "column" in part
        ? { type: "column", value: `"${escapeName(part.column)}"` }
        : { type: "expression", value: part.expression },
    ),
  );
  return add(draft, "indexes", { name: escapeName(name), pk, unique: !pk, columnIds });
}

function checksOf(table: Table): readonly Row[] {
  return table.constraints.flatMap((constraint) => {
    if (constraint.kind !== "check") return [];
    const expression = checkExpression(constraint.definition);
    return expression === undefined ? [] : [{ name: escapeText(constraint.name), expression }];
  });
}

/** DBML takes one reference between the same columns, and none from columns to themselves. */
function isExpressed(catalog: Catalog, table: Table, reference: ForeignKey): boolean {
  const { references, columns, referencedColumns } = reference;
  const target = tableByName(catalog).get(nameKey(references));
  if (!target || target.partitionOf) return false;
  const same = nameKey(table.name) === nameKey(references);
  if (same && JSON.stringify(columns) === JSON.stringify(referencedColumns)) return false;
  const former = table.constraints.slice(0, table.constraints.indexOf(reference));
  return !former.some((other) => other.kind === "foreign" && isAlike(other, reference));
}

/** The schema that the exporter leaves out: names of references may have none before them. */
const UNNAMED_SCHEMA = "public";

function addReferences(draft: Draft, catalog: Catalog, table: Table): void {
  const own = draft.tables.get(nameKey(table.name));
  for (const reference of table.constraints) {
    if (reference.kind !== "foreign" || !isExpressed(catalog, table, reference)) continue;
    const { name, columns, references, referencedColumns, onUpdate, onDelete } = reference;
    const target = draft.tables.get(nameKey(references));
    if (!own || !target) continue;
    const ids = (names: readonly string[], fields: ReadonlyMap<string, number>): number[] =>
      names.flatMap((column) => fields.get(column) ?? []);
    const endpointIds = [
      add(draft, "endpoints", { relation: "1", fieldIds: ids(referencedColumns, target.fields) }),
      add(draft, "endpoints", { relation: "*", fieldIds: ids(columns, own.fields) }),
    ];
    const { id: schemaId, refIds } = schemaOf(draft, { schema: UNNAMED_SCHEMA });
    const row = { name: escapeName(name), schemaId, endpointIds, onUpdate, onDelete };
    refIds.push(add(draft, "refs", row));
  }
}
