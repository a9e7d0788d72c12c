/**
 * The scripts of a comparison as files, and psql to run them.
 */

import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { encodeChange } from "../../src/changeset/codec.ts";
import type { Counts } from "../../src/compare/change.ts";
import { type Finding, type FindingFacts, isBlocked } from "../../src/findings.ts";
import { formatName } from "../../src/names.ts";
import {
  type CompareRequest,
  type Comparison,
  compare,
  makeScripts,
  type ScriptOptions,
} from "../../src/pipeline.ts";

/** Answers and filters of a comparison, as flags give them. */
export type Options = Partial<Omit<CompareRequest, "production" | "local" | "tempDirectory">>;

/** Sources as the user names them. */
export interface Sides {
  readonly production: string;
  readonly local: string;
}

/** What a comparison found, as data that outlives it. */
export interface Found {
  /** Changes by `schema.table`; tables and kinds without any are left out. */
  readonly changes: Readonly<Record<string, Partial<Counts>>>;
  readonly withheld: Readonly<Record<string, Partial<Counts>>>;
  /** Codes, sorted, each once. */
  readonly findings: readonly FindingFacts["code"][];
  /** Those of them that are no mere notices. */
  readonly grave: readonly FindingFacts["code"][];
  readonly blocked: boolean;
  readonly messages: readonly string[];
  /** changes.jsonl without its header, withheld changes marked. */
  readonly lines: readonly string[];
}

/** Scripts in a folder of their own, removed when disposed of. */
export interface Files extends AsyncDisposable {
  readonly found: Found;
  readonly path: (script: "deploy" | "revert" | "verify" | "preflight") => string;
  readonly directory: string;
}

/** Compares and tells what was found. */
export async function find(sides: Sides, options: Options = {}): Promise<Found> {
  const directory = await mkdtemp(join(tmpdir(), "rowpatch-test-"));
  try {
    await using comparison = await compare(requestOf(sides, options, directory));
    return await foundBy(comparison);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Compares and writes the scripts, whatever the findings say. */
export async function scriptsOf(
  sides: Sides,
  options: Options = {},
  scriptOptions: Partial<ScriptOptions> = {},
): Promise<Files> {
  const directory = await mkdtemp(join(tmpdir(), "rowpatch-test-"));
  const remove = () => rm(directory, { recursive: true });
  const path = (script: string) => join(directory, `${script}.sql`);
  try {
    await using comparison = await compare(requestOf(sides, options, directory));
    const scripts = await makeScripts(comparison, {
      ticket: "CHG-1",
      version: "0.0.0",
      generatedAt: new Date(0),
      ...scriptOptions,
    });
    for (const script of ["deploy", "revert", "verify", "preflight"] as const)
      await pipeline(Readable.from(scripts[script]()), createWriteStream(path(script)));
    const found = await foundBy(comparison);
    return { found, path, directory, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** A comparison of everything, unless options say otherwise. */
export function requestOf(sides: Sides, options: Options, tempDirectory: string): CompareRequest {
  return {
    ...sides,
    include: [],
    exclude: [],
    keys: [],
    ignoreColumns: [],
    where: [],
    memory: 64 * 1024 * 1024,
    env: process.env,
    ...options,
    tempDirectory,
  };
}

async function foundBy(comparison: Comparison): Promise<Found> {
  const { tables, findings, changeset } = comparison;
  const lines: string[] = [];
  for (const table of changeset.tables) {
    for await (const change of changeset.changes(table.table))
      lines.push(encodeChange(table, change));
    for await (const change of changeset.withheld(table.table))
      lines.push(`withheld ${encodeChange(table, change)}`);
  }
  // Told of every live production; the test that is about it reads the message.
  const others = findings.filter(({ code }) => code !== "production_live");
  return {
    changes: countsOf(tables.map(({ table, counts }) => [formatName(table), counts])),
    withheld: countsOf(tables.map(({ table, withheld }) => [formatName(table), withheld])),
    findings: codesOf(others),
    grave: codesOf(others.filter(({ severity }) => severity !== "notice")),
    blocked: isBlocked(findings),
    messages: findings.map(({ message }) => message),
    lines,
  };
}

function codesOf(findings: readonly Finding[]): readonly FindingFacts["code"][] {
  return [...new Set(findings.map(({ code }) => code))].sort();
}

function countsOf(tables: readonly (readonly [string, Counts])[]): Record<string, Partial<Counts>> {
  const changed = tables.flatMap(([table, counts]): [string, Partial<Counts>][] => {
    const kinds = Object.entries(counts).filter(([, count]) => count > 0);
    return kinds.length > 0 ? [[table, Object.fromEntries(kinds)]] : [];
  });
  return Object.fromEntries(changed);
}
