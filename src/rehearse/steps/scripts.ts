/**
 * The way there and back on a restored scratch database: try, deploy, compare, verify, go back, compare.
 */
import { totalOf } from "../../changeset/types.ts";
import type { Fingerprint } from "../fingerprint.ts";
import { expectSequences } from "../sequence-check.ts";
import { startAside } from "./aside.ts";
import { compareDeployed, compareReverted } from "./compare.ts";
import { rehearseDrift } from "./faults.ts";
import { runPreflight } from "./preflight.ts";
import { runDone, runRefused, type Stage } from "./stage.ts";

/**
 * Goes the whole way, and lets rows drift. The comparison after deploy reads the rows as they were then, beside the steps that
 * follow. @throws StepFailed at the first step that does not show what it should.
 */
export async function rehearseScripts(stage: Stage): Promise<void> {
  const deployed = await goThere(stage);
  const comparison = startAside((markBegun) => compare(stage, deployed, markBegun));
  // With one connection nothing goes on beside anything.
  await (stage.held === undefined ? comparison.beside(async () => undefined) : comparison.begun);
  await comparison.beside(() => goBack({ ...stage, comparison }, deployed));
}

/** State after deploy. */
async function goThere(stage: Stage): Promise<Fingerprint> {
  const { journal, restored } = stage;
  const changes = stage.bundle.tables.reduce((sum, { counts }) => sum + totalOf(counts), 0);
  await journal.step("preflight", "every change is pending, and nothing is written", () =>
    runPreflight(stage, changes),
  );
  await journal.step("verify before", "verify.sql fails: no change is in place yet", () =>
    runRefused(stage, "verify", restored),
  );
  let deployed = restored;
  await journal.step("deploy", "deploy.sql ends with exit code 0", async () => {
    const facts = await runDone(stage, "deploy");
    deployed = await stage.rows.now();
    return { ...facts, rows: deployed.digest };
  });
  return deployed;
}

function compare(stage: Stage, deployed: Fingerprint, markBegun: () => void): Promise<void> {
  return stage.journal.step(
    "compare deployed",
    "scratch differs from production by the bundle's changes, no more, no less",
    async () => {
      const facts = await compareDeployed(stage, deployed, markBegun);
      const notes = expectSequences(stage.bundle, stage.restored, deployed);
      return { ...facts, notes: [...(facts.notes ?? []), ...notes] };
    },
  );
}

async function goBack(stage: Stage, deployed: Fingerprint): Promise<void> {
  const { journal } = stage;
  await journal.step("verify", "verify.sql passes, and nothing is written", () =>
    runDone(stage, "verify", deployed),
  );
  await journal.step("deploy again", "everything is in place already: nothing is written", () =>
    runDone(stage, "deploy", deployed),
  );
  await journal.step("revert", "revert.sql ends with exit code 0", () => runDone(stage, "revert"));
  await journal.step("compare reverted", "scratch equals production again", async () =>
    compareReverted(stage, await stage.rows.now()),
  );
  await rehearseDrift(stage);
}
