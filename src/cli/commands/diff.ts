/**
 * `rowpatch diff`: the comparison on stdout. Never refuses; it shows what `script` would refuse.
 */
import { totalOf } from "../../changeset/types.ts";
import { type SummaryFacts, summaryText, totals } from "../../outputs/summary.ts";
import type { Outcome } from "../exit.ts";
import type { Io } from "../io.ts";
import { runComparison, startRun } from "../run.ts";
import type { RawSettings } from "../setting-reader.ts";
import { countsText, findingsText } from "../text.ts";
import { readVersion } from "../version.ts";

export async function runDiff(flags: RawSettings, io: Io): Promise<Outcome> {
  const run = await startRun(flags, io);
  await using comparison = await runComparison(run);
  const facts: SummaryFacts = { ...comparison, version: readVersion(), generatedAt: run.time };
  if (run.json) {
    io.stdout.write(summaryText(facts));
  } else {
    const findings = findingsText(comparison.findings, run.paint);
    io.stdout.write(countsText(facts) + (findings === "" ? "" : `\n${findings}`));
  }
  const { compared, counts, withheld } = totals(comparison.tables);
  return {
    kind: "compared",
    tables: compared,
    differences: totalOf(counts) + totalOf(withheld),
  };
}
