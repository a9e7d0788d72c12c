/**
 * What the unique indexes and exclusion constraints of a table compare, and how a row gets out of one. Knows no change.
 */

import { partitionRoot, partitionTree, tableByName } from "../catalog/lookup.ts";
import { generatedFrom, mentions, nullsOut } from "../catalog/mentions.ts";
import type { Catalog, Table, UniqueIndex } from "../catalog/types.ts";
import type { ChangedTable } from "../changeset/types.ts";
import { keyClassOf } from "../compare/key.ts";
import { nameKey, quoteIdentifier, type TableName } from "../names.ts";

/** Brings texts that an index takes for equal to one spelling; undefined where the text itself decides. */
export type Spelling = ((text: string) => string) | undefined;

/** One unique index or exclusion constraint, by positions in the table's changed columns. */
export interface UniqueRule {
  readonly name: string;
  /** The table itself, or one of its partitions. */
  readonly definedOn: TableName;
  /** Columns whose values decide, where equal values conflict; empty where only PostgreSQL can tell (expressions, exclusion). */
  readonly compared: readonly number[];
  /** For each of `compared`. */
  readonly spelling: readonly Spelling[];
  /** Every column that has a part in it, predicates included. */
  readonly involved: readonly number[];
  /** Those of `involved` in which NULL surely keeps a row from every conflict. */
  readonly freedByNull: readonly number[];
  /** Ranges that must not overlap: empty ones never do. */
  readonly freedByEmpty: readonly number[];
  /** The condition of a partial index, where it only asks whether one column is NULL. */
  readonly condition?: { readonly position: number; readonly isNull: boolean };
  readonly deferrable: boolean;
  /** Whether several NULLs may stand side by side. */
  readonly nullsFree: boolean;
}

/**
 * Every unique index and exclusion constraint of the table but the key that rows are paired by. Those that only a partition has are taken
 * to concern all rows: which partition a row is in, only PostgreSQL can tell.
 */
export function uniqueRules(
  catalog: Catalog,
  table: Table,
  changed: ChangedTable,
): readonly UniqueRule[] {
  const byName = tableByName(catalog);
  return partitionTree(catalog, partitionRoot(catalog, table.name))
    .flatMap((name) => byName.get(nameKey(name)) ?? [])
    .flatMap((member) => ownRules({ catalog, table: member, changed }));
}

function ownRules(scope: Scope): readonly UniqueRule[] {
  const { table, changed } = scope;
  const definedOn = table.name;
  const constraints = table.constraints.flatMap((constraint): readonly UniqueRule[] => {
    const { name } = constraint;
    if (constraint.kind === "primary" || constraint.kind === "unique") {
      const parts = constraint.columns.map((column) => ({ column }));
      const deferrable = constraint.deferrable !== "no";
      return indexRule(scope, { ...constraint, parts, deferrable });
    }
    if (constraint.kind !== "exclusion") return [];
    const deferrable = constraint.deferrable !== "no";
    const facts = { name, definedOn, deferrable, nullsFree: true };
    const rule = opaque(scope, [constraint.definition], facts);
    const freedByEmpty = rule.involved.filter((position) =>
      mustNotOverlap(constraint.definition, changed.columns[position] ?? ""),
    );
    return [{ ...rule, freedByEmpty }];
  });
  const indexes = table.uniqueIndexes.flatMap((index) =>
    indexRule(scope, { ...index, deferrable: false }),
  );
  return [...constraints, ...indexes].filter(({ involved }) => involved.length > 0);
}

interface Scope {
  readonly catalog: Catalog;
  readonly table: Table;
  readonly changed: ChangedTable;
}

type Facts = Pick<UniqueRule, "name" | "definedOn" | "deferrable" | "nullsFree">;

type IndexLike = Omit<UniqueIndex, "definition"> & { readonly deferrable: boolean };

function indexRule(scope: Scope, index: IndexLike): readonly UniqueRule[] {
  const { changed, table } = scope;
  const { name, predicate, deferrable } = index;
  const definedOn = table.name;
  const facts = { name, definedOn, deferrable, nullsFree: !index.nullsNotDistinct };
  const parts = index.parts.map((part) => ("column" in part ? inWords(table, part.column) : part));
  const isBare = parts.every((part) => "column" in part);
  const named = parts.map((part) => ("column" in part ? part : foldedColumn(table, part)));
  const columns = named.flatMap((part) => (part ? [part.column] : []));
  if (isBare && predicate === undefined && isKey(columns, changed)) return [];
  if (columns.length === parts.length) {
    const folded = new Set(named.flatMap((part) => (part && "fold" in part ? [part.column] : [])));
    return [narrowed(scope, comparing(scope, columns, facts, folded), predicate)];
  }
  const texts = parts.flatMap((part) => ("expression" in part ? [part.expression] : []));
  const plain = known(
    changed,
    parts.flatMap((part) => ("column" in part ? [part.column] : [])),
  );
  const rule = opaque(scope, texts, facts);
  const involved = [...new Set([...plain, ...rule.involved])];
  const freedByNull = facts.nullsFree ? [...new Set([...plain, ...rule.freedByNull])] : [];
  return [narrowed(scope, { ...rule, involved, freedByNull }, predicate)];
}

