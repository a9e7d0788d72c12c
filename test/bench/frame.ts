/**
 * What benchmarks share: programs run in turns, medians, and a table with machine and versions. Knows no case.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";

/** One run of a program. */
export interface Run {
  /** Wall clock. */
  readonly seconds: number;
  /** User and system time of the program and its threads. */
  readonly cpu: number;
  /** Peak resident memory; 0 where it is not known. */
  readonly megabytes: number;
  /** What the program printed. */
  readonly output: string;
}

/** Something to be measured. */
export interface Subject {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program once. Its standard output is kept; it must end with 0. */
export function runOnce({ command, args, env = {} }: Subject): Run {
  const script = 'TIMEFORMAT="%R %U %S"; time "$@"';
  const started = spawnSync("bash", ["-c", script, "bench", command, ...args], {
    encoding: "utf8",
    env: { ...process.env, ...env, LC_ALL: "C" },
    maxBuffer: 64 * 2 ** 20,
  });
  if (started.status !== 0) throw new Error(`${command}: ${started.stderr}`);
  const last = started.stderr.trimEnd().split("\n").at(-1) ?? "";
  const [seconds = 0, user = 0, system = 0] = last.split(" ").map(Number);
  const peak = /"maxRSS":(\d+)/.exec(started.stdout)?.[1];
  return {
    seconds,
    cpu: user + system,
    megabytes: peak === undefined ? 0 : Number(peak) / 1024,
    output: started.stdout,
  };
}

/** Runs all subjects in turns, `rounds` times, so that whatever else the machine does meets all of them. */
export function runInTurns(
  subjects: readonly Subject[],
  rounds: number,
): ReadonlyMap<string, readonly Run[]> {
  const runs = new Map<string, Run[]>(subjects.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const subject of subjects) runs.get(subject.name)?.push(runOnce(subject));
  }
  return runs;
}

/** The middle value; the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = 0, high = low] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (low + high) / 2;
}

/** The median of the quotients of the runs of each round. */
export function ratio(runs: readonly Run[], base: readonly Run[], of: "seconds" | "cpu"): number {
  return median(runs.map((run, round) => run[of] / (base[round]?.[of] ?? Number.NaN)));
}

/** What figures depend on: `2 x Xeon ..., 24 GB, Linux; Node 20.20.2; pg_restore (PostgreSQL) 15.18; 2026-11-21`. */
export function machine(versions: readonly (readonly [string, ...string[]])[]): string {
  const [cpu] = cpus();
  const system = readFileSync("/proc/sys/kernel/osrelease", "utf8").split("-")[0]?.trim();
  const printed = versions.map(([command, ...args]) =>
    // Without the package's own version after PostgreSQL's.
    execFileSync(command, args, { encoding: "utf8" })
      .trim()
      .replace(/(\d) \([^)]*\)$/, "$1"),
  );
  return [
    `${cpus().length} x ${cpu?.model ?? "?"}, ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${system}`,
    `Node ${process.version.slice(1)}`,
    ...printed,
    new Date().toISOString().slice(0, 10),
  ].join("; ");
}

/** A table in Markdown. */
export function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...body.map(line)].join("\n");
}
