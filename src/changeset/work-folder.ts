/**
 * The folder for what a run keeps on disk. Whoever was killed leaves one behind, with production's rows in it: the next run removes it.
 */
import { createHash } from "node:crypto";
import { readlinkSync } from "node:fs";
import { lstat, mkdtemp, readdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileFailure } from "./file-failure.ts";

/** A new folder, readable by its owner only. */
export interface WorkFolder extends AsyncDisposable {
  readonly path: string;
}

/**
 * Makes a folder in `parent`, named by the process; disposing removes it with all that it holds. Removes folders of processes of this
 * machine and user that are no more.
 *
 * @throws ExpectedError `file_system`
 */
export async function workFolder(parent: string): Promise<WorkFolder> {
  try {
    const path = await mkdtemp(join(parent, `rowpatch-${process.pid}-${machine()}-`));
    await removeStale(parent);
    return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
  } catch (error) {
    throw fileFailure(parent, "making a folder in", error);
  }
}

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

async function removeStale(parent: string): Promise<void> {
  const ours = machine();
  for (const name of await readdir(parent)) {
    const [, pid, where] = /^rowpatch-(\d+)-([0-9a-f]{12})-\w{6}$/.exec(name) ?? [];
    if (pid === undefined || where !== ours || isAlive(Number(pid))) continue;
    const path = join(parent, name);
    const info = await lstat(path).catch(() => undefined);
    if (!info?.isDirectory() || info.uid !== process.getuid?.()) continue;
    // Another run may remove it at the same time.
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
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
