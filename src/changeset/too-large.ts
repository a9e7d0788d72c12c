/**
 * What the runtime says when a row is too large for it, as a failure that names the table.
 */
import { ExpectedError } from "../errors.ts";
import type { TableName } from "../names.ts";

/** The result of `work`, which reads the rows of a table. @throws ExpectedError `row_too_large`; else what `work` throws */
export async function withinLimits<T>(table: TableName, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isLimit(error)) throw error;
    throw new ExpectedError(
      { code: "row_too_large", table, for: "comparison", reason: error.message },
      { cause: error },
    );
  }
}

/** Texts have at most 2^29 - 24 characters, buffers as many bytes as can be had. */
function isLimit(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  if ("code" in error && LIMIT_CODES.has(String(error.code))) return true;
  return (
    error instanceof RangeError && /Invalid string length|allocation failed/.test(error.message)
  );
}

const LIMIT_CODES = new Set([
  "ERR_STRING_TOO_LONG",
  "ERR_BUFFER_TOO_LARGE",
  "ERR_MEMORY_ALLOCATION_FAILED",
]);
