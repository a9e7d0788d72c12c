/**
 * The way there and back on a restored scratch database: try, deploy, compare, verify, go back, compare.
 */
import { totalOf } from "../../changeset/types.ts";
import { expectSequences } from "../sequence-check.ts";
import { compareDeployed, compareReverted } from "./compare.ts";
import { runPreflight } from "./preflight.ts";
import { runDone, runRefused, type Stage } from "./stage.ts";

/** Goes the whole way. @throws StepFailed at the first step that does not show what it should. */
export async function rehearseScripts(stage: Stage): Promise<void> {
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
  await journal.step(
    "compare deployed",
    "scratch differs from production by the bundle's changes, no more, no less",
    async () => {
      const facts = await compareDeployed(stage, deployed);
      const notes = expectSequences(stage.bundle, restored, deployed);
      return { ...facts, notes: [...(facts.notes ?? []), ...notes] };
    },
  );
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
}
