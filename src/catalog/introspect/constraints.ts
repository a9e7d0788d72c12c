/**
 * Constraints and unique indexes of tables, from a server. Clones on partitions and what children inherit are left out.
 */
import { deferrability, REFERENTIAL_ACTIONS } from "../codes.ts";
import type { Constraint, UniqueIndex } from "../types.ts";
import type { ColumnsByRelation } from "./columns.ts";
import { byFirstField, isTrue, type Rows, USER_TABLES } from "./scope.ts";

/** For a server of this version. */
export const constraintsQuery = (version: number): string => `
SELECT con.conrelid, con.conname, con.contype, array_to_string(con.conkey, ' '),
  con.confrelid, refn.nspname, refc.relname, array_to_string(con.confkey, ' '),
  con.confupdtype, con.confdeltype,
  ${version >= 150000 ? "array_to_string(con.confdelsetcols, ' ')" : "NULL"}, con.confmatchtype,
  con.condeferrable, con.condeferred, con.convalidated,
  ${version >= 150000 ? "i.indnullsnotdistinct" : "false"}, ${version >= 180000 ? "con.conperiod" : "false"},
  pg_get_constraintdef(con.oid)
FROM pg_constraint con
JOIN ${USER_TABLES} t ON t.oid = con.conrelid
LEFT JOIN pg_class refc ON refc.oid = con.confrelid
LEFT JOIN pg_namespace refn ON refn.oid = refc.relnamespace
LEFT JOIN pg_index i ON i.indexrelid = con.conindid AND con.contype IN ('p', 'u', 'x')
LEFT JOIN pg_class ic ON ic.oid = i.indexrelid
WHERE con.contype IN ('p', 'u', 'x', 'f', 'c')
  -- Clones of a partition root's keys have a parent; inherited checks are not local.
  AND con.conparentid = 0 AND (con.contype <> 'c' OR con.conislocal)
  -- A key made with ONLY on a partitioned table does not hold before every partition has it.
  AND i.indisvalid IS NOT FALSE
  -- A key of a partition may stand for an index of the root that no constraint owns.
  AND ic.relispartition IS NOT TRUE`;

/** Constraints by oid of their table, from the rows of {@link constraintsQuery}. */
export function constraintsFrom(
  found: Rows,
  columns: ColumnsByRelation,
): (table: string) => Constraint[] {
  const rows = byFirstField(found);
  return (table) =>
    (rows.get(table) ?? []).map((row) =>
      constraintOf(row, (numbers) => columns.names(table, numbers), columns),
    );
}

function constraintOf(
  [name = "", type, keys = "", ...row]: readonly string[],
  columnNames: (numbers: readonly string[]) => string[],
  columns: ColumnsByRelation,
): Constraint {
  const [target = "", schema = "", referenced = "", referencedKeys = "", onUpdate, ...rest] = row;
  const [onDelete, setColumns = "", match, deferrable, deferred, validated, ...last] = rest;
  const [nullsNotDistinct, withoutOverlaps, definition = ""] = last;
  const common = { name, definition };
  const postponed = deferrability(deferrable === "t", deferred === "t");
  if (type === "c") return { kind: "check", ...common, validated: validated === "t" };
  if (type === "f") {
    return {
      kind: "foreign",
      ...common,
      columns: columnNames(numbersOf(keys)),
      references: { schema, name: referenced },
      referencedColumns: columns.names(target, numbersOf(referencedKeys)),
      onUpdate: REFERENTIAL_ACTIONS.get(onUpdate ?? "") ?? "no action",
      onDelete: REFERENTIAL_ACTIONS.get(onDelete ?? "") ?? "no action",
      ...(setColumns === "" ? {} : { onDeleteColumns: columnNames(numbersOf(setColumns)) }),
      match: match === "f" ? "full" : "simple",
      deferrable: postponed,
      validated: validated === "t",
    };
  }
  if (type === "x" || withoutOverlaps === "t") {
    return { kind: "exclusion", ...common, deferrable: postponed };
  }
  return {
    kind: type === "p" ? "primary" : "unique",
    ...common,
    columns: columnNames(numbersOf(keys)),
    deferrable: postponed,
    nullsNotDistinct: nullsNotDistinct === "t",
  };
}

/** For a server of this version. */
export const uniqueIndexesQuery = (version: number): string => `
SELECT i.indrelid, c.relname, i.indnkeyatts, i.indkey::text,
  ${version >= 150000 ? "i.indnullsnotdistinct" : "false"}, pg_get_indexdef(i.indexrelid),
  pg_get_expr(i.indpred, i.indrelid),
  -- Column 0 is an expression.
  CASE WHEN 0 = ANY (i.indkey) THEN (SELECT json_agg(pg_get_indexdef(i.indexrelid, part, false) ORDER BY part)
    FROM generate_series(1, i.indnkeyatts) part) END
FROM pg_index i
JOIN ${USER_TABLES} t ON t.oid = i.indrelid
JOIN pg_class c ON c.oid = i.indexrelid
-- An index that is a partition belongs to one of the partition root.
WHERE i.indisunique AND i.indisvalid AND NOT c.relispartition
  AND NOT EXISTS (SELECT FROM pg_constraint con WHERE con.conindid = i.indexrelid AND con.contype IN ('p', 'u', 'x'))`;

/** Valid unique indexes that no constraint owns, by oid of their table, from the rows of {@link uniqueIndexesQuery}. */
export function uniqueIndexesFrom(
  found: Rows,
  columns: ColumnsByRelation,
): (table: string) => UniqueIndex[] {
  const rows = byFirstField(found);
  return (table) =>
    (rows.get(table) ?? []).map(([name = "", count, keys = "", ...row]) => {
      const [nullsNotDistinct = "", definition = "", predicate = "", written = ""] = row;
      const names = columns.names(table, numbersOf(keys).slice(0, Number(count)));
      const expressions: unknown[] = written === "" ? [] : JSON.parse(written);
      return {
        name,
        parts: names.map((column, index) =>
          column === "" ? { expression: String(expressions[index]) } : { column },
        ),
        ...(predicate === "" ? {} : { predicate }),
        nullsNotDistinct: isTrue(nullsNotDistinct),
        definition,
      };
    });
}

function numbersOf(list: string): string[] {
  return list === "" ? [] : list.split(" ");
}
