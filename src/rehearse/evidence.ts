/**
 * What a rehearsal found, as data: `rehearsal.json` of a bundle. The format is a contract: see README, "rehearsal.json".
 */
import type { Provenance } from "../sources/source.ts";
import type { ScratchKind } from "./scratch/server.ts";

export type StepName =
  | "restore"
  | "preflight"
  | "verify before"
  | "deploy"
  | "compare deployed"
  | "verify"
  | "deploy again"
  | "revert"
  | "compare reverted"
  | "drift"
  | "psql killed"
  | "connection cut";

/** One step: what it should show, and whether it did. */
export interface StepEvidence {
  readonly step: StepName;
  /** In words: what must happen for the step to pass. */
  readonly expected: string;
  readonly outcome: "passed" | "failed";
  /** Of a failed step: why, in psql's own words where it was psql. */
  readonly reason?: string;
  /** Of a failed script: its file and the line, where psql named it. */
  readonly script?: string;
  readonly line?: number;
  readonly milliseconds: number;
  /** Of psql, where the step ran one script. */
  readonly exitCode?: number;
  /** The last line that the script printed. */
  readonly said?: string;
  readonly counts?: Readonly<Record<string, number>>;
  /** Of all rows of the database after the step: equal exactly if nothing was written in between. */
  readonly rows?: string;
  /** What the reader should know besides. */
  readonly notes?: readonly string[];
}

/** Something of production that the scratch server did not take, and that the bundle does not need. */
export interface LeftOut {
  readonly place: string;
  readonly reason: string;
}

export interface Evidence {
  readonly format: "rowpatch.rehearsal";
  readonly version: 1;
  readonly madeBy: string;
  readonly startedAt: string;
  readonly milliseconds: number;
  readonly outcome: "passed" | "failed";
  /** Of a failed rehearsal: where. */
  readonly failedAt?: StepName;
  readonly production: Provenance;
  /** Whether production is what the bundle was made from: `false` for another dump, `null` where nobody can tell. */
  readonly asReviewed: boolean | null;
  readonly scratch: {
    readonly kind: ScratchKind;
    readonly description: string;
    readonly serverVersion: string;
  };
  readonly psql: { readonly kind: string; readonly version: string };
  readonly leftOut: readonly LeftOut[];
  readonly steps: readonly StepEvidence[];
  /** What was not done, and why. */
  readonly notDone: readonly string[];
}

/** As it stands in the file. */
export function evidenceText(evidence: Evidence): string {
  return `${JSON.stringify(evidence, null, 2)}\n`;
}
