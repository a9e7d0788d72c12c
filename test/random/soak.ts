import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasServer, type TestDatabase } from "../support/postgres.ts";
import { explain, randomTemplate, runSeeds, summary } from "./runner.ts";

const minutes = Number(process.env["ROWPATCH_SOAK_MINUTES"]);
const start = Number(process.env["ROWPATCH_SOAK_SEED"]);
const width = Number(process.env["ROWPATCH_SOAK_WIDTH"]);
const duration = minutes * 60_000;

describe.skipIf(!hasServer)("soak", () => {
  let template: TestDatabase;
  beforeAll(async () => {
    template = await randomTemplate();
  });
  afterAll(() => template[Symbol.asyncDispose]());

  test(
    "no seed breaks a promise",
    async () => {
      const end = Date.now() + duration;
      let seed = start;
      const next = () => (Date.now() < end ? seed++ : undefined);
      const ways = { template: template.name };
      const tally = await runSeeds(next, ways, {
        width,
        wholeEvery: 10,
        onFailure: ({ seed: failed, wrong }) => process.stdout.write(`seed ${failed}: ${wrong}\n`),
      });
      process.stdout.write(`seeds ${start} to ${seed - 1}\n${summary(tally)}\n`);
      const told: string[] = [];
      for (const failure of tally.failures.slice(0, 5))
        told.push(await explain(failure, ways, 120_000));
      const others = tally.failures
        .slice(5)
        .map(({ seed: failed, wrong }) => `seed ${failed}: ${wrong}`);
      expect([...told, ...others].join("\n\n")).toBe("");
    },
    duration + 1_800_000,
  );
});
