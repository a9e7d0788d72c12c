/**
 * Turns what the operating system says about files into failures that say what was being done and what to do.
 */
import { ExpectedError } from "../errors.ts";

/** Errors that come from the machine, not from a mistake of this program. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EBUSY: "the file is in use",
  EDQUOT: "the disk quota is used up",
  EEXIST: "something of that name exists already",
  EIO: "the device reports an input/output error",
  EISDIR: "it is a folder",
  ELOOP: "too many symbolic links",
  EMFILE: "too many open files",
  ENAMETOOLONG: "the name is too long",
  ENFILE: "too many open files in the system",
  ENOENT: "no such file or folder",
  ENOSPC: "no space is left on the device",
  ENOTDIR: "a part of the path is not a folder",
  ENOTEMPTY: "the folder is not empty",
  EPERM: "operation not permitted",
  EROFS: "the file system is read-only",
  ETXTBSY: "the file is in use",
  EXDEV: "the folder lies on two file systems",
};

/**
 * Runs `work`; an error of the file system becomes a `file_system` failure about `path`.
 *
 * @throws ExpectedError `file_system`; whatever else `work` throws, unchanged.
 */
export async function guardFiles<T>(
  doing: string,
  path: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const reason = fileSystemReason(error);
    if (reason === undefined) throw error;
    throw new ExpectedError({ code: "file_system", path, doing, reason }, { cause: error });
  }
}

/** The reason in words if `error` comes from the file system, else `undefined`. */
export function fileSystemReason(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || !("syscall" in error)) return undefined;
  return typeof error.code === "string" ? REASONS[error.code] : undefined;
}
