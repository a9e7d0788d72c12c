import { describe, expect, test } from "vitest";
import type { Evidence } from "../../src/rehearse/evidence.ts";
import { addEvidence, type KeptEvidence, parseEvidence } from "../../src/rehearse/kept-evidence.ts";
import { withHtmlSection, withMarkdownSection } from "../../src/rehearse/report-section.ts";
import { demandWritable } from "../../src/rehearse/write-evidence.ts";
import type { Provenance } from "../../src/sources/source.ts";

const dump = (display: string, sha256: string): Provenance => ({
  kind: "dump",
  display,
  encoding: "UTF8",
  createdAt: "2026-11-20T03:00:00",
  sha256,
});
const REVIEWED = dump("prod.dump", "aa");
const NEWER = dump("newer.dump", "bb");
const LIVE: Provenance = { kind: "database", display: "postgres://prod/shop", encoding: "UTF8" };

function rehearsed(
  production: Provenance,
  outcome: "passed" | "failed",
  day: number,
  asReviewed: boolean | null = production === REVIEWED,
): Evidence {
  const failure = {
    step: "deploy",
    expected: "it ends",
    milliseconds: 1,
    reason: "5 rows <drifted>",
  };
  return {
    format: "rowpatch.rehearsal",
    version: 1,
    madeBy: "rowpatch 0.0.0",
    startedAt: `2026-11-${day}T00:00:00.000Z`,
    milliseconds: 1000,
    outcome,
    ...(outcome === "failed" ? { failedAt: "deploy" } : {}),
    production,
    asReviewed,
    scratch: { kind: "binaries", description: "a cluster", serverVersion: "15.18" },
    psql: { kind: "psql", version: "psql (PostgreSQL) 15.18" },
    leftOut: [],
    steps: outcome === "failed" ? [{ ...failure, step: "deploy", outcome }] : [],
    notDone: [],
  };
}

const passed = rehearsed(REVIEWED, "passed", 10);
const elsewhere = rehearsed(NEWER, "failed", 11);

/** Day of the first one shown, then those of the others. */
function days(kept: KeptEvidence): readonly (string | undefined)[] {
  return [kept, ...(kept.others ?? [])].map(({ startedAt }) => startedAt.slice(8, 10));
}

describe("evidence of one more rehearsal", () => {
  const cases: readonly {
    readonly what: string;
    readonly runs: readonly Evidence[];
    readonly kept: readonly string[];
  }[] = [
    { what: "the first one is kept", runs: [elsewhere], kept: ["11"] },
    {
      what: "on another production the proof on the reviewed one stays first",
      runs: [passed, elsewhere],
      kept: ["10", "11"],
    },
    {
      what: "on the reviewed production comes first, whatever was there",
      runs: [elsewhere, passed],
      kept: ["10", "11"],
    },
    {
      what: "on the same production replaces the former one, also where it fails",
      runs: [passed, elsewhere, rehearsed(REVIEWED, "failed", 12), rehearsed(NEWER, "passed", 13)],
      kept: ["12", "13"],
    },
    {
      what: "the same dump under another path is the same production",
      runs: [passed, rehearsed({ ...REVIEWED, display: "copy.dump" }, "passed", 12, true)],
      kept: ["12"],
    },
    {
      what: "a live production that nobody can tell replaces only its like",
      runs: [
        rehearsed(LIVE, "passed", 10, null),
        elsewhere,
        rehearsed(LIVE, "passed", 12, null),
        passed,
      ],
      kept: ["10", "12", "11"],
    },
  ];
  test.for(cases)("$what", ({ runs, kept }) => {
    const all = runs.reduce<KeptEvidence | undefined>(addEvidence, undefined);
    expect(all && days(all)).toEqual(kept);
  });

  test("is read from the file again, and nothing else is taken for it", () => {
    const kept = addEvidence(passed, elsewhere);
    expect(parseEvidence(JSON.stringify(kept))).toEqual(kept);
    expect(parseEvidence('{"format":"rowpatch.rehearsal","version":2}')).toBeUndefined();
    expect(parseEvidence("null")).toBeUndefined();
    expect(parseEvidence("{")).toBeUndefined();
  });

  test("shows in the reports under its own production, and leaves with the section", () => {
    const kept = addEvidence(passed, elsewhere);
    const markdown = withMarkdownSection("# CHG\n\n## How to run\n", kept);
    expect(markdown).toMatch(
      /## Rehearsal\n\nPassed: [\s\S]*### On another production: newer\.dump, as of [^\n]*\n\nFailed at the step "deploy"[\s\S]*5 rows <drifted>\n\n## How to run/,
    );
    expect(withMarkdownSection(markdown, passed)).not.toContain("another production");
    const html = withHtmlSection("<main></main>", kept);
    expect(html).toContain("<h3>On another production: newer.dump, as of 2026-11-20T03:00:00</h3>");
    expect(html).toContain("<pre>5 rows &lt;drifted&gt;</pre>");
    expect(withHtmlSection(html, passed)).not.toContain("another production");
  });
});

test("a bundle that takes no evidence is refused before the rehearsal", async () => {
  // Nobody makes files there, whatever the permissions say.
  await expect(demandWritable("/proc")).rejects.toMatchObject({
    failure: { code: "file_system", path: "/proc" },
  });
  await demandWritable("/gone");
});
