import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasServer, type TestDatabase } from "../support/postgres.ts";
import { explain, randomTemplate, runSeeds, summary } from "./runner.ts";

/** Seeds of every run; ROWPATCH_RANDOM_SEEDS takes others, `from-to`. */
const [from = 1, to = 200] = (process.env["ROWPATCH_RANDOM_SEEDS"] ?? "1-200")
  .split("-")
  .map(Number);

describe.skipIf(!hasServer)("random schemas, data and edits", () => {
  let template: TestDatabase;
  beforeAll(async () => {
    template = await randomTemplate();
  });
  afterAll(() => template[Symbol.asyncDispose]());

  test("every seed goes to local and back, and loses nothing of a production that moves on", async () => {
    let seed = from;
    const next = () => (seed <= to ? seed++ : undefined);
    const ways = { template: template.name };
    const tally = await runSeeds(next, ways, { width: 3, wholeEvery: 10 });
    process.stderr.write(`${summary(tally)}\n`);
    const told: string[] = [];
    const shown = Number(process.env["ROWPATCH_RANDOM_SHRINK"] ?? 2);
    for (const failure of tally.failures.slice(0, shown))
      told.push(await explain(failure, ways, 60_000));
    const others = tally.failures
      .slice(shown)
      .map(({ seed: failed, wrong }) => `seed ${failed}: ${wrong}`);
    expect([...told, ...others].join("\n\n")).toBe("");
    const blocked = [...tally.outcomes.values()].filter(({ end }) => end === "blocked").length;
    expect(blocked, "blocked seeds").toBeLessThan(tally.outcomes.size / 7);
  }, 900_000);
});
