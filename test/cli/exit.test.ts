import { expect, test } from "vitest";
import { exitCode, type Outcome } from "../../src/cli/exit.ts";

const cases: readonly (readonly [string, Outcome, number])[] = [
  ["done is 0", { kind: "done" }, 0],
  ["no differences are 0", { kind: "compared", tables: 3, differences: 0 }, 0],
  ["differences are 1", { kind: "compared", tables: 3, differences: 2 }, 1],
  ["nothing compared is 2", { kind: "compared", tables: 0, differences: 0 }, 2],
  ["a failure is 2", { kind: "failed", failure: { code: "source_missing", path: "x" } }, 2],
  ["a bug is 2", { kind: "bug" }, 2],
  ["refused is 3", { kind: "refused" }, 3],
  ["interrupted is 130", { kind: "failed", failure: { code: "interrupted" } }, 130],
];

test.each(cases)("%s", (_name, outcome, code) => {
  expect(exitCode(outcome)).toBe(code);
});
