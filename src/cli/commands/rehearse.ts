/**
 * `rowpatch rehearse`: proves a bundle on a scratch server, and puts the evidence into it.
 */
import { tmpdir } from "node:os";
import { ExpectedError } from "../../errors.ts";
import { printable } from "../../names.ts";
import type { Evidence, StepEvidence } from "../../rehearse/evidence.ts";
import type { ScratchKind } from "../../rehearse/scratch/server.ts";
import type { Outcome } from "../exit.ts";
import { type Io, type Paint, painter } from "../io.ts";
import type { RawSettings } from "../setting-reader.ts";
import { readVersion } from "../version.ts";

/** Bytes that comparisons may hold. */
const MEMORY = 256 * 1024 ** 2;

export async function runRehearse(bundle: string, flags: RawSettings, io: Io): Promise<Outcome> {
  const settings = settingsOf(flags);
  const paint = painter(io.stdout, io, flags["color"] !== false);
  const [{ rehearse }, { demandWritable, writeEvidence }] = await Promise.all([
    import("../../rehearse/rehearse.ts"),
    import("../../rehearse/write-evidence.ts"),
  ]);
  await demandWritable(bundle);
  const { evidence, kept } = await rehearse({
    ...settings,
    bundle,
    keep: flags["keep"] === true,
    version: readVersion(),
    now: io.now,
    env: io.env,
    tempDirectory: io.env["TMPDIR"] ?? tmpdir(),
    memory: MEMORY,
    ...(io.signal ? { signal: io.signal } : {}),
    onStep: (step) => {
      if (flags["quiet"] !== true) io.stderr.write(`${step} ...\n`);
    },
  });
  await writeEvidence(bundle, evidence);
  io.stdout.write(
    flags["json"] === true
      ? `${JSON.stringify(evidence, null, 2)}\n`
      : rehearsalText(evidence, paint, bundle),
  );
  if (kept.length > 0) {
    const [connect, remove] = kept;
    io.stderr.write(`the scratch database is kept:\n  ${connect}\nto be rid of it:\n  ${remove}\n`);
  }
  return evidence.outcome === "passed" ? { kind: "done" } : { kind: "refused" };
}

interface RehearseSettings {
  readonly production: string;
  readonly database?: string;
  readonly scratch?: string;
  readonly scratchKind?: ScratchKind;
  readonly image?: string;
}

const KINDS: readonly string[] = ["binaries", "docker", "pglite"];

function settingsOf(flags: RawSettings): RehearseSettings {
  const { production, database, scratch, scratchKind, image } = texts(flags);
  const mistakes = [
    ...(production
      ? []
      : ["--production is missing: name the dump or database to rehearse on a copy of"]),
    ...(scratchKind === undefined || KINDS.includes(scratchKind)
      ? []
      : [`--scratch-kind must be one of ${KINDS.join(", ")}`]),
    ...(scratch !== undefined && scratchKind !== undefined
      ? ["--scratch names a server, so --scratch-kind has nothing to choose; leave one of them out"]
      : []),
  ];
  if (mistakes.length > 0 || production === undefined) {
    throw new ExpectedError({ code: "usage", message: mistakes.join("\n") });
  }
  return {
    production,
    ...(database === undefined ? {} : { database }),
    ...(scratch === undefined ? {} : { scratch }),
    // One of KINDS, which was checked above.
    ...(scratchKind === undefined ? {} : { scratchKind: scratchKind as ScratchKind }),
    ...(image === undefined ? {} : { image }),
  };
}

function texts(
  flags: RawSettings,
): Readonly<
  Record<"production" | "database" | "scratch" | "scratchKind" | "image", string | undefined>
> {
  const text = (name: string): string | undefined => {
    const value = flags[name];
    return typeof value === "string" ? value : undefined;
  };
  return {
    production: text("production"),
    database: text("database"),
    scratch: text("scratch"),
    scratchKind: text("scratchKind"),
    image: text("image"),
  };
}

function rehearsalText(evidence: Evidence, paint: Paint, bundle: string): string {
  const { scratch, psql, steps, leftOut, notDone, asReviewed } = evidence;
  const width = Math.max(...steps.map(({ step }) => step.length));
  return [
    `scratch server  ${scratch.description}, PostgreSQL ${scratch.serverVersion}`,
    `scripts run by  ${psql.kind === "psql" ? psql.version : `${psql.kind}, ${psql.version}`}`,
    ...(asReviewed === false
      ? [
          "production is not the one that the bundle was made from; what was rehearsed on that one stays in rehearsal.json",
        ]
      : []),
    "",
    ...steps.flatMap((step) => stepLines(step, width, paint)),
    ...leftOut.map(({ place, reason }) => `left out: ${printable(`${place}: ${reason}`)}`),
    ...notDone.map((what) => `not done: ${what}`),
    "",
    evidence.outcome === "passed"
      ? `the rehearsal passed; the evidence lies in ${bundle}/rehearsal.json`
      : paint("red", `the rehearsal failed at the step "${evidence.failedAt}"`),
    "",
  ].join("\n");
}

function stepLines(step: StepEvidence, width: number, paint: Paint): readonly string[] {
  const seconds = `${(step.milliseconds / 1000).toFixed(1)} s`.padStart(8);
  const counts = Object.entries(step.counts ?? {}).map(([name, count]) => `${count} ${name}`);
  const mark = step.outcome === "passed" ? "passed" : paint("red", "failed");
  const line = `${step.step.padEnd(width)}  ${mark}${seconds}  ${counts.join(", ")}`.trimEnd();
  const notes = step.step === "drift" ? [] : (step.notes ?? []);
  return [
    line,
    ...notes.map((note) => `  ${printable(note)}`),
    ...(step.reason?.split("\n") ?? []).map((reason) => `  ${printable(reason)}`),
  ];
}
