/** Files of one test file, in a folder that goes when its tests are done. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** The folder. Called once, outside of tests. */
export function makeFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `rowpatch-${name}-`));
  afterAll(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Writes content into a new file of the folder each time, and returns its path. */
export function fileWriter(folder: string): (content: string | Buffer) => string {
  let files = 0;
  return (content) => {
    files += 1;
    const path = join(folder, `dump-${files}`);
    writeFileSync(path, content);
    return path;
  };
}
