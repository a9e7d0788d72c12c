/**
 * A PostgreSQL container through Docker's command line, removed in the end whatever happens.
 */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { ExpectedError } from "../../errors.ts";
import { guarded } from "../watchdog.ts";
import type { ScratchRequest } from "./choose.ts";
import { makeDatabase } from "./database.ts";
import {
  connectTo,
  type Place,
  type ScratchServer,
  serverVersion,
  withoutLibpq,
} from "./server.ts";

const execute = promisify(execFile);

type Environment = Readonly<Record<string, string | undefined>>;

/** Undefined if Docker answers, else why it does not. */
export async function whyNoDocker(env: Environment): Promise<string | undefined> {
  try {
    await execute("docker", ["version", "--format", "{{.Server.Version}}"], {
      env,
      timeout: 10_000,
    });
    return undefined;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") {
      return "there is no docker command";
    }
    return wordsOf(cause);
  }
}

/** Starts a container. @throws ExpectedError `scratch` in Docker's words. */
export async function startDocker(request: ScratchRequest): Promise<ScratchServer> {
  const { watchdog, signal } = request;
  const env = withoutLibpq(request.env);
  const name = `rowpatch-rehearsal-${process.pid}-${randomBytes(4).toString("hex")}`;
  const password = randomBytes(16).toString("hex");
  const image = request.image ?? (await chooseImage(request));
  const forget = watchdog.add(["docker", "rm", "-f", "-v", name]);
  const flags = ["--name", name, "--label", "rowpatch.rehearsal", "--rm", "-p", "127.0.0.1::5432"];
  const data = ["-e", "POSTGRES_PASSWORD", "--shm-size", "256m"];
  const settings = SETTINGS.flatMap((setting) => ["-c", setting]);
  await attempt(`starting ${image}`, () =>
    guarded(
      watchdog,
      execute("docker", ["run", "-d", ...flags, ...data, image, ...settings], {
        env: { ...env, POSTGRES_PASSWORD: password },
        ...(signal ? { signal } : {}),
      }),
      { kill: true },
    ),
  );
  const { stdout } = await attempt("asking for the port", () =>
    execute("docker", ["port", name, "5432/tcp"], { env }),
  );
  const [, host = "127.0.0.1", port = "5432"] = /^(.*):(\d+)$/m.exec(stdout) ?? [];
  const place: Place = {
    env,
    parameters: new Map([
      ["host", host],
      ["port", port],
      ["user", "postgres"],
      ["password", password],
      ["dbname", "template1"],
    ]),
  };
  await untilReady(name, request);
  await using connection = await connectTo(place, signal);
  const keep = async (): Promise<string> => {
    forget();
    return `docker rm -f -v ${name}`;
  };
  return {
    kind: "docker",
    description: `container of ${image}`,
    own: true,
    ...(await serverVersion(connection)),
    createDatabase: (database) =>
      makeDatabase(
        { place, own: true, container: name, keep, ...(signal ? { signal } : {}) },
        database,
      ),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

const SETTINGS = [
  "fsync=off",
  "synchronous_commit=off",
  "full_page_writes=off",
  "wal_level=minimal",
  "max_wal_senders=0",
  "max_wal_size=8GB",
  "autovacuum=off",
];

/** The image of production's version; else the nearest later one that is there already. */
async function chooseImage({ production, env }: ScratchRequest): Promise<string> {
  const major = Number(/^\d+/.exec(production.provenance.serverVersion ?? "")?.[0] ?? 17);
  const majors = await localImages(env);
  return `postgres:${majors.find((there) => there >= major) ?? majors.at(-1) ?? major}`;
}

/** Major versions of the official images on this machine, ascending; none where Docker does not answer. */
export async function localImages(env: Environment): Promise<readonly number[]> {
  try {
    const args = ["image", "ls", "--format", "{{.Tag}}", "postgres"];
    const { stdout } = await execute("docker", args, { env, timeout: 10_000 });
    const majors = stdout.split("\n").filter((tag) => /^\d+$/.test(tag));
    return majors.map(Number).sort((a, b) => a - b);
  } catch {
    return [];
  }
}

const WAIT_MS = 120_000;

/** The image starts a first server, for its own set-up, that listens on no port. */
async function untilReady(name: string, { env, signal }: ScratchRequest): Promise<void> {
  const end = performance.now() + WAIT_MS;
  while (performance.now() < end) {
    signal?.throwIfAborted();
    const { stdout, stderr } = await attempt("starting the container", () =>
      execute("docker", ["logs", name], { env, maxBuffer: 16 * 1024 * 1024 }),
    );
    const ready = `${stdout}${stderr}`.match(/database system is ready to accept connections/g);
    if ((ready?.length ?? 0) >= 2) return;
    await setTimeout(100);
  }
  throw unusable("the container did not become ready within two minutes");
}

async function attempt<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof Error && cause.name === "AbortError") throw cause;
    throw unusable(`Docker: ${doing} failed: ${wordsOf(cause)}`, cause);
  }
}

function wordsOf(cause: unknown): string {
  const said = cause instanceof Error && "stderr" in cause ? String(cause.stderr) : String(cause);
  return said.trim().split("\n").slice(-2).join(" ");
}

function unusable(reason: string, cause?: unknown): ExpectedError {
  const remedy = "use another scratch server with --scratch, --scratch-kind or --image";
  return new ExpectedError({ code: "scratch", reason, remedy }, { cause });
}
