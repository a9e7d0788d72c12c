/**
 * From a draft to a catalog: what only the whole dump can tell. Inherited and attached objects go, since a server has them as
 * clones; clones that a dump changed stay; foreign keys get the columns they left out.
 */
import { formatName, nameKey } from "../../names.ts";
import { normalizeCatalog } from "../normalize.ts";
import type { Catalog, Constraint, ForeignKey, Table, Trigger, UniqueIndex } from "../types.ts";
import { foreignKeyDefinition } from "./definition.ts";
import { type Draft, findTable, type TableDraft } from "./draft.ts";
import { unreadable } from "./statement.ts";

/**
 * The catalog of a draft that holds every statement.
 *
 * @throws ExpectedError `ddl_unreadable` for a foreign key without columns to a table without primary key.
 */
export function finishDraft(draft: Draft, where: string): Catalog {
  const validity = indexValidity(draft);
  return normalizeCatalog({
    tables: [...draft.tables.values()].map((table) =>
      finishTable(table, { draft, where, validity }),
    ),
    sequences: [...draft.sequences.values()],
    types: [...draft.types.values()],
    collations: [...draft.collations.values()],
    extensions: [...draft.extensions.values()],
    publications: [...draft.publications.values()].map(({ tables, schemas, ...publication }) => ({
      ...publication,
      tables: [...tables.values()],
      schemas: [...schemas],
    })),
    materializedViews: [...draft.materializedViews.values()],
  });
}

interface Context {
  readonly draft: Draft;
  readonly where: string;
  /** Whether an index of a table holds, attached indexes left out. */
  readonly validity: (table: TableDraft, index: string) => boolean;
}

function finishTable(table: TableDraft, context: Context): Table {
  const { partitionOf, partitionKey } = table;
  const keeps = ({ name }: { readonly name: string }): boolean =>
    !context.draft.attachedIndexes.has(indexKey(table, name)) && context.validity(table, name);
  return {
    name: table.name,
    kind: table.kind,
    unlogged: table.unlogged,
    columns: table.columns,
    constraints: ownConstraints(table, context, keeps),
    uniqueIndexes: [...table.uniqueIndexes.values()].filter((index: UniqueIndex) => keeps(index)),
    ...(partitionOf ? { partitionOf } : {}),
    ...(partitionKey === undefined ? {} : { partitionKey }),
    inherits: table.inherits,
    triggers: [
      ...[...table.triggers.values()].map(({ trigger }) => trigger),
      ...changedClones(table, context.draft),
    ],
    rules: [...table.rules.values()],
    rowSecurity: table.rowSecurity,
    policies: [...table.policies],
    replicaIdentity: table.replicaIdentity,
  };
}

function indexKey(table: TableDraft, name: string): string {
  return nameKey({ schema: table.name.schema, name });
}

function ownConstraints(
  table: TableDraft,
  context: Context,
  keeps: (constraint: Constraint) => boolean,
): Constraint[] {
  const inherited = new Set(
    ancestors(table, context.draft).flatMap((parent) =>
      [...parent.constraints.values()]
        .filter(({ kind }) => kind === "check")
        .map(({ name }) => name),
    ),
  );
  return [...table.constraints.values()].flatMap((constraint): Constraint[] => {
    if (constraint.kind === "foreign") return [withKeyColumns(table, constraint, context)];
    if (constraint.kind === "check") return inherited.has(constraint.name) ? [] : [constraint];
    return keeps(constraint) ? [constraint] : [];
  });
}

/** The partitioned tables above a partition, the nearest first. */
function ancestors(table: TableDraft, draft: Draft): TableDraft[] {
  const found: TableDraft[] = [];
  let parent = table.partitionOf && findTable(draft, table.partitionOf);
  while (parent && !found.includes(parent)) {
    found.push(parent);
    parent = parent.partitionOf && findTable(draft, parent.partitionOf);
  }
  return found;
}

function withKeyColumns(table: TableDraft, key: ForeignKey, { draft, where }: Context): ForeignKey {
  if (key.referencedColumns.length > 0) return key;
  const referenced = findTable(draft, key.references);
  const primary = [...(referenced?.constraints.values() ?? [])].find(
    ({ kind }) => kind === "primary",
  );
  if (primary?.kind !== "primary") {
    const place = table.implicitKeys.get(key.name) ?? "";
    const to = formatName(key.references);
    throw unreadable(
      { where, place },
      `foreign key ${key.name} names no columns of ${to}, which has no primary key in this dump`,
    );
  }
  const filled = { ...key, referencedColumns: primary.columns };
  return { ...filled, definition: foreignKeyDefinition(filled) };
}

/** Clones of a partitioned table's triggers whose firing state the dump states, as it does where it differs from the parent's. */
function changedClones(table: TableDraft, draft: Draft): Trigger[] {
  const parents = ancestors(table, draft);
  return [...table.cloneStates].flatMap(([name, enabled]) => {
    const original = parents.flatMap((parent) => parent.triggers.get(name) ?? []).at(0);
    if (!original) return [];
    return [{ ...original.trigger, enabled, definition: original.definitionOn(table.name) }];
  });
}

/**
 * Tells whether an index holds: one made with ONLY on a partitioned table does as soon as every partition has attached one
 * that holds. See: PostgreSQL, `ALTER INDEX ... ATTACH PARTITION`.
 */
function indexValidity(draft: Draft): Context["validity"] {
  const partitions = new Map<string, TableDraft[]>();
  for (const table of draft.tables.values()) {
    if (!table.partitionOf) continue;
    const key = nameKey(table.partitionOf);
    partitions.set(key, [...(partitions.get(key) ?? []), table]);
  }
  const attached = new Map<string, string[]>();
  for (const [part, parent] of draft.attachedIndexes) {
    attached.set(parent, [...(attached.get(parent) ?? []), part]);
  }
  const holds = (table: TableDraft, name: string): boolean => {
    if (table.kind !== "partitioned" || !table.onlyHere.has(name)) return true;
    const parts = new Set(attached.get(indexKey(table, name)));
    return (partitions.get(nameKey(table.name)) ?? []).every((partition) =>
      [...partition.constraints.keys(), ...partition.uniqueIndexes.keys()].some(
        (part) => parts.has(indexKey(partition, part)) && holds(partition, part),
      ),
    );
  };
  return holds;
}
