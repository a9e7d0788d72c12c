/**
 * The benchmark suite: makes its data, runs the cases in turns with what they are measured against, prints a table of ratios.
 *
 *     npm run bench -- --help
 */
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Case, Context, Outcome } from "./case.ts";
import { COMPARE_CASES } from "./case-compare.ts";
import { REHEARSE_CASES } from "./case-rehearse.ts";
import { SHAPE_CASES } from "./case-shape.ts";
import { WRITE_CASES } from "./case-write.ts";
import { namedServer, startCluster } from "./cluster.ts";
import { benchData, say } from "./data.ts";
import { machine } from "./frame.ts";
import { type Options, readOptions, USAGE } from "./options.ts";
import { resultsText, writeSection } from "./results.ts";

const CASES: readonly Case[] = [
  ...COMPARE_CASES,
  ...WRITE_CASES,
  ...SHAPE_CASES,
  ...REHEARSE_CASES,
].sort((a, b) => (a.letter < b.letter ? -1 : 1));

async function main(argv: readonly string[]): Promise<void> {
  if (argv.includes("--help")) {
    process.stdout.write(USAGE);
    return;
  }
  const options = readOptions(argv);
  const unknown = options.cases.filter((letter) => !CASES.some((one) => one.letter === letter));
  if (unknown.length > 0) throw new Error(`there is no case ${unknown.join(", ")}`);
  // The programs that run get the interrupt too and fail, which ends this one with everything cleaned up.
  process.on("SIGINT", () => undefined);
  const folder = options.data
    ? resolve(options.data)
    : await mkdtemp(join(tmpdir(), "rowpatch-bench-"));
  await mkdir(folder, { recursive: true });
  try {
    const load = loadavg()[0] ?? 0;
    const outcome = await measureAll(options, folder);
    const text = `${settingText(options, load)}\n\n${resultsText(outcome)}`;
    process.stdout.write(`${text}\n`);
    if (options.write) writeResults(text);
  } finally {
    if (options.data === undefined) await rm(folder, { recursive: true, force: true });
  }
}

async function measureAll(options: Options, folder: string): Promise<Outcome> {
  await using cluster = options.server ? namedServer(options.server) : await startCluster(folder);
  const data = benchData(cluster, folder);
  const temporary = join(folder, "temporary");
  await mkdir(temporary, { recursive: true });
  await chmod(temporary, 0o755);
  const context: Context = { options, data, cluster, folder: temporary };
  const outcomes: Outcome[] = [];
  try {
    for (const { letter, run } of CASES) {
      if (!options.cases.includes(letter)) continue;
      say(`case ${letter}`);
      const outcome = await run(context);
      say(resultsText(outcome));
      outcomes.push(outcome);
    }
  } finally {
    if (options.data === undefined) await data.dropAll();
    await rm(temporary, { recursive: true, force: true });
  }
  return {
    results: outcomes.flatMap(({ results }) => results),
    others: outcomes.flatMap(({ others }) => others),
  };
}

/** What the figures depend on. */
function settingText({ rows, rounds }: Options, load: number): string {
  const versions = machine([
    ["psql", "--version"],
    ["pg_restore", "--version"],
  ]);
  return `${rows.toLocaleString("en")} rows of about 115 bytes; medians of ${rounds} ${rounds === 1 ? "round" : "rounds"}, each program in turn; memory is the highest peak of the node process.
${versions}. Load average before: ${load.toFixed(1)}.`;
}

/** Compiled, this file lies in out/bench/test/bench. */
function writeResults(text: string): void {
  const root = new URL("../../../../", import.meta.url);
  for (const name of ["test/bench/RESULTS.md", "README.md"])
    writeSection(new URL(name, root), text);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  say(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
