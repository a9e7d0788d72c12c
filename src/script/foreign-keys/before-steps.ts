/**
 * What is asked of foreign keys right before a step: that the rows which its rows refer to are there, and that nothing else refers to
 * those which it deletes or renames. Steps before it have done their part by then. PostgreSQL asks again, in its own words.
 */
import type { Catalog } from "../../catalog/types.ts";
import { type Change, valueAfter } from "../../compare/change.ts";
import { spelledTuple } from "../../order/references.ts";
import type { Step } from "../../order/steps.ts";
import { type Chunk, valuesList } from "../chunks.ts";
import { positionsOf, takes } from "../relations/rows.ts";
import type { RowSet } from "../row-set.ts";
import { type Sql, sql } from "../sql.ts";
import type { ScriptTable } from "../table.ts";
import {
  ASKS,
  type Asked,
  decisive,
  type ForeignKeyFacts,
  isOfPartition,
  refers,
} from "./asked.ts";
import { childrenPlanned, PARENTS_PLANNED, type Query, refusal, type Words } from "./block.ts";
import { listsOf } from "./given.ts";
import { isWithin, type Link } from "./links.ts";
import { missingParents, missingRows, referringColumns } from "./missing.ts";
import { checksOfPartition } from "./of-partition.ts";
import { remainingRows } from "./remaining.ts";

/** The blocks for rows in a relation that holds all columns of theirs, such as a temporary table. */
export function* checksOfSet(
  facts: ForeignKeyFacts,
  { parents, children }: Asked,
  { rows, from, own }: { readonly rows: RowSet; readonly from: Sql; readonly own: Sql },
): Generator<Sql> {
  const { catalog, words } = facts;
  const isNew = rows.kind === "insert";
  const up = parents.flatMap((link) => {
    if (isOfPartition(rows, link)) return [];
    const within = isWithin(catalog, link) ? own : undefined;
    const missing = missingParents(catalog, { rows, from, own: within, isNew }, link);
    return missing ? [missingRows(rows, missing, link)] : [];
  });
  if (up.length > 0) yield refusal(up, { asks: ASKS.parents, words, large: PARENTS_PLANNED });
  const down =
    rows.kind === "insert" ? [] : remaining(facts, children, { rows, from, own }, rows.kind);
  for (const query of down)
    yield refusal([query], { asks: ASKS.children, words, large: childrenPlanned(query.link) });
  for (const link of parents.filter((link) => isOfPartition(rows, link)))
    yield* checksOfPartition(facts, { rows, from, isNew }, link);
}

/** The blocks for rows that come in lists of their own. `changes` run one after the other, or together. */
export async function* checksOfRows(
  facts: ForeignKeyFacts,
  { parents, children }: Asked,
  {
    table,
    changes,
    kind,
  }: {
    readonly table: ScriptTable;
    readonly changes: readonly Change[];
    readonly kind: Step["kind"];
  },
): AsyncGenerator<Sql> {
  const { catalog } = facts;
  const inside = parents.filter((link) => isWithin(catalog, link));
  const single = parents.filter((link) => isOfPartition({ table }, link) && !inside.includes(link));
  const plain = parents.filter((link) => !inside.includes(link) && !single.includes(link));
  const isNew = kind === "insert";
  yield* parentsOfRows(facts, plain, { table, changes, isNew });
  for (const link of inside)
    yield* parentsOfRows(facts, [link], {
      table,
      changes: withoutBrought(facts.catalog, changes, { table, link }),
      isNew,
    });
  for (const link of single) {
    const positions = decisive(catalog, table, link);
    const relevant = changes.filter((change) => refers(catalog, { table, change }, link));
    for await (const rows of listsOf(table, replay(relevant), { positions, side: "after" }))
      yield* checksOfPartition(facts, { rows, from: listed(rows), isNew }, link);
  }
  if (children.length === 0 || changes.length === 0) return;
  if (kind === "delete") {
    const rows = {
      table,
      kind,
      columns: [],
      rows: changes.map(({ key }) => ({ key, before: [], after: [] })),
    };
    yield* childrenOfRows(facts, children, { rows, kind });
  } else {
    const positions = referredPositions(table, children);
    for await (const rows of listsOf(table, replay(changes), { positions, side: "after" }))
      yield* childrenOfRows(facts, children, { rows, kind: "update" });
  }
}

