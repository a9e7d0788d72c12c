/**
 * Which columns the fields of a dump's block are. Knows no dump format.
 */
import { formatColumns } from "../findings.ts";
import { formatName } from "../names.ts";
import type { Damage } from "./copy-text.ts";
import type { DataBlock, LinesRequest } from "./source.ts";

/**
 * The columns of the block's fields, in order.
 *
 * @throws what `damage` makes, if a requested column is not among them.
 */
export function columnsOfBlock(
  block: DataBlock,
  request: LinesRequest,
  damage: Damage,
): readonly string[] {
  const columns = block.positional ? request.columnsOf?.(block.table) : block.columns;
  if (!columns && request.columns.length > 0) {
    throw damage(
      `the rows of ${formatName(block.table)} come without column names, and nothing else in the dump names them`,
    );
  }
  const missing = request.columns.filter((column) => !columns?.includes(column));
  if (missing.length > 0) {
    throw damage(`the rows of ${formatName(block.table)} have no ${formatColumns(missing)}`);
  }
  return columns ?? [];
}
