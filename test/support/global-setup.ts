/**
 * One PostgreSQL server for the whole test run: ROWPATCH_TEST_DATABASE_URL, else Docker, else the binaries of this machine.
 * ROWPATCH_TEST_SERVER=local or =docker takes only that one; =none runs without.
 */
import type { TestProject } from "vitest/node";
import { startContainer, whyNoDocker } from "./server/docker.ts";
import { findBinaries, startLocal } from "./server/local.ts";
import { type StartedServer, type TestServer, versionOf } from "./server/types.ts";

/** Called by vitest before all tests; what it returns is called after them. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const url = process.env["ROWPATCH_TEST_DATABASE_URL"];
  if (url) {
    const server: TestServer = { kind: "url", url, versionNumber: await versionOf(url) };
    project.provide("testServer", { kind: "server", server });
    return async () => undefined;
  }
  const started = await start(process.env["ROWPATCH_TEST_SERVER"] ?? "");
  if (typeof started === "string") {
    project.provide("testServer", { kind: "none", reason: started });
    // Said once here; the tests themselves are listed as skipped.
    process.stderr.write(
      `No PostgreSQL server: database tests are skipped (${started}).\nSet ROWPATCH_TEST_DATABASE_URL, start Docker, or install PostgreSQL's server.\n`,
    );
    return async () => undefined;
  }
  project.provide("testServer", { kind: "server", server: started.server });
  return started.stop;
}

/** A server, or why there is none. */
async function start(wanted: string): Promise<StartedServer | string> {
  if (!["", "local", "docker", "none"].includes(wanted)) {
    throw new Error("ROWPATCH_TEST_SERVER is none of local, docker and none");
  }
  if (wanted === "none") return "ROWPATCH_TEST_SERVER is none";
  const docker = wanted === "" || wanted === "docker" ? await tryDocker() : "Docker: not asked";
  if (typeof docker !== "string") return docker;
  const binaries = wanted === "" || wanted === "local" ? findBinaries() : undefined;
  return binaries === undefined ? `${docker}; no server binaries` : startLocal(binaries);
}

/** Docker may answer and still have no image, as on a machine without a network. */
async function tryDocker(): Promise<StartedServer | string> {
  const missing = await whyNoDocker();
  if (missing !== undefined) return `Docker: ${missing}`;
  try {
    return await startContainer();
  } catch (cause) {
    return `Docker: ${cause instanceof Error ? cause.message : String(cause)}`;
  }
}
