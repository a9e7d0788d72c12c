/**
 * What the system says of working files, as failures with a remedy.
 */
import { dirname } from "node:path";
import { ExpectedError } from "../errors.ts";

/** The failure for an error of a file; any other error as it is. `doing`: `writing`, `reading`. */
export function fileFailure(path: string, doing: string, error: unknown): unknown {
  // Errors of this program have codes too.
  if (!(error instanceof Error) || !("code" in error) || !("syscall" in error)) return error;
  const full = error.code === "ENOSPC" || error.code === "EDQUOT" || error.code === "EFBIG";
  const remedy = full ? "; make room there, or name another folder in TMPDIR" : "";
  // The file's folder is of this run and goes with it; who reads on looks at what it lay in.
  return new ExpectedError(
    { code: "file_system", path: dirname(path), doing, reason: `${error.message}${remedy}` },
    { cause: error },
  );
}

/** For a promise of a file that is read: throws its failure. */
export function reading(path: string): (error: unknown) => never {
  return (error) => {
    throw fileFailure(path, "reading", error);
  };
}
