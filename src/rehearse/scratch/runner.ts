/**
 * psql for a scratch database: that of the machine, else that of the container.
 */
import { execFile } from "node:child_process";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { ExpectedError } from "../../errors.ts";
import {
  type Command,
  type FedScript,
  feedCommand,
  PSQL_FLAGS,
  runCommand,
  type ScriptRunner,
} from "../psql.ts";
import { connectionString, environment, type Place } from "./server.ts";

const execute = promisify(execFile);

export interface RunnerRequest {
  readonly place: Place;
  /** Where psql is besides PATH. */
  readonly binaries?: string;
  /** Holds psql where the machine has none. */
  readonly container?: string;
  readonly signal?: AbortSignal;
}

/** @throws ExpectedError `scratch` where there is no psql. */
export async function psqlRunner(request: RunnerRequest): Promise<ScriptRunner> {
  const { place, container, signal } = request;
  const programs = ["psql", ...(request.binaries ? [join(request.binaries, "psql")] : [])];
  for (const program of programs) {
    const version = await versionOf(program, ["--version"], place);
    if (version === undefined) continue;
    const psql = (file: string): Command => ({
      program,
      args: [...PSQL_FLAGS, "-d", connectionString(place), "-f", file],
      env: environment(place),
    });
    return {
      kind: "psql",
      version,
      run: (path) => runCommand(psql(path), signal),
      feed: () => feedCommand(psql("-"), (child) => void child.kill("SIGKILL"), signal),
    };
  }
  if (container !== undefined) return containerRunner({ ...request, container });
  throw new ExpectedError({
    code: "scratch",
    reason: "there is no psql on this machine to run the scripts with",
    remedy: "install PostgreSQL's client, or rehearse with --scratch-kind docker or pglite",
  });
}

async function versionOf(
  program: string,
  args: readonly string[],
  place: Place,
): Promise<string | undefined> {
  try {
    const { stdout } = await execute(program, args, { env: environment(place) });
    return stdout.trim();
  } catch {
    return undefined;
  }
}

/** The script comes on psql's input. The shell tells its number first, by which psql can be killed inside. */
async function containerRunner({
  place,
  container,
  signal,
}: RunnerRequest & { readonly container: string }): Promise<ScriptRunner> {
  const version = await versionOf("docker", ["exec", container, "psql", "--version"], place);
  const database = place.parameters.get("dbname") ?? "postgres";
  const flags = [...PSQL_FLAGS, "-U", "postgres", "-d", database, "-f", "-"];
  const mark = `/tmp/rowpatch-psql-${database}`;
  const command: Command = {
    program: "docker",
    args: ["exec", "-i", container, "sh", "-c", `echo $$ > "$0"; exec psql "$@"`, mark, ...flags],
    env: environment(place),
  };
  const kill = async (): Promise<void> => {
    await execute("docker", ["exec", container, "sh", "-c", `kill -9 "$(cat "$0")"`, mark]);
  };
  const feed = (): FedScript => feedCommand(command, kill, signal);
  return {
    kind: "psql in the container",
    version: version ?? "psql",
    feed,
    async run(path) {
      const fed = feed();
      for await (const chunk of createReadStream(path)) await fed.write(chunk);
      fed.end();
      return fed.result;
    },
  };
}
