/**
 * Runs programs and takes their wall time and peak memory, in turns. Knows no case.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { median } from "./frame.ts";

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Its standard output is kept; else it goes to /dev/null. */
  readonly keep?: boolean;
  /** Exit codes that mean it has done its work. */
  readonly codes?: readonly number[];
}

/** Something to be measured: stages one after the other, the programs of a stage side by side. */
export interface Subject {
  readonly name: string;
  readonly stages: readonly (readonly Program[])[];
  /** What is done before each run and takes no time of it. */
  readonly before?: () => Promise<void>;
  /** Looks at what was printed, after the clock has stopped. @throws if that is not what was to be measured. */
  readonly check?: (output: string) => void;
}

export interface Measured {
  readonly seconds: number;
  /** Of rowpatch; 0 for other programs. */
  readonly megabytes: number;
}

const PEAK = fileURLToPath(new URL("peak.js", import.meta.url));

/** rowpatch in a node process that tells its peak memory. */
export function rowpatch(
  { program, folder }: { readonly program: string; readonly folder: string },
  args: readonly string[],
): Program {
  return {
    command: process.execPath,
    args: ["--import", PEAK, program, ...args],
    env: { ROWPATCH_BENCH_PEAK: `${folder}/peak`, TMPDIR: folder },
    cwd: folder,
    keep: true,
    codes: [0, 1],
  };
}

/** Runs a program to its end. @throws with what it said if it fails. */
export async function run(program: Program): Promise<string> {
  const { command, args, env, cwd, keep, codes = [0] } = program;
  const child = spawn(command, args, {
    env: { ...process.env, ...env, PGOPTIONS: "" },
    cwd,
    stdio: ["ignore", keep ? "pipe" : "ignore", "pipe"],
  });
  const [stdout, stderr, [code]] = await Promise.all([
    child.stdout ? text(child.stdout) : "",
    child.stderr ? text(child.stderr) : "",
    once(child, "close"),
  ]);
  if (!codes.includes(Number(code))) {
    throw new Error(`${command} ${args.join(" ")} ended with ${code}\n${stderr}`);
  }
  return stdout;
}

/** One run of a subject. */
async function measure({ stages, before, check }: Subject): Promise<Measured> {
  await before?.();
  const start = process.hrtime.bigint();
  const outputs: string[] = [];
  for (const programs of stages) outputs.push(...(await Promise.all(programs.map(run))));
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  check?.(outputs.join(""));
  const [peak = 0] = stages.flat().map(({ env }) => takePeak(env?.["ROWPATCH_BENCH_PEAK"]));
  return { seconds, megabytes: peak / 1024 };
}

function takePeak(path: string | undefined): number {
  if (path === undefined || !existsSync(path)) return 0;
  const peak = Number(readFileSync(path, "utf8"));
  rmSync(path);
  return peak;
}

/** Runs all subjects in turns, `rounds` times, so that whatever else the machine does meets all of them. */
export async function inTurns(
  subjects: readonly Subject[],
  rounds: number,
): Promise<ReadonlyMap<string, readonly Measured[]>> {
  const runs = new Map<string, Measured[]>(subjects.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const subject of subjects) runs.get(subject.name)?.push(await measure(subject));
  }
  return runs;
}

/** Median seconds, and the highest peak in MB. */
export function middle(runs: readonly Measured[]): Measured {
  return {
    seconds: median(runs.map(({ seconds }) => seconds)),
    megabytes: Math.max(...runs.map(({ megabytes }) => megabytes)),
  };
}

/** The median of the quotients of each round. */
export function quotient(runs: readonly Measured[], base: readonly Measured[]): number {
  return median(runs.map(({ seconds }, n) => seconds / (base[n]?.seconds ?? Number.NaN)));
}
