/**
 * What DBML has no word for, as notes of a table.
 */
import { formatIdentifier, formatName, nameKey, type TableName } from "../../names.ts";
import type { ForeignKey, Table, UniqueIndex } from "../types.ts";
import { isCode } from "./text.ts";

/** One line each. `isExpressed` tells foreign keys that DBML holds. */
export function tableNotes(
  table: Table,
  partitions: readonly TableName[],
  isExpressed: (reference: ForeignKey) => boolean,
): readonly string[] {
  const { kind, unlogged, partitionKey, inherits, constraints, uniqueIndexes } = table;
  return [
    ...(kind === "foreign" ? ["foreign table"] : []),
    ...(unlogged ? ["unlogged"] : []),
    ...(partitionKey === undefined ? [] : [`partitioned by ${partitionKey}`]),
    ...(partitions.length > 0 ? [`partitions: ${partitions.map(formatName).join(", ")}`] : []),
    ...(inherits.length > 0 ? [`inherits ${inherits.map(formatName).join(", ")}`] : []),
    ...constraints.filter((constraint) => !isPlain(constraint, isExpressed)).map(definitionNote),
    ...uniqueIndexes.filter((index) => !isPlainIndex(index)).map(({ definition }) => definition),
  ];
}

type Constraint = Table["constraints"][number];

function isPlain(constraint: Constraint, isExpressed: (reference: ForeignKey) => boolean): boolean {
  switch (constraint.kind) {
    case "primary":
    case "unique":
      return constraint.deferrable === "no" && !constraint.nullsNotDistinct;
    case "check":
      return constraint.validated && checkExpression(constraint.definition) !== undefined;
    case "exclusion":
      return false;
    case "foreign":
      return (
        constraint.deferrable === "no" &&
        constraint.match === "simple" &&
        constraint.validated &&
        !constraint.onDeleteColumns &&
        isExpressed(constraint)
      );
  }
}

/** Whether DBML can hold all of an index. */
export function isPlainIndex({ predicate, nullsNotDistinct, parts }: UniqueIndex): boolean {
  const written = parts.every((part) => !("expression" in part) || isCode(part.expression));
  return predicate === undefined && !nullsNotDistinct && written;
}

/** What a check checks, where it can stand in DBML. */
export function checkExpression(definition: string): string | undefined {
  const [, expression] = /^CHECK \((.*)\)(?: NO INHERIT)?(?: NOT VALID)?$/s.exec(definition) ?? [];
  return expression !== undefined && isCode(expression) ? expression : undefined;
}

function definitionNote({ name, definition }: Constraint): string {
  return `constraint ${formatIdentifier(name)} ${definition}`;
}

/** Whether two foreign keys of one table go from the same columns to the same columns. */
export function isAlike(a: ForeignKey, b: ForeignKey): boolean {
  return (
    nameKey(a.references) === nameKey(b.references) &&
    JSON.stringify([a.columns, a.referencedColumns]) ===
      JSON.stringify([b.columns, b.referencedColumns])
  );
}
