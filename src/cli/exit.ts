/**
 * Exit codes: one function of what came out. Stated in --help and in the README.
 */
import type { Failure } from "../errors.ts";

/** What a command came to. */
export type Outcome =
  | { readonly kind: "done" }
  /** Of `diff`: tables compared, and changes found, withheld ones included. */
  | { readonly kind: "compared"; readonly tables: number; readonly differences: number }
  | { readonly kind: "refused" }
  | { readonly kind: "failed"; readonly failure: Failure }
  | { readonly kind: "bug" };

export function exitCode(outcome: Outcome): 0 | 1 | 2 | 3 | 130 {
  switch (outcome.kind) {
    case "done":
      return 0;
    case "compared":
      if (outcome.tables === 0) return 2;
      return outcome.differences > 0 ? 1 : 0;
    case "refused":
      return 3;
    case "failed":
      return outcome.failure.code === "interrupted" ? 130 : 2;
    case "bug":
      return 2;
  }
}

/** For --help. */
export const EXIT_CODES = `Exit codes:
  0    done, or no differences
  1    diff found differences
  2    failure, misuse, or nothing was compared
  3    refused: a blocking finding wants an answer, or a rehearsal found something wrong
  130  interrupted`;
