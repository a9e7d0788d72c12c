/**
 * Runs preflight.sql and reads the counts that it prints.
 */
import { type Facts, StepFailed, scriptFacts, scriptFailed } from "../journal.ts";
import { expectRows, run, type Stage } from "./stage.ts";

/** Every one of so many changes is pending, and nothing is written. @throws StepFailed */
export async function runPreflight(stage: Stage, changes: number): Promise<Facts> {
  const result = await run(stage, "preflight");
  if (result.exitCode !== 0) {
    throw scriptFailed("preflight", result, "every change should be pending");
  }
  const said = scriptFacts("preflight", result);
  const counts = preflightCounts(result.stdout);
  if (counts === undefined) {
    throw new StepFailed(
      'preflight.sql printed no line of numbers under "pending", "in place" and "drifted": nobody knows what it found',
      said,
    );
  }
  const { pending, inPlace, drifted } = counts;
  const facts = { ...said, counts: { pending, "already in place": inPlace, drifted } };
  if (pending !== changes || inPlace !== 0 || drifted !== 0) {
    throw new StepFailed(
      `preflight.sql calls ${pending} of ${changes} changes pending, ${inPlace} already in place, ${drifted} drifted`,
      facts,
    );
  }
  return { ...facts, ...(await expectRows(stage, stage.restored)) };
}

interface PreflightCounts {
  readonly pending: number;
  readonly inPlace: number;
  readonly drifted: number;
}

/** What stands in the first line of numbers under the heading that preflight prints; `undefined` where there is none. */
export function preflightCounts(stdout: string): PreflightCounts | undefined {
  const lines = stdout.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  const heading = lines.findIndex((cells) => TITLES.every((title) => cells.includes(title)));
  const titles = lines[heading] ?? [];
  const isNumbers = (cells: readonly string[]) =>
    cells.length === titles.length && cells.every((cell) => /^\d+$/.test(cell));
  const row = heading < 0 ? undefined : lines.slice(heading + 1).find(isNumbers);
  if (row === undefined) return undefined;
  const [pending = 0, inPlace = 0, drifted = 0] = TITLES.map((title) =>
    Number(row[titles.indexOf(title)]),
  );
  return { pending, inPlace, drifted };
}

const TITLES = ["pending", "in place", "drifted"];
