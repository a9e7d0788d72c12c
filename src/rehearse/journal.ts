/**
 * Keeps the record of the steps: what was expected, how long it took, whether it held.
 */
import type { StepEvidence, StepName } from "./evidence.ts";
import { errorOf, type ScriptResult } from "./psql.ts";

/** What a step adds to its record. */
export type Facts = Omit<StepEvidence, "step" | "expected" | "outcome" | "milliseconds">;

/** A step that did not show what it should. Ends the rehearsal; it is a result, not a mistake of the program. */
export class StepFailed extends Error {
  override readonly name = "StepFailed";
  readonly facts: Facts;

  constructor(reason: string, facts: Facts = {}) {
    super(reason);
    this.facts = { ...facts, reason };
  }
}

export interface Journal {
  /** In the order in which they began, up to the first that failed: whether others ran beside it makes no difference. */
  readonly steps: readonly StepEvidence[];
  /**
   * Runs a step and records it; nothing is begun once a step has failed.
   *
   * @throws whatever `work` throws; a StepFailed is recorded first.
   */
  step(name: StepName, expected: string, work: () => Promise<Facts>): Promise<void>;
}

/** `onStep` is called before each step. */
export function journal(now: () => number, onStep: (name: StepName) => void): Journal {
  const records: (StepEvidence | undefined)[] = [];
  const hasFailed = (record: StepEvidence | undefined) => record?.outcome === "failed";
  return {
    get steps() {
      const failed = records.findIndex(hasFailed);
      const counted = failed < 0 ? records : records.slice(0, failed + 1);
      return counted.filter((record) => record !== undefined);
    },
    async step(step, expected, work) {
      if (records.some(hasFailed)) throw new StepFailed("another step has failed");
      onStep(step);
      const startedAt = now();
      const place = records.push(undefined) - 1;
      const record = (outcome: "passed" | "failed", facts: Facts): void => {
        const milliseconds = Math.round(now() - startedAt);
        records[place] = { step, expected, outcome, milliseconds, ...facts };
      };
      try {
        record("passed", await work());
      } catch (error) {
        if (error instanceof StepFailed) record("failed", error.facts);
        throw error;
      }
    },
  };
}

/** What psql came to, for the record. */
export function scriptFacts(script: string, result: ScriptResult): Facts {
  const said = result.stdout.trimEnd().split("\n").at(-1)?.trim();
  const error = result.exitCode === 0 ? undefined : errorOf(result);
  return {
    script: `${script}.sql`,
    exitCode: result.exitCode,
    ...(said ? { said } : {}),
    ...(error?.line === undefined ? {} : { line: error.line }),
  };
}

/** The script did not end as it should. */
export function scriptFailed(script: string, result: ScriptResult, wanted: string): StepFailed {
  const facts = scriptFacts(script, result);
  const words = errorOf(result)?.message ?? "it printed no error";
  const place = facts.line === undefined ? "" : `, line ${facts.line}`;
  const reason =
    result.exitCode === 0
      ? `${script}.sql ended with exit code 0, but ${wanted}`
      : `${script}.sql${place}: ${words}\npsql ended with exit code ${result.exitCode}, but ${wanted}`;
  return new StepFailed(reason, facts);
}
