/**
 * A temporary cluster from the PostgreSQL binaries of this machine: a socket in a folder that nobody else may enter, no port.
 */
import { execFile } from "node:child_process";
import { accessSync, constants, readdirSync } from "node:fs";
import { appendFile, chown, mkdtemp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { ExpectedError } from "../../errors.ts";
import { shellQuote } from "../../outputs/run-lines.ts";
import { guarded, removeShell, type Watchdog } from "../watchdog.ts";
import { makeDatabase } from "./database.ts";
import {
  connectTo,
  type Place,
  type ScratchServer,
  serverVersion,
  withoutLibpq,
} from "./server.ts";

const execute = promisify(execFile);

export interface ClusterRequest {
  /** The folder with `initdb` and `pg_ctl`. */
  readonly binaries: string;
  readonly tempDirectory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly watchdog: Watchdog;
  readonly signal?: AbortSignal;
}

/** Where the binaries are: PATH, else the newest that Debian, Red Hat or Homebrew installed. */
export function findBinaries(
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const path = (env["PATH"] ?? "").split(":").filter((folder) => folder !== "");
  const roots = ["/usr/lib/postgresql", "/usr", "/opt/homebrew/opt", "/usr/local/opt"];
  const installed = roots.flatMap((root) =>
    children(root)
      .filter((name) => /^(?:pgsql-|postgresql@)?\d+$/.test(name))
      .sort((a, b) => Number(b.replace(/\D/g, "")) - Number(a.replace(/\D/g, "")))
      .map((name) => join(root, name, "bin")),
  );
  return [...path, ...installed].find((folder) =>
    ["initdb", "pg_ctl", "postgres"].every((name) => isExecutable(join(folder, name))),
  );
}

/** Starts the cluster. @throws ExpectedError `scratch` with the words of initdb or of the server. */
export async function startCluster(request: ClusterRequest): Promise<ScratchServer> {
  const { binaries, watchdog, signal } = request;
  const account = await serverAccount();
  const { folder, forgetFolder } = await usableFolder(request, account);
  const data = join(folder, "data");
  const forgetServer = watchdog.addShell(stopShell(data));
  const options = { cwd: folder, ...idsOf(account), env: withoutLibpq(request.env) };
  const initdb = [
    "-D",
    data,
    "-U",
    "postgres",
    "-E",
    "UTF8",
    "--locale=C",
    "--no-sync",
    "-A",
    "trust",
  ];
  await attempt("initdb", () =>
    guarded(watchdog, execute(join(binaries, "initdb"), initdb, options), { kill: true }),
  );
  await appendFile(join(data, "postgresql.conf"), settings(folder));
  const log = join(folder, "log");
  const startArgs = ["-D", data, "-l", log, "-s", "-w", "-t", "60", "start"];
  await attempt(
    "starting the cluster",
    () => {
      const start = execute(join(binaries, "pg_ctl"), startArgs, { ...options, timeout: 90_000 });
      // It is gone once the server can be found and stopped.
      return guarded(watchdog, start, { kill: false });
    },
    log,
  );
  const place: Place = {
    env: withoutLibpq(request.env),
    parameters: new Map([
      ["host", folder],
      ["port", PORT],
      ["user", "postgres"],
      ["dbname", "template1"],
    ]),
  };
  const keep = async (): Promise<string> => {
    forgetServer();
    forgetFolder();
    const stop = [join(binaries, "pg_ctl"), "-D", data, "-m", "immediate", "stop"]
      .map(shellQuote)
      .join(" ");
    const asServer = account.name ? `su ${account.name} -s /bin/sh -c ${shellQuote(stop)}` : stop;
    return `${asServer}; rm -r ${shellQuote(folder)}`;
  };
  await using connection = await connectTo(place, signal);
  return {
    kind: "binaries",
    description: `temporary cluster of ${binaries}`,
    own: true,
    ...(await serverVersion(connection)),
    createDatabase: (database) =>
      makeDatabase({ place, keep, binaries, own: true, ...(signal ? { signal } : {}) }, database),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** Names the socket; nothing listens on it. */
const PORT = "5432";

/** Nothing here has to outlive anything. */
function settings(folder: string): string {
  return `
listen_addresses = ''
port = ${PORT}
unix_socket_directories = '${folder.replaceAll("'", "''")}'
unix_socket_permissions = 0700
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = '8GB'
checkpoint_timeout = '1h'
autovacuum = off
track_counts = on
max_connections = 20
shared_buffers = '256MB'
jit = off
`;
}

/** Sends an immediate shutdown and waits for it: the file goes first, the process when its parent takes note. */
function stopShell(data: string): string {
  return `pidfile=${shellQuote(join(data, "postmaster.pid"))}
server=$(head -n 1 "$pidfile" 2>/dev/null)
if [ -n "$server" ]; then
  kill -QUIT "$server" 2>/dev/null
  tries=0
  while [ -e "$pidfile" ] && kill -0 "$server" 2>/dev/null && [ $tries -lt 200 ]; do sleep 0.05; tries=$((tries + 1)); done
fi`;
}

interface Account {
  /** Where it is not the one that runs rowpatch. */
  readonly name?: string;
  readonly uid?: number;
  readonly gid?: number;
}

/** As node's child processes take them. */
function idsOf({ uid, gid }: Account): Pick<Account, "uid" | "gid"> {
  return uid === undefined ? {} : { uid, gid: gid ?? uid };
}

/** PostgreSQL refuses to run as root. */
async function serverAccount(): Promise<Account> {
  if (process.getuid?.() !== 0) return {};
  for (const name of ["postgres", "nobody"]) {
    try {
      const [uid, gid] = await Promise.all(
        ["-u", "-g"].map(async (flag) => Number((await execute("id", [flag, name])).stdout)),
      );
      if (uid !== undefined && gid !== undefined) return { name, uid, gid };
    } catch {
      // The next one may exist.
    }
  }
  return {};
}

/** A folder of the account's own whose path is short enough for a socket and open to it all the way. */
async function usableFolder(
  { tempDirectory, watchdog }: ClusterRequest,
  account: Account,
): Promise<{ readonly folder: string; readonly forgetFolder: () => void }> {
  for (const parent of [tempDirectory, "/tmp", "/var/tmp"]) {
    const folder = await mkdtemp(join(parent, "rowpatch-scratch-"));
    const forgetFolder = watchdog.addShell(removeShell(folder));
    const { uid, gid } = account;
    if (uid !== undefined) await chown(folder, uid, gid ?? uid);
    if (Buffer.byteLength(folder) < 90 && (await isUsable(folder, account))) {
      return { folder, forgetFolder };
    }
  }
  throw unusable("no temporary folder can be used by the server's account", "name one in TMPDIR");
}

async function isUsable(folder: string, account: Account): Promise<boolean> {
  try {
    await execute("/bin/sh", ["-c", `cd "$0" && test -w .`, folder], {
      ...idsOf(account),
      cwd: "/",
    });
    return true;
  } catch {
    return false;
  }
}

async function attempt(doing: string, work: () => Promise<unknown>, log?: string): Promise<void> {
  try {
    await work();
  } catch (cause) {
    const said = log === undefined ? "" : await readFile(log, "utf8").catch(() => "");
    const stderr =
      cause instanceof Error && "stderr" in cause ? String(cause.stderr) : String(cause);
    const words = `${stderr}\n${said}`.trim().split("\n").slice(-3).join(" ");
    throw unusable(
      `${doing} failed: ${words}`,
      "use another scratch server with --scratch or --scratch-kind",
      cause,
    );
  }
}

function unusable(reason: string, remedy: string, cause?: unknown): ExpectedError {
  return new ExpectedError({ code: "scratch", reason, remedy }, { cause });
}

function children(folder: string): readonly string[] {
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
