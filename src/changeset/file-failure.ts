/**
 * What the system says of working files, as failures with a remedy.
 */
import { ExpectedError } from "../errors.ts";

/** The failure for an error of a file; any other error as it is. `doing`: `writing`, `reading`. */
export function fileFailure(path: string, doing: string, error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error) || error instanceof ExpectedError)
    return error;
  const full = error.code === "ENOSPC" || error.code === "EDQUOT" || error.code === "EFBIG";
  const remedy = full ? "; make room there, or name another folder in TMPDIR" : "";
  return new ExpectedError(
    { code: "file_system", path, doing, reason: `${error.message}${remedy}` },
    { cause: error },
  );
}
