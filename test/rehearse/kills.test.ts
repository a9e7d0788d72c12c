/** ROWPATCH_KILLS says how often of each; a handful by default. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, readdirSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findBinaries, startCluster } from "../../src/rehearse/scratch/cluster.ts";
import type { ScratchDatabase } from "../../src/rehearse/scratch/server.ts";
import { startWatchdog } from "../../src/rehearse/watchdog.ts";
import { type Folder, makeFolder, PRODUCTION } from "../cli/shop.ts";
import { rowsOf } from "../support/content.ts";
import { execute, hasServer, psql, testServer } from "../support/postgres.ts";
import { writeDemoBundle } from "./bundles.ts";

const BIN =
  process.env["ROWPATCH_BIN"] ?? fileURLToPath(new URL("../../bin/rowpatch.js", import.meta.url));
const built = existsSync(fileURLToPath(new URL("../dist/rehearse/rehearse.js", `file://${BIN}`)));
const TIMES = Number(process.env["ROWPATCH_KILLS"] ?? 2);
/** Of each kill with all that follows, on a machine that has other things to do. */
const LONGEST_MS = 30_000;
const SIGNALS = ["SIGKILL", "SIGTERM", "SIGINT"] as const;

/** Of a rehearsal of the shop, and of the first part of it, in which a cluster is made. */
const [WHOLE_MS, START_MS] = [6000, 1500];

/** Moments spread over the run, the same ones every time. */
function moment(turn: number, longest: number): number {
  return Math.round((((turn * 0.618) % 1) + 0.02) * longest);
}

describe.skipIf(!hasServer)("killed at any moment", () => {
  let folder: Folder;
  let bundle: string;
  beforeAll(async () => {
    folder = makeFolder();
    bundle = await writeDemoBundle(folder);
  });
  afterAll(() => folder.remove());

  const kinds = findBinaries(process.env) === undefined ? ["url"] : ["url", "binaries"];
  const kills = { rowpatch: TIMES * SIGNALS.length, production: TIMES * 4 };
  const timeout = {
    rowpatch: kills.rowpatch * LONGEST_MS,
    production: kills.production * LONGEST_MS,
  };
  test.skipIf(!built).for(kinds)(
    "rowpatch: nothing stays behind on %s",
    { timeout: timeout.rowpatch },
    async (kind, { annotate }) => {
      let finished = 0;
      const temp = folder.env["TMPDIR"] ?? "";
      // Else a server's own account cannot use it, and the cluster lies where nobody looks.
      chmodSync(temp, 0o711);
      const where =
        kind === "url" ? ["--scratch", testServer().url] : ["--scratch-kind", "binaries"];
      for (let turn = 0; turn < kills.rowpatch; turn += 1) {
        const argv = [BIN, "rehearse", bundle, "--production", PRODUCTION, ...where, "--quiet"];
        const child = spawn(process.execPath, argv, {
          env: { ...process.env, ...folder.env },
          stdio: "ignore",
          detached: true,
        });
        const ended = once(child, "exit");
        await Promise.race([ended, setTimeout(moment(turn, turn % 2 === 0 ? WHOLE_MS : START_MS))]);
        if (child.exitCode !== null) finished += 1;
        child.kill(SIGNALS[turn % SIGNALS.length]);
        await ended;
        await expect.poll(() => readdirSync(temp), { timeout: 20_000 }).toEqual([]);
        await expect.poll(databasesLeft, { timeout: 20_000 }).toEqual([]);
      }
      expect(readdirSync(bundle).filter((name) => name.startsWith("."))).toEqual([]);
      await annotate(`${kills.rowpatch} times, ${finished} of them after its end`);
    },
  );

  test.skipIf(findBinaries(process.env) === undefined)(
    "psql or the server: production is as before, or wholly deployed",
    { timeout: timeout.production },
    async ({ annotate }) => {
      const deployed = { psql: 0, server: 0 };
      await using watchdog = startWatchdog();
      const request = { tempDirectory: folder.env["TMPDIR"] ?? "", env: process.env, watchdog };
      const binaries = findBinaries(process.env) ?? "";
      await using server = await startCluster({ ...request, binaries });
      const made = await server.createDatabase({ name: "shop", expected: false, encoding: "UTF8" });
      const socket = await socketOf(made);
      const url = `postgres://postgres@localhost:5432/shop?host=${encodeURIComponent(String(socket))}`;
      await psql(url, { file: PRODUCTION });
      const before = await rowsOf(url);
      const whole = await timed(() => psql(url, { file: `${bundle}/deploy.sql` }));
      await psql(url, { file: `${bundle}/revert.sql` });
      const postmaster = await postmasterOf(made);
      for (let turn = 0; turn < kills.production; turn += 1) {
        const child = spawn("psql", ["-X", "-q", "-f", `${bundle}/deploy.sql`, "-d", url]);
        const ended = once(child, "exit");
        await Promise.race([ended, setTimeout(moment(turn, whole))]);
        if (turn % 2 === 0) child.kill("SIGKILL");
        else crash(postmaster);
        await ended;
        await expect.poll(() => answers(made), { timeout: 20_000 }).toBe(true);
        const verified = await psql(url, { file: `${bundle}/verify.sql` });
        if (verified.exitCode === 0) {
          deployed[turn % 2 === 0 ? "psql" : "server"] += 1;
          expect((await psql(url, { file: `${bundle}/revert.sql` })).exitCode).toBe(0);
        }
        expect(await rowsOf(url)).toEqual(before);
      }
      await annotate(
        `${kills.production / 2} times each; wholly deployed after ${deployed.psql} of psql and ${deployed.server} of the server`,
      );
    },
  );
});

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function socketOf(database: ScratchDatabase): Promise<unknown> {
  await using connection = await database.connect();
  const [row = []] = await connection.query("SHOW unix_socket_directories");
  return row[0];
}

function databasesLeft(): Promise<readonly unknown[]> {
  return execute(
    testServer().url,
    "SELECT datname FROM pg_database WHERE datname ~ '^rowpatch_rehearsal_'",
  );
}

const OTHERS = `SELECT pid FROM pg_stat_activity WHERE datname = current_database()
  AND pid <> pg_backend_pid() AND backend_type = 'client backend'`;

/** As if a server process had died: the server ends all sessions and recovers. No connection: that takes as long as the script. */
function crash(postmaster: number): void {
  const children = execFileSync("pgrep", ["-P", String(postmaster)], { encoding: "utf8" });
  for (const pid of children.trim().split("\n")) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}

async function postmasterOf(database: ScratchDatabase): Promise<number> {
  await using connection = await database.connect();
  const [row = []] = await connection.query("SELECT pg_read_file('postmaster.pid')");
  return Number(String(row[0]).split("\n")[0]);
}

async function answers(database: ScratchDatabase): Promise<boolean> {
  try {
    await using connection = await database.connect();
    return (await connection.query(OTHERS)).length === 0;
  } catch {
    return false;
  }
}