async function* parentsOfRows(
  facts: ForeignKeyFacts,
  links: readonly Link[],
  {
    table,
    changes,
    isNew,
  }: {
    readonly table: ScriptTable;
    readonly changes: readonly Change[];
    readonly isNew: boolean;
  },
): AsyncGenerator<Sql> {
  const positions = [
    ...new Set(links.flatMap((link) => referringColumns(table, link) ?? []).map((c) => c.position)),
  ].sort((a, b) => a - b);
  const relevant = changes.filter((change) =>
    links.some((link) => refers(facts.catalog, { table, change }, link)),
  );
  if (relevant.length === 0) return;
  for await (const rows of listsOf(table, replay(relevant), { positions, side: "after" })) {
    const said = (from: Sql) =>
      links.flatMap((link) => {
        const missing = missingParents(facts.catalog, { rows, from, isNew }, link);
        return missing ? [missingRows(rows, missing, link)] : [];
      });
    yield* blockOf(said, rows, { asks: ASKS.parents, words: facts.words });
  }
}

function* childrenOfRows(
  facts: ForeignKeyFacts,
  links: readonly Link[],
  { rows, kind }: { readonly rows: Chunk; readonly kind: "delete" | "update" },
): Generator<Sql> {
  const within = links.some((link) => isWithin(facts.catalog, link));
  const said = (from: Sql) => remaining(facts, links, { rows, from, own: sql`given` }, kind);
  yield* blockOf(said, rows, { asks: ASKS.children, words: facts.words, again: within });
}

/** One block; the list stands where it is read, or under a name where it is read more than once. */
function* blockOf(
  said: (from: Sql) => readonly Query[],
  rows: Chunk,
  {
    again = false,
    ...texts
  }: { readonly asks: string; readonly words: Words; readonly again?: boolean },
): Generator<Sql> {
  const bare = said(listed(rows));
  if (bare.length === 0) return;
  if (bare.length === 1 && !again) yield refusal(bare, texts);
  else yield refusal(said(sql`given AS want`), { ...texts, given: listed(rows) });
}

function remaining(
  { catalog }: ForeignKeyFacts,
  links: readonly Link[],
  set: { readonly rows: RowSet; readonly from: Sql; readonly own: Sql },
  kind: "delete" | "update",
): readonly Query[] {
  return links.flatMap((link) => remainingRows(catalog, set, link, kind) ?? []);
}

/** Changes whose parents are not among them. */
function withoutBrought(
  catalog: Catalog,
  changes: readonly Change[],
  { table, link }: { readonly table: ScriptTable; readonly link: Link },
): readonly Change[] {
  const { references, referencedColumns, columns } = link.foreignKey;
  const tuple = spelledTuple(catalog, references, referencedColumns);
  const parents = positionsOf(table, referencedColumns) ?? [];
  const children = positionsOf(table, columns) ?? [];
  const at = (change: Change, positions: readonly number[]) =>
    tuple(positions.map((position) => valueAfter(change, position)));
  const brought = new Set(
    changes.flatMap((change) => (takes(change, parents) ? (at(change, parents) ?? []) : [])),
  );
  return changes.filter((change) => !brought.has(at(change, children) ?? ""));
}

function referredPositions(table: ScriptTable, links: readonly Link[]): readonly number[] {
  const positions = links.flatMap(({ foreignKey }) =>
    foreignKey.referencedColumns.map((name) => table.changed.columns.indexOf(name)),
  );
  return [...new Set(positions)].filter((position) => position >= 0).sort((a, b) => a - b);
}

function listed(rows: Chunk): Sql {
  return valuesList(rows, { before: false, after: true });
}

async function* replay(changes: readonly Change[]): AsyncGenerator<Change> {
  yield* changes;
}
