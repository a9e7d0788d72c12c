/**
 * Reads a bundle: checks `MANIFEST`, then what changes.jsonl says. Writes nothing.
 */
import { constants } from "node:buffer";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import type { CodecTable } from "../changeset/codec.ts";
import type { SequenceTarget } from "../changeset/types.ts";
import type { Counts } from "../compare/change.ts";
import { ExpectedError } from "../errors.ts";
import { nameKey, type TableName } from "../names.ts";
import { MANIFEST } from "../outputs/place.ts";
import type { Provenance } from "../sources/source.ts";

export type ScriptName = "preflight" | "verify" | "deploy" | "revert";

const SCRIPTS: readonly ScriptName[] = ["preflight", "verify", "deploy", "revert"];

/** A table that the bundle changes, as the first line of changes.jsonl describes it. */
export interface BundleTable extends CodecTable {
  readonly counts: Counts;
}

export interface Bundle {
  readonly folder: string;
  /** The ticket where there is one, else the folder's name. */
  readonly name: string;
  /** What production was when the bundle was made. */
  readonly production: Provenance;
  /** Only those with changes that are executed. */
  readonly tables: readonly BundleTable[];
  readonly sequences: readonly SequenceTarget[];
  /** The only database in which the scripts run, where the bundle names one. */
  readonly expectDatabase: string | undefined;
  /** `table` or `table=column`: what triggers may write. */
  readonly triggerWrites: readonly string[];
  /** The table that notes each run, where the bundle keeps one. */
  readonly ledger: TableName | undefined;
  /** Where the touched rows are copied to, where the bundle does so. */
  readonly backupSchema: string | undefined;
  readonly path: (script: ScriptName) => string;
}

/**
 * Opens a bundle.
 *
 * @throws ExpectedError `bundle` for a folder that is none, `bundle_changed` naming every file that is not as listed.
 */
export async function openBundle(folder: string): Promise<Bundle> {
  const listed = await readManifest(folder);
  await checkFiles(folder, listed);
  for (const name of [...SCRIPTS.map((script) => `${script}.sql`), CHANGES, SUMMARY]) {
    if (!listed.has(name)) throw noBundle(folder, `${MANIFEST} does not list ${name}`);
  }
  const header = parse(folder, CHANGES, await firstLine(join(folder, CHANGES)));
  const summary = parse(folder, SUMMARY, await readFile(join(folder, SUMMARY), "utf8"));
  if (header["format"] !== "rowpatch.changes" || header["version"] !== 1) {
    throw noBundle(folder, `${CHANGES} is of another version of rowpatch`);
  }
  const options = isRecord(summary["options"]) ? summary["options"] : {};
  const { triggerWrites: writes, ledger } = options;
  return {
    folder,
    name: text(summary["ticket"]) ?? basename(resolve(folder)),
    // The format is rowpatch's own, its version was checked, and its bytes are those that MANIFEST lists.
    production: header["production"] as Provenance,
    tables: tablesOf(header["tables"]),
    sequences: sequencesOf(header["sequences"]),
    expectDatabase: text(options["expectDatabase"]),
    triggerWrites: Array.isArray(writes) ? writes.map(String) : [],
    ledger: isRecord(ledger)
      ? { schema: String(ledger["schema"]), name: String(ledger["name"]) }
      : undefined,
    backupSchema: text(options["backupSchema"]),
    path: (script) => join(folder, `${script}.sql`),
  };
}

const CHANGES = "changes.jsonl";
const SUMMARY = "summary.json";

/** The lines of changes.jsonl after the first one, without line ends. */
export async function* changeLines({ folder }: Bundle): AsyncGenerator<string> {
  let isHeader = true;
  for await (const line of linesOf(join(folder, CHANGES))) {
    if (!isHeader) yield line;
    isHeader = false;
  }
}

/** Looks the bundle's tables up. */
export function bundleTables({ tables }: Bundle): ReadonlyMap<string, BundleTable> {
  return new Map(tables.map((table) => [nameKey(table.table), table]));
}

/** Digests by name. @throws ExpectedError `bundle` */
export async function readManifest(folder: string): Promise<ReadonlyMap<string, string>> {
  const manifest = await readFile(join(folder, MANIFEST), "utf8").catch((cause: unknown) => {
    throw noBundle(folder, `it holds no ${MANIFEST}: name a folder that rowpatch script wrote`, {
      cause,
    });
  });
  const lines = [...manifest.matchAll(/^([0-9a-f]{64}) {2}(.+)$/gm)];
  return new Map(lines.map(([, digest = "", name = ""]) => [name, digest]));
}

async function checkFiles(folder: string, listed: ReadonlyMap<string, string>): Promise<void> {
  const names: string[] = [];
  for (const [name, digest] of listed) {
    const found = await digestOf(join(folder, name));
    if (found !== digest) names.push(found === undefined ? `${name} (missing)` : name);
  }
  if (names.length > 0) throw new ExpectedError({ code: "bundle_changed", path: folder, names });
}

async function digestOf(path: string): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(path), hash);
    return hash.digest("hex");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Lines end with LF. @throws ExpectedError `bundle` for one that is longer than a text can be */
async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of createReadStream(path, { encoding: "utf8" })) {
    const lines = String(chunk).split("\n");
    for (const [index, line] of lines.entries()) {
      if (rest.length + line.length > constants.MAX_STRING_LENGTH) throw lineTooLong(path);
      const whole = rest + line;
      if (index === lines.length - 1) rest = whole;
      else {
        rest = "";
        yield whole;
      }
    }
  }
  if (rest !== "") yield rest;
}

function lineTooLong(path: string): ExpectedError {
  const limit = `a line of ${basename(path)} is longer than ${Math.floor(constants.MAX_STRING_LENGTH / 1e6)} MB`;
  return noBundle(dirname(path), `${limit}; write the bundle without that row's table or column`);
}

async function firstLine(path: string): Promise<string> {
  for await (const line of linesOf(path)) return line;
  return "";
}

function parse(folder: string, name: string, json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    if (isRecord(value)) return value;
  } catch {
    // Said below.
  }
  throw noBundle(folder, `${name} cannot be read`);
}

function tablesOf(value: unknown): readonly BundleTable[] {
  return records(value)
    .map((table) => ({
      table: nameOf(table["table"]),
      columns: records(table["columns"]).map(({ name }) => String(name)),
      key: Array.isArray(table["key"]) ? table["key"].map(String) : [],
      counts: countsOf(table["counts"]),
    }))
    .filter(({ counts }) => counts.insert + counts.update + counts.delete > 0);
}

function sequencesOf(value: unknown): readonly SequenceTarget[] {
  return records(value).map((sequence) => ({
    sequence: nameOf(sequence["sequence"]),
    value: String(sequence["value"]),
    table: nameOf(sequence["table"]),
    column: String(sequence["column"]),
  }));
}

function countsOf(value: unknown): Counts {
  const counts = isRecord(value) ? value : {};
  return {
    insert: Number(counts["insert"] ?? 0),
    update: Number(counts["update"] ?? 0),
    delete: Number(counts["delete"] ?? 0),
  };
}

function nameOf(value: unknown): TableName {
  const [schema, name] = Array.isArray(value) ? value.map(String) : [];
  return { schema: schema ?? "", name: name ?? "" };
}

function records(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function noBundle(path: string, reason: string, options?: ErrorOptions): ExpectedError {
  return new ExpectedError({ code: "bundle", path, reason }, options);
}
