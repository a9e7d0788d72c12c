import { describe, expect, test } from "vitest";
import { journal, StepFailed } from "../../src/rehearse/journal.ts";
import type { ScriptResult, ScriptRunner } from "../../src/rehearse/psql.ts";
import { startAside } from "../../src/rehearse/steps/aside.ts";
import { run } from "../../src/rehearse/steps/stage.ts";

const failing = (error: Error) => async (): Promise<never> => {
  throw error;
};
const nothing = async (): Promise<void> => undefined;

describe("a step beside others", () => {
  test("lets them begin when it says so, and when it fails before", async () => {
    const saying = startAside(async (markBegun) => markBegun());
    await saying.begun;
    await saying.beside(nothing);
    const broken = startAside(failing(new StepFailed("no")));
    await broken.begun;
    expect(broken.isOver()).toBe(true);
    await expect(broken.beside(nothing)).rejects.toThrow("no");
  });

  test.for([
    { what: "its own failed step before that of the others", own: "step", other: "step" },
    { what: "what is no failed step before a failed step", own: "step", other: "broken" },
    { what: "what is no failed step of its own", own: "broken", other: "step" },
    { what: "what the others throw where it passes", own: undefined, other: "step" },
  ] as const)("throws $what", async ({ own, other }) => {
    const errors = {
      step: (who: string) => new StepFailed(who),
      broken: (who: string) => new Error(who),
    };
    const aside = startAside(own ? failing(errors[own]("own")) : nothing);
    const thrown = aside.beside(failing(errors[other]("others")));
    const isOthers = own === undefined || (own === "step" && other === "broken");
    await expect(thrown).rejects.toThrow(isOthers ? "others" : "own");
  });
});

describe("the record of steps side by side", () => {
  test("is in the order of their beginning, and ends at the first that failed", async () => {
    let time = 0;
    const record = journal(
      () => time,
      () => undefined,
    );
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const earlier = record.step("compare deployed", "", async () => {
      await ended;
      time = 5;
      throw new StepFailed("a row differs");
    });
    await record.step("verify", "", async () => ({}));
    expect(record.steps.map(({ step }) => step)).toEqual(["verify"]);
    end();
    await expect(earlier).rejects.toThrow("a row differs");
    await expect(record.step("revert", "", async () => ({}))).rejects.toThrow(StepFailed);
    expect(record.steps).toMatchObject([
      { step: "compare deployed", outcome: "failed", milliseconds: 5 },
    ]);
  });
});

describe("a script that stops beside the comparison", () => {
  const done = { exitCode: 0, stdout: "", stderr: "" };
  const waited = {
    exitCode: 3,
    stdout: "",
    stderr: "ERROR:  canceling statement due to lock timeout",
  };
  const refused = { exitCode: 3, stdout: "", stderr: "ERROR:  production is not as reviewed" };

  /** Each run gives the next result; says in which order things happened. */
  async function scriptRun(results: readonly ScriptResult[]): Promise<readonly string[]> {
    const order: string[] = [];
    let endComparison = (): void => undefined;
    const comparison = startAside(
      () =>
        new Promise<void>((resolve) => {
          endComparison = () => {
            order.push("comparison over");
            resolve();
          };
        }),
    );
    const left = [...results];
    const runner: ScriptRunner = {
      kind: "psql",
      version: "psql",
      run: async () => {
        const result = left.shift() ?? done;
        order.push(`exit ${result.exitCode}`);
        setImmediate(endComparison);
        return result;
      },
    };
    const bundle = { path: () => "deploy.sql" };
    const result = await run({ comparison, database: { runner }, bundle }, "deploy");
    return [...order, `came to ${result.exitCode}`];
  }

  test("for a lock or a limit of time is run again when that is over", async () => {
    expect(await scriptRun([waited, done])).toEqual([
      "exit 3",
      "comparison over",
      "exit 0",
      "came to 0",
    ]);
  });

  test("for any other reason has stopped", async () => {
    expect(await scriptRun([refused, done])).toEqual(["exit 3", "came to 3"]);
  });
});
