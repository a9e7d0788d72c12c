/**
 * psql and pg_dump: those of this machine, else those of the server's container.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, createReadStream, createWriteStream } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { inject } from "vitest";

/** A program of PostgreSQL and what it shall do. */
export interface Job {
  readonly program: "psql" | "pg_dump";
  readonly url: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A file for `-f`; within a container it comes on stdin. */
  readonly file?: string | undefined;
  readonly input?: string | undefined;
  /** Run it in this container, also where the machine has the program. */
  readonly container?: string | undefined;
}

/** Whether `psql` and `pg_dump` can be run. */
export function hasPrograms(): boolean {
  return isOnPath("psql") || container() !== undefined;
}

/** Runs to the end; within a container, what `-f` shall write comes through stdout. @throws if there is no such program. */
export async function run(job: Job): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const isHere = job.container === undefined && isOnPath(job.program);
  const [program, args] = isHere ? onMachine(job) : inContainer(job);
  const child = spawn(program, args, { env: { ...process.env, ...job.env } });
  const closed = once(child, "close");
  inputOf(job, program).pipe(child.stdin);
  // psql may end before it has read its input.
  child.stdin.on("error", () => undefined);
  const output = isHere ? undefined : outputOf(job);
  const written =
    output === undefined
      ? text(child.stdout)
      : pipeline(child.stdout, createWriteStream(output)).then(() => "");
  const [stdout, stderr] = await Promise.all([written, text(child.stderr)]);
  const [code] = await closed;
  return { exitCode: typeof code === "number" ? code : 128, stdout, stderr };
}

function onMachine({ program, url, args, file }: Job): [string, string[]] {
  return [program, ["-d", url, ...args, ...(file === undefined ? [] : ["-f", file])]];
}

/** Inside, the server listens on its own port. */
function inContainer(job: Job): [string, string[]] {
  const { program, url, args, env = {}, file } = job;
  const id = job.container ?? container();
  if (id === undefined) throw new Error(`${program} is neither on PATH nor in a container`);
  const inside = new URL(url);
  inside.host = "localhost:5432";
  const variables = Object.entries(env).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
  const files = file === undefined ? [] : ["-f", "-"];
  const flag = outputOf(job) === undefined ? args.length : args.indexOf("-f");
  const rest = args.filter((_, index) => index !== flag && index !== flag + 1);
  return [
    "docker",
    ["exec", "-i", ...variables, id, program, "-d", inside.href, ...rest, ...files],
  ];
}

/** The file that pg_dump shall write. */
function outputOf({ program, args }: Job): string | undefined {
  const flag = program === "pg_dump" ? args.indexOf("-f") : -1;
  return flag < 0 ? undefined : args[flag + 1];
}

function inputOf({ file, input = "" }: Job, program: string): Readable {
  return program === "docker" && file !== undefined
    ? createReadStream(file)
    : Readable.from([input]);
}

function container(): string | undefined {
  const state = inject("testServer");
  return state.kind === "server" ? state.server.container : undefined;
}

function isOnPath(program: string): boolean {
  return (process.env["PATH"] ?? "").split(":").some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
