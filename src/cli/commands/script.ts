/**
 * `rowpatch script`: compares, refuses while questions are open, else writes the bundle and says how to run it.
 */
import { join } from "node:path";
import { totalOf } from "../../changeset/types.ts";
import { isBlocked } from "../../findings.ts";
import { plural } from "../../names.ts";
import { type BundleFacts, writeBundle } from "../../outputs/bundle.ts";
import type { FolderRequest, WrittenFile } from "../../outputs/folder.ts";
import { checkFree } from "../../outputs/place.ts";
import { runLines } from "../../outputs/run-lines.ts";
import { summaryOf, totals } from "../../outputs/summary.ts";
import type { Comparison } from "../../pipeline.ts";
import type { Outcome } from "../exit.ts";
import type { Io } from "../io.ts";
import { answersTo } from "../next-command.ts";
import { progressDisplay } from "../progress.ts";
import { type Run, runComparison, startRun } from "../run.ts";
import type { RawSettings } from "../setting-reader.ts";
import { aligned, countsText, findingsText } from "../text.ts";
import { readVersion } from "../version.ts";

export async function runScript(
  flags: RawSettings,
  io: Io,
  argv: readonly string[],
): Promise<Outcome> {
  const run = await startRun(flags, io);
  const folder = folderOf(run);
  // Before the work of comparing; writing asks again.
  await checkFree(folder);
  await using comparison = await runComparison(run);
  const facts = {
    ...(await bundleFacts(run, comparison)),
    ...(flags["dbml"] === true ? { dbml: () => dbmlText(comparison) } : {}),
  };
  if (isBlocked(comparison.findings)) return refuse(run, facts, argv);
  const { counts } = totals(comparison.tables);
  const files = totalOf(counts) === 0 ? [] : await write(run, facts, folder);
  if (run.json) {
    io.stdout.write(
      `${JSON.stringify({ ...writtenJson(folder, files), ...summaryOf(facts) }, null, 2)}\n`,
    );
  } else {
    io.stdout.write(countsText(facts));
    const findings = findingsText(comparison.findings, run.paint);
    if (findings !== "") io.stderr.write(`\n${findings}`);
    io.stdout.write(
      files.length === 0
        ? "\nnothing to do: no bundle was written\n"
        : writtenText(folder.path, files),
    );
  }
  return { kind: "done" };
}

/** Writes the bundle, and shows how far it is. */
async function write(
  { io, quiet, json }: Run,
  facts: BundleFacts,
  folder: FolderRequest,
): Promise<readonly WrittenFile[]> {
  const { report, clear } = await progressDisplay(io, quiet || json);
  const tables = { done: 0, of: 0 };
  try {
    return await writeBundle(facts, {
      ...folder,
      onProgress: (file, bytes) => report?.({ kind: "writing", tables, rows: 0, file, bytes }),
    });
  } finally {
    clear();
  }
}

/** `out/<ticket>`, else a folder named by the time of the run. */
function folderOf({ settings, force, time, io }: Run): FolderRequest {
  const stamp = time.toISOString().replace(/[-:]|\.\d+/g, "");
  const path = settings.out ?? join("out", settings.ticket ?? stamp);
  return { path, force, ...(io.signal ? { signal: io.signal } : {}) };
}

async function bundleFacts({ settings, time }: Run, comparison: Comparison): Promise<BundleFacts> {
  const { makeScripts } = await import("../../pipeline.ts");
  const { ticket, expectDatabase, lockTimeout, bulkThreshold, temporaryTables, triggerWrites } =
    settings;
  const { statementTimeout, lockTables, ledger, backupSchema } = settings;
  const options = {
    version: readVersion(),
    generatedAt: time,
    ...(ticket === undefined ? {} : { ticket }),
    ...(expectDatabase === undefined ? {} : { expectDatabase }),
    triggerWrites,
    ...(lockTimeout === undefined ? {} : { lockTimeout }),
    ...(statementTimeout === undefined ? {} : { statementTimeout }),
    ...(lockTables === undefined ? {} : { lockTables }),
    ...(ledger === undefined ? {} : { ledger }),
    ...(backupSchema === undefined ? {} : { backupSchema }),
    ...(bulkThreshold === undefined ? {} : { bulkThreshold }),
    ...(temporaryTables === undefined ? {} : { temporaryTables }),
  };
  const scripts = await makeScripts(comparison, options);
  const { changeset, production, tables, findings } = comparison;
  return { ...options, changeset, catalog: production, tables, findings, scripts };
}

/** Loaded only when it is asked for: see schemaDbml. */
async function* dbmlText({ production }: Comparison): AsyncGenerator<string> {
  const { schemaDbml } = await import("../../catalog/dbml.ts");
  yield await schemaDbml(production);
}

function refuse({ json, paint, io }: Run, facts: BundleFacts, argv: readonly string[]): Outcome {
  const blocking = facts.findings.filter(({ severity }) => severity === "blocking");
  if (json) io.stdout.write(`${JSON.stringify({ written: null, ...summaryOf(facts) }, null, 2)}\n`);
  io.stderr.write(
    `rowpatch: refused: ${plural(blocking.length, "blocking finding wants", "blocking findings want")} an answer; nothing was written\n` +
      `${findingsText(facts.findings, paint)}${answersTo(blocking, argv)}\n`,
  );
  return { kind: "refused" };
}

function writtenJson({ path }: FolderRequest, files: readonly WrittenFile[]): object {
  return { written: files.length === 0 ? null : { folder: path, files } };
}

function writtenText(path: string, files: readonly WrittenFile[]): string {
  const sizes = aligned(
    files.map(({ name, bytes }) => [name, plural(bytes, "byte")]),
    1,
  );
  const lines = runLines(path);
  const width = Math.max(...lines.map(({ purpose }) => purpose.length));
  return [
    "",
    `written to ${path}:`,
    ...sizes.map((line) => `  ${line}`),
    "",
    "read deploy.sql, then run it with production's address in URL:",
    ...lines.map(({ purpose, command }) => `  ${purpose.padEnd(width)}  ${command}`),
    "",
  ].join("\n");
}
