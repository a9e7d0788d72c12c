/** The demo's shop as databases, and a folder for what a command writes. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createDatabase, execute, type TestDatabase } from "../support/postgres.ts";

/** A plain dump of production. */
export const PRODUCTION = fileURLToPath(
  new URL("../../templates/demo/production.sql", import.meta.url),
);

const EDITS = new URL("../../templates/demo/edits.sql", import.meta.url);

/** Production as a database. */
export function createProduction(): Promise<TestDatabase> {
  return createDatabase({ file: PRODUCTION });
}

/** A copy of production, edited. */
export async function createLocal(): Promise<TestDatabase> {
  const database = await createProduction();
  await execute(database.url, readFileSync(EDITS, "utf8"));
  return database;
}

export interface Folder {
  readonly path: string;
  /** For `env`: temporary files of the command come into a folder of their own. */
  readonly env: Readonly<Record<string, string>>;
  /** A path within. */
  readonly at: (name: string) => string;
  /** What the command has left behind: everything within but an empty folder for temporary files. */
  readonly left: () => readonly string[];
  readonly remove: () => void;
}

export function makeFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), "rowpatch-cli-"));
  const temp = mkdtempSync(join(tmpdir(), "rowpatch-cli-temp-"));
  return {
    path,
    env: { TMPDIR: temp, PATH: process.env["PATH"] ?? "" },
    at: (name) => join(path, name),
    left: () => [...readdirSync(path), ...readdirSync(temp).map((name) => `temporary ${name}`)],
    remove: () => {
      for (const folder of [path, temp]) rmSync(folder, { recursive: true });
    },
  };
}
