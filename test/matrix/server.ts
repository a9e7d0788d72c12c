/**
 * The server of one project of the matrix, named after its major version, from npm packages of PostgreSQL's binaries.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, readFile, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import { startLocal } from "../support/server/local.ts";

const folder = fileURLToPath(new URL(".", import.meta.url));

/** Called by vitest before the tests of a project; what it returns is called after them. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const home = join(folder, "node_modules", project.name.replace("pg", "postgres-"));
  // npm ci once, outside the dependencies of rowpatch: 350 MB that nobody else needs.
  installed ??= existsSync(home) ? Promise.resolve() : install();
  await installed;
  await link(home);
  const { server, stop } = await startLocal(join(home, "native", "bin"));
  project.provide("testServer", { kind: "server", server });
  return stop;
}

let installed: Promise<void> | undefined;

async function install(): Promise<void> {
  const options = ["--ignore-scripts", "--no-audit", "--no-fund"];
  await promisify(execFile)("npm", ["ci", ...options], { cwd: folder });
}

/** npm carries no symbolic links: the package lists those of its libraries instead. */
async function link(home: string): Promise<void> {
  const list = await readFile(join(home, "native", "pg-symlinks.json"), "utf8");
  const links: readonly { source: string; target: string }[] = JSON.parse(list);
  for (const { source, target } of links) {
    const path = join(home, target);
    if (existsSync(path)) continue;
    const beside = dirname(source) === dirname(target);
    await symlink(beside ? basename(source) : join(home, source), path);
  }
  for (const program of ["initdb", "pg_ctl", "postgres"])
    await chmod(join(home, "native", "bin", program), 0o755);
}
