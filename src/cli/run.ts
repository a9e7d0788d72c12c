/**
 * What every comparing command does first: settings from flags and file, the request for the pipeline, progress.
 */
import { tmpdir } from "node:os";
import type { CompareRequest, Comparison } from "../pipeline.ts";
import { readConfigFile } from "./config-file.ts";
import { type Io, type Paint, painter, runTime } from "./io.ts";
import { progressDisplay } from "./progress.ts";
import type { RawSettings } from "./setting-reader.ts";
import { parseSettings, type Settings } from "./settings.ts";

/** A run: checked settings, and what concerns only this run. */
export interface Run {
  readonly settings: Settings;
  readonly json: boolean;
  readonly force: boolean;
  readonly quiet: boolean;
  readonly paint: Paint;
  readonly time: Date;
  /** Whether `SOURCE_DATE_EPOCH` set the time. */
  readonly fixedTime: boolean;
  readonly io: Io;
}

const NO_FILE = { name: "", settings: {} };

/**
 * Reads settings. `flags` are as commander names them: `ignoreColumn` for `--ignore-column`; `config: false` reads no file.
 *
 * @throws ExpectedError `usage` that lists every mistake.
 */
export async function startRun(flags: RawSettings, io: Io): Promise<Run> {
  const file = flags["config"] === false ? NO_FILE : await readConfigFile(textOf(flags["config"]));
  const named = Object.fromEntries(
    Object.entries(flags).map(([name, value]) => [flagName(name), value]),
  );
  const { time, fixed } = runTime(io);
  return {
    settings: parseSettings(named, file.settings, file.name),
    json: flags["json"] === true,
    force: flags["force"] === true,
    quiet: flags["quiet"] === true,
    paint: painter(io.stdout, io, flags["color"] !== false),
    time,
    fixedTime: fixed,
    io,
  };
}

/** Compares, and shows how far it is. The caller disposes of the comparison. */
export async function runComparison(run: Run): Promise<Comparison> {
  const { io, settings } = run;
  const progress = await progressDisplay(io, run.quiet || run.json);
  progress.show("opening both sides");
  const { compare } = await import("../pipeline.ts");
  const request: CompareRequest = {
    ...settings,
    tempDirectory: io.env["TMPDIR"] ?? tmpdir(),
    env: io.env,
    ...(io.signal ? { signal: io.signal } : {}),
    ...(progress.report ? { onProgress: progress.report } : {}),
  };
  try {
    const comparison = await compare(request);
    return run.fixedTime ? atTime(comparison, run.time) : comparison;
  } finally {
    progress.clear();
  }
}

/** A live database is read at the time of the run; where that time is fixed, so is this one. */
function atTime(comparison: Comparison, time: Date): Comparison {
  const createdAt = time.toISOString();
  const { changeset } = comparison;
  const production =
    changeset.production.kind === "database"
      ? { ...changeset.production, createdAt }
      : changeset.production;
  const local =
    changeset.local.kind === "database" ? { ...changeset.local, createdAt } : changeset.local;
  return { ...comparison, changeset: { ...changeset, production, local } };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** `ignoreColumn` is `--ignore-column`. */
function flagName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
