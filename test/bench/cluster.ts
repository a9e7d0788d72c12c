/**
 * The PostgreSQL server that benchmarks run on: a cluster of their own in a folder, or one that is named.
 */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { appendFile, chmod, chown, mkdir } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { findBinaries } from "../support/server/local.ts";

const execute = promisify(execFile);

export interface Cluster extends AsyncDisposable {
  /** The address of a database. */
  readonly url: (database: string) => string;
}

/** One that is there already; nothing of it is stopped. */
export function namedServer(server: string): Cluster {
  return {
    url(database) {
      const address = new URL(server);
      address.pathname = `/${database}`;
      return address.href;
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** Starts the cluster in `folder`, which is made where there is none. Disposing of it stops the server and leaves the folder. */
export async function startCluster(folder: string): Promise<Cluster> {
  const binaries = findBinaries();
  if (binaries === undefined)
    throw new Error("no PostgreSQL binaries here: name a server with --server");
  const account = await serverAccount();
  const data = join(folder, "cluster");
  const options = { cwd: "/", ...account };
  const command = (name: string, ...args: string[]) =>
    execute(join(binaries, name), ["-D", data, ...args], options);
  if (!existsSync(join(data, "postgresql.conf"))) {
    await mkdir(data, { recursive: true, mode: 0o700 });
    // The server's account must reach it.
    await chmod(folder, 0o711);
    if (account.uid !== undefined) await chown(data, account.uid, account.gid ?? account.uid);
    await command(
      "initdb",
      "-U",
      "postgres",
      "-E",
      "UTF8",
      "--locale=C.UTF-8",
      "--no-sync",
      "-A",
      "trust",
    );
    await appendFile(join(data, "postgresql.conf"), SETTINGS);
  }
  const port = await freePort();
  const address = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=`;
  await command("pg_ctl", "-s", "-w", "-l", join(data, "log"), "-o", address, "start");
  return {
    ...namedServer(`postgres://postgres@127.0.0.1:${port}/postgres`),
    async [Symbol.asyncDispose]() {
      await command("pg_ctl", "-s", "-w", "-m", "fast", "stop");
    },
  };
}

/** Nothing happens beside what is measured, and disks are not waited for. */
const SETTINGS = `
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = '16GB'
checkpoint_timeout = '1h'
shared_buffers = '512MB'
maintenance_work_mem = '256MB'
max_locks_per_transaction = 256
autovacuum = off
track_counts = on
`;

/** PostgreSQL refuses to run as root. */
async function serverAccount(): Promise<{ readonly uid?: number; readonly gid?: number }> {
  if (process.getuid?.() !== 0) return {};
  const id = async (flag: string) => Number((await execute("id", [flag, "postgres"])).stdout);
  return { uid: await id("-u"), gid: await id("-g") };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
}
