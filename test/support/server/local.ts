/**
 * A temporary cluster from the PostgreSQL binaries of this machine.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, readdirSync } from "node:fs";
import { appendFile, chmod, chown, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type StartedServer, versionOf } from "./types.ts";

const run = promisify(execFile);

/** The folder with `initdb` and `pg_ctl`: the newest that Debian installed, else one on PATH. */
export function findBinaries(): string | undefined {
  const root = "/usr/lib/postgresql";
  const installed = children(root)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(root, version, "bin"));
  const path = (process.env["PATH"] ?? "").split(":").filter((folder) => folder !== "");
  return [...installed, ...path].find((folder) =>
    ["initdb", "pg_ctl", "postgres"].every((name) => isExecutable(join(folder, name))),
  );
}

/** What a cluster of its own shall have beyond the usual. */
export interface Extra {
  /** Lines of postgresql.conf. */
  readonly settings: string;
  /** All of pg_hba.conf. */
  readonly access: string;
  /** Files of the data folder, by name, which only the server may read. */
  readonly files: Readonly<Record<string, string>>;
}

/** The superuser is `postgres` with the password `postgres`; nothing is synchronised to disk. */
export async function startLocal(binaries: string, extra?: Extra): Promise<StartedServer> {
  const account = await serverAccount();
  const folder = await mkdtemp(join(tmpdir(), "rowpatch-test-"));
  const undo = guard(folder);
  try {
    if (account.uid !== undefined) await chown(folder, account.uid, account.gid ?? account.uid);
    const data = join(folder, "data");
    const passwordFile = join(folder, "password");
    await writeFile(passwordFile, "postgres\n");
    await chmod(passwordFile, 0o644);
    const options = { cwd: folder, ...account };
    const initdb = ["-D", data, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"];
    const access = [`--pwfile=${passwordFile}`, "--auth-local=trust", "--auth-host=scram-sha-256"];
    await run(join(binaries, "initdb"), [...initdb, ...access], options);
    const port = await freePort();
    await appendFile(join(data, "postgresql.conf"), settings(folder, port));
    if (extra !== undefined) await addExtra(data, extra, account);
    const log = join(folder, "log");
    await run(
      join(binaries, "pg_ctl"),
      ["-D", data, "-l", log, "-s", "-w", "start"],
      options,
    ).catch(async (cause) => {
      throw new Error(`the test server does not start: ${await readFile(log, "utf8")}`, { cause });
    });
    const url = `postgres://postgres:postgres@127.0.0.1:${port}/postgres`;
    const versionNumber = await versionOf(
      `postgres://postgres@localhost:${port}/postgres?host=${folder}`,
    );
    return { server: { kind: "local", url, versionNumber, socket: folder }, stop: undo };
  } catch (cause) {
    await undo();
    throw cause;
  }
}

async function addExtra(data: string, extra: Extra, { uid, gid }: Account): Promise<void> {
  await appendFile(join(data, "postgresql.conf"), extra.settings);
  await writeFile(join(data, "pg_hba.conf"), extra.access);
  for (const [name, content] of Object.entries(extra.files)) {
    await writeFile(join(data, name), content, { mode: 0o600 });
    if (uid !== undefined) await chown(join(data, name), uid, gid ?? uid);
  }
}

function settings(folder: string, port: number): string {
  return `
listen_addresses = '127.0.0.1'
port = ${port}
unix_socket_directories = '${folder}'
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 60
shared_buffers = '128MB'
track_counts = on
autovacuum = off
`;
}

interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/** PostgreSQL refuses to run as root. */
async function serverAccount(): Promise<Account> {
  if (process.getuid?.() !== 0) return {};
  const uid = Number((await run("id", ["-u", "postgres"])).stdout);
  const gid = Number((await run("id", ["-g", "postgres"])).stdout);
  return { uid, gid };
}

const STOP = `
trap '' INT TERM HUP
cat >/dev/null
server=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
if [ -n "$server" ]; then
  kill -QUIT "$server"
  while [ -e "$1/data/postmaster.pid" ] && kill -0 "$server" 2>/dev/null; do sleep 0.05; done
fi
rm -rf "$1"`;

/**
 * Stops and removes the cluster when the returned function is called, and also when this process ends in any other way:
 * a shell waits for the end of its input, which only this process holds open.
 */
function guard(folder: string): () => Promise<void> {
  const shell = spawn("sh", ["-c", STOP, "sh", folder], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  const ended = once(shell, "exit");
  return async () => {
    shell.stdin.end();
    await ended;
  };
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

function children(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
