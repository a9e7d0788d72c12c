/**
 * Who runs this program, and where their files are: the defaults of libpq.
 */
import { homedir, userInfo } from "node:os";
import type { Environment } from "./parameters.ts";

/** The home folder, as libpq finds it. */
export function homeFolder(env: Environment): string {
  return env["HOME"] || homedir();
}

/** Name of the operating system's user; empty for a user without a name, as in some containers. */
export function systemUser(): string {
  try {
    return userInfo().username;
  } catch {
    return "";
  }
}
