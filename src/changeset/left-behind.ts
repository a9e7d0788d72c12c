/**
 * Folders of processes that were killed: told by their names, which carry a tag of the process, and removed by the next run.
 */
import { createHash } from "node:crypto";
import { readlinkSync } from "node:fs";
import { lstat, readdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

/** What the name of such a folder holds; behind it come a hyphen and six characters that make it unique. */
export function processTag(): string {
  return `${process.pid}-${machine()}`;
}

const TAGGED = /^(\d+)-([0-9a-f]{12})-\w{6}$/;

/** Process numbers mean something only here: containers may share a folder, but not their numbers. */
function machine(): string {
  let namespace = "";
  try {
    namespace = readlinkSync("/proc/self/ns/pid");
  } catch {
    // Only Linux has such namespaces.
  }
  const name = createHash("sha256").update(`${hostname()}\n${namespace}`);
  return name.digest("hex").slice(0, 12);
}

/** Removes folders in `parent` whose names begin so, then have the tag of a process of this machine and user that is no more. */
export async function removeLeftBehind(parent: string, prefix: string): Promise<void> {
  for (const path of await leftBehind(parent, prefix)) {
    // Another run may remove it at the same time.
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** The paths of such folders; none if `parent` cannot be listed. */
export async function leftBehind(parent: string, prefix: string): Promise<readonly string[]> {
  const ours = machine();
  const found: string[] = [];
  for (const name of await readdir(parent).catch(() => [])) {
    if (!name.startsWith(prefix)) continue;
    const [, pid, where] = TAGGED.exec(name.slice(prefix.length)) ?? [];
    if (pid === undefined || where !== ours || isAlive(Number(pid))) continue;
    const path = join(parent, name);
    const info = await lstat(path).catch(() => undefined);
    if (info?.isDirectory() && info.uid === process.getuid?.()) found.push(path);
  }
  return found;
}

/** Also true where another user's process has the number. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}
