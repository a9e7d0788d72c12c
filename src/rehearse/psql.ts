/**
 * Runs a script through psql and reads what psql says of it. Knows nothing of what the script does.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";

/** What a run came to. */
export interface ScriptResult {
  /** psql's: 0 done, 1 and 2 psql itself failed, 3 the script failed; 128 and more: killed. */
  readonly exitCode: number;
  /** The last 64 kB. */
  readonly stdout: string;
  readonly stderr: string;
}

/** A script that is fed piece by piece, as `psql -f -` reads it. */
export interface FedScript {
  /** Resolves when psql has taken it or has ended. */
  write(chunk: string | Buffer): Promise<void>;
  end(): void;
  /** As `kill -9` of psql. */
  kill(): Promise<void>;
  readonly result: Promise<ScriptResult>;
}

/** Runs scripts in one database. */
export interface ScriptRunner {
  readonly kind: "psql" | "psql in the container" | "driver";
  /** E.g. `psql (PostgreSQL) 15.18`. */
  readonly version: string;
  run(path: string): Promise<ScriptResult>;
  /** Undefined where there is nothing to kill. */
  readonly feed?: () => FedScript;
}

/** How to start a program. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

export const PSQL_FLAGS: readonly string[] = ["-X", "-v", "ON_ERROR_STOP=1"];

/** Runs a command to its end. When `signal` aborts it is killed. */
export function runCommand(command: Command, signal?: AbortSignal): Promise<ScriptResult> {
  const child = start(command);
  child.stdin.end();
  return resultOf(child, signal);
}

/** Starts a command that is fed through its input. */
export function feedCommand(
  command: Command,
  kill: (child: ChildProcessWithoutNullStreams) => void | Promise<void>,
  signal?: AbortSignal,
): FedScript {
  const child = start(command);
  const result = resultOf(child, signal);
  // psql may end before it has read its input.
  child.stdin.on("error", () => undefined);
  return {
    result,
    async write(chunk) {
      if (child.stdin.write(chunk)) return;
      await Promise.race([once(child.stdin, "drain"), result]);
    },
    end: () => void child.stdin.end(),
    kill: async () => {
      await kill(child);
      await result;
    },
  };
}

function start({ program, args, env }: Command): ChildProcessWithoutNullStreams {
  // A group of its own: Ctrl-C is for us, and we end it.
  return spawn(program, args, { env, detached: true });
}

async function resultOf(
  child: ChildProcessWithoutNullStreams,
  signal: AbortSignal | undefined,
): Promise<ScriptResult> {
  const kill = (): void => void child.kill("SIGKILL");
  signal?.addEventListener("abort", kill);
  try {
    const [stdout, stderr] = [tail(child.stdout), tail(child.stderr)];
    const [code] = await once(child, "close");
    signal?.throwIfAborted();
    return {
      exitCode: typeof code === "number" ? code : 137,
      stdout: stdout(),
      stderr: stderr(),
    };
  } finally {
    signal?.removeEventListener("abort", kill);
  }
}

const KEPT = 65_536;

function tail(stream: NodeJS.ReadableStream): () => string {
  let text = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    text = `${text}${chunk}`.slice(-KEPT);
  });
  return () => text;
}

/** What went wrong, in psql's own words. */
export interface ScriptError {
  /** Of the script, 1-based, where psql names it. */
  readonly line?: number;
  /** Message, with detail and hint, as psql printed them. */
  readonly message: string;
}

/** The first error that psql printed; `undefined` without one. */
export function errorOf({ stderr }: Pick<ScriptResult, "stderr">): ScriptError | undefined {
  const lines = stderr.split("\n");
  const first = lines.findIndex((line) =>
    /(?:ERROR|FATAL|PANIC|error): {1,2}|: error: /.test(line),
  );
  if (first < 0) return stderr.trim() === "" ? undefined : { message: stderr.trim() };
  const [, place] = /^psql:.*?:(\d+): /.exec(lines[first] ?? "") ?? [];
  const message = [lines[first]?.replace(/^psql:.*?:\d+: /, ""), ...lines.slice(first + 1)];
  return {
    ...(place === undefined ? {} : { line: Number(place) }),
    message: message.join("\n").trim(),
  };
}
