/**
 * The order of rows that refer to each other: self-references and cycles over several tables.
 */

import type { ForeignKey } from "../catalog/types.ts";
import type { ChangedTable } from "../changeset/types.ts";
import type { Change, Datum } from "../compare/change.ts";
import type { Finding } from "../findings.ts";
import { finding } from "../findings.ts";
import { components } from "./components.ts";
import type { Reference } from "./references.ts";

type Written = Extract<Change, { kind: "insert" | "delete" }>;

/** A run of changes of one table. */
export interface Run {
  readonly table: ChangedTable;
  readonly changes: readonly Change[];
  readonly together: boolean;
}

export interface RowOrder {
  readonly runs: readonly Run[];
  /** Updates that NULL a reference before the deletes, or set it after the inserts. */
  readonly detours: readonly Run[];
  /** References whose constraints must be deferred. */
  readonly deferred: readonly Reference[];
  readonly findings: readonly Finding[];
}

interface Node {
  readonly table: ChangedTable;
  change: Written;
  needs: { readonly node: Node; readonly reference: Reference }[];
}

/** Orders inserts parents first, deletes children first. Holds all rows of the given tables in memory. */
export function orderRows(
  tables: readonly { readonly table: ChangedTable; readonly changes: readonly Change[] }[],
  links: readonly Reference[],
  kind: "insert" | "delete",
): RowOrder {
  const nodes = tables.flatMap(({ table, changes }) =>
    changes.flatMap((change): Node[] =>
      change.kind === kind ? [{ table, change, needs: [] }] : [],
    ),
  );
  connect(nodes, links, kind);
  const order: { node: Node; group: number; together: boolean }[] = [];
  const deferred = new Set<Reference>();
  const detours: { node: Node; reference: Reference }[] = [];
  const findings: Finding[] = [];
  let group = 0;

  const place = (candidates: readonly Node[], ignored: ReadonlySet<Reference>): void => {
    const within = new Set(candidates);
    const next = (node: Node) =>
      node.needs
        .filter((need) => within.has(need.node) && !ignored.has(need.reference))
        .map((need) => need.node);
    for (const members of components(candidates, next)) {
      group += 1;
      const [only] = members;
      if (members.length === 1 && only) order.push({ node: only, group, together: false });
      else breakCycle(members, ignored);
    }
  };

  const breakCycle = (members: readonly Node[], ignored: ReadonlySet<Reference>): void => {
    const inside = new Set(members);
    const involved = links.filter(
      (reference) =>
        !ignored.has(reference) &&
        members.some(({ needs }) =>
          needs.some((need) => need.reference === reference && inside.has(need.node)),
        ),
    );
    const deferrable = involved.filter(({ foreignKey }) => canWait(foreignKey, kind));
    const [table] = members;
    const nullable = involved.find((reference) => reference.nullable.length > 0);
    if (deferrable.length > 0) {
      for (const reference of deferrable) deferred.add(reference);
      place(members, new Set([...ignored, ...deferrable]));
    } else if (table && members.every((member) => member.table === table.table)) {
      for (const node of members) order.push({ node, group, together: true });
    } else if (nullable) {
      for (const node of letGo(members, nullable, kind))
        detours.push({ node, reference: nullable });
      place(members, new Set([...ignored, nullable]));
    } else {
      const names = [...new Set(members.map((member) => member.table))].map(
        (member) => member.table,
      );
      findings.push(finding({ code: "foreign_key_cycle", tables: names, rows: members.length }));
    }
  };

  place(nodes, new Set());
  const updates = detours.map(({ node, reference }) => ({
    table: node.table,
    change: detour(node, reference, kind),
  }));
  return { runs: inRuns(order), detours: grouped(updates), deferred: [...deferred], findings };
}

/** Deferral postpones checks, but no action other than NO ACTION: those run at once. */
function canWait({ deferrable, onDelete }: ForeignKey, kind: "insert" | "delete"): boolean {
  return deferrable !== "no" && (kind === "insert" || onDelete === "no action");
}

/** An insert needs the rows it refers to; a delete needs the rows that refer to it to be gone. */
function connect(
  nodes: readonly Node[],
  links: readonly Reference[],
  kind: "insert" | "delete",
): void {
  for (const reference of links) {
    const { child, parent, childPositions, parentPositions, tuple } = reference;
    if (!childPositions || !parentPositions) continue;
    const parents = new Map<string, Node>();
    for (const node of nodes) {
      if (node.table !== parent) continue;
      const key = tuple(parentPositions.map((position) => rowOf(node.change)[position]));
      if (key !== undefined) parents.set(key, node);
    }
    for (const node of nodes) {
      if (node.table !== child) continue;
      const key = tuple(childPositions.map((position) => rowOf(node.change)[position]));
      const referred = key === undefined ? undefined : parents.get(key);
      if (!referred || referred === node) continue;
      if (kind === "insert") node.needs.push({ node: referred, reference });
      else referred.needs.push({ node, reference });
    }
  }
}

function rowOf(change: Written): readonly Datum[] {
  return change.kind === "insert" ? change.after : change.before;
}

/** Rows of a circle that refer to others of it: those that need on insert, those that are needed on delete. */
function letGo(
  members: readonly Node[],
  reference: Reference,
  kind: "insert" | "delete",
): readonly Node[] {
  const inside = new Set(members);
  const referring = new Set<Node>();
  for (const node of members) {
    for (const need of node.needs) {
      if (need.reference !== reference || !inside.has(need.node)) continue;
      referring.add(kind === "insert" ? node : need.node);
    }
  }
  return members.filter((node) => referring.has(node));
}

/** The row takes part without its reference; the update that makes up for it is returned. */
function detour(node: Node, reference: Reference, kind: "insert" | "delete"): Change {
  const full = rowOf(node.change);
  const columns = [...reference.nullable]
    .filter((position) => full[position] !== null)
    .sort((a, b) => a - b);
  const values = columns.map((position) => full[position] ?? null);
  const nulls = columns.map(() => null);
  const without = full.map((value, position) => (columns.includes(position) ? null : value));
  const { key } = node.change;
  node.change = kind === "insert" ? { kind, key, after: without } : { kind, key, before: without };
  const [before, after] = kind === "insert" ? [nulls, values] : [values, nulls];
  return { kind: "update", key, columns, before, after, context: new Map() };
}

function inRuns(
  order: readonly { node: Node; group: number; together: boolean }[],
): readonly Run[] {
  const runs: { table: ChangedTable; changes: Change[]; together: boolean; group: number }[] = [];
  for (const { node, group, together } of order) {
    const last = runs[runs.length - 1];
    const joins =
      last &&
      last.table === node.table &&
      last.together === together &&
      (!together || last.group === group);
    if (joins) last.changes.push(node.change);
    else runs.push({ table: node.table, changes: [node.change], together, group });
  }
  return runs;
}

function grouped(updates: readonly { table: ChangedTable; change: Change }[]): readonly Run[] {
  const byTable = new Map<ChangedTable, Change[]>();
  for (const { table, change } of updates) {
    const changes = byTable.get(table) ?? [];
    changes.push(change);
    byTable.set(table, changes);
  }
  return [...byTable].map(([table, changes]) => ({ table, changes, together: false }));
}