/** Whether an exclusion constraint compares the column by `&&`. */
function mustNotOverlap(definition: string, column: string): boolean {
  return [column, quoteIdentifier(column)].some((name) =>
    ["(", ", "].some((before) => definition.includes(`${before}${name} WITH &&`)),
  );
}

/** A generated column is its expression. */
function inWords(table: Table, name: string): UniqueIndex["parts"][number] {
  const column = table.columns.find((candidate) => candidate.name === name);
  return column?.generated ? { expression: column.generated.expression } : { column: name };
}

/** An expression that only folds the case of one column: texts that differ in more than case cannot meet in it. */
function foldedColumn(
  table: Table,
  { expression }: { readonly expression: string },
): { readonly column: string; readonly fold: true } | undefined {
  const [, bare, quoted] =
    /^\(?(?:lower|upper)\(\(?(?:([a-z_][a-z0-9_]*)|"((?:[^"]|"")+)")\)?(?:::text)?\)\)?$/.exec(
      expression,
    ) ?? [];
  const column = bare ?? quoted?.replaceAll('""', '"');
  const isPlain = table.columns.some(({ name, generated }) => name === column && !generated);
  return column === undefined || !isPlain ? undefined : { column, fold: true };
}

/** A rule by which equal values conflict. Those of `folded` may be equal though their case differs. */
function comparing(
  { catalog, table, changed }: Scope,
  columns: readonly string[],
  facts: Facts,
  folded: ReadonlySet<string>,
): UniqueRule {
  const compared = known(changed, columns);
  const spelling = compared.map((position) => {
    const name = changed.columns[position] ?? "";
    const own = spellingOf(catalog, table, name);
    return folded.has(name) && own === undefined ? foldedText : own;
  });
  const freedByNull = facts.nullsFree ? compared : [];
  const sure = { ...facts, involved: compared, freedByNull, freedByEmpty: [] };
  // Where only PostgreSQL can tell equal values, every value may be equal to every other.
  return spelling.includes("unknown")
    ? { ...sure, compared: [], spelling: [] }
    : { ...sure, compared, spelling: spelling.map((own) => (own === "unknown" ? undefined : own)) };
}

/** A rule of expressions or operators that only PostgreSQL evaluates. */
function opaque({ table, changed }: Scope, texts: readonly string[], facts: Facts): UniqueRule {
  const involved = changed.columns.flatMap((name, position) =>
    texts.some((text) => concerns(table, text, name)) ? [position] : [],
  );
  const freedByNull = involved.filter((position) =>
    texts.some((text) => freesByNull(table, text, changed.columns[position] ?? "")),
  );
  return { ...facts, compared: [], spelling: [], involved, freedByNull, freedByEmpty: [] };
}

/** The rule of a partial index: a row outside of its condition is free too. */
function narrowed(
  { table, changed }: Scope,
  rule: UniqueRule,
  predicate: string | undefined,
): UniqueRule {
  if (predicate === undefined) return rule;
  const hidden = changed.columns.flatMap((name, position) =>
    concerns(table, predicate, name) ? [position] : [],
  );
  const out = hidden.filter((position) =>
    freesByNull(table, predicate, changed.columns[position] ?? ""),
  );
  const condition = nullCondition(predicate, changed);
  return {
    ...rule,
    involved: [...new Set([...rule.involved, ...hidden])],
    freedByNull: [...new Set([...rule.freedByNull, ...out])],
    ...(condition ? { condition } : {}),
  };
}

function nullCondition(predicate: string, { columns }: ChangedTable): UniqueRule["condition"] {
  const position = columns.findIndex((name) =>
    [name, quoteIdentifier(name)].some((text) =>
      [`(${text} IS NULL)`, `(${text} IS NOT NULL)`].includes(predicate),
    ),
  );
  return position < 0 ? undefined : { position, isNull: predicate.endsWith(" IS NULL)") };
}

/** Whether the text mentions the column, or a generated one that is made of it. */
function concerns(table: Table, text: string, name: string): boolean {
  const made = generatedFrom(table, name).map((column) => column.name);
  return mentions(text, [name, ...made]).length > 0;
}

/** Whether NULL in the column takes a row out of an index with this text. */
function freesByNull(table: Table, text: string, name: string): boolean {
  if (nullsOut(text, name)) return true;
  return generatedFrom(table, name).some(
    (column) => nullsOut(text, column.name) && nullsOut(column.expression, name),
  );
}

function known(changed: ChangedTable, columns: readonly string[]): readonly number[] {
  return [...new Set(columns)]
    .map((column) => changed.columns.indexOf(column))
    .filter((at) => at >= 0);
}

/** One spelling for all texts that the column's unique index takes for equal; undefined where the text itself decides. */
export function spellingOf(catalog: Catalog, table: Table, name: string): Spelling | "unknown" {
  const column = table.columns.find((candidate) => candidate.name === name);
  const key = column && keyClassOf(column, catalog);
  if (!key || key.kind === "exact") return undefined;
  if (key.kind === "canonical") return key.canonical;
  const { fold } = key;
  return fold ? (text) => fold(text) ?? foldedText(text) : "unknown";
}

/** Coarser than lower() and upper() of any collation: what they bring together has one spelling. */
function foldedText(text: string): string {
  return text.toUpperCase().toLowerCase();
}

function isKey(columns: readonly string[], { key }: ChangedTable): boolean {
  return columns.length === key.length && columns.every((column) => key.includes(column));
}
