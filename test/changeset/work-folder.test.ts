import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { lineSorter } from "../../src/changeset/sort.ts";
import { workFolder } from "../../src/changeset/work-folder.ts";
import { ExpectedError } from "../../src/errors.ts";

let parent = "";

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "work-"));
});

afterEach(() => rmSync(parent, { recursive: true, force: true }));

/** The number of a process that has ended. */
function deadProcess(): number {
  return spawnSync(process.execPath, ["--version"]).pid;
}

/** Names a folder as this machine does, for another process. */
async function nameFor(pid: number): Promise<string> {
  await using folder = await workFolder(parent);
  return join(parent, basename(folder.path).replace(`-${process.pid}-`, `-${pid}-`));
}

describe("a work folder", () => {
  test("is its owner's alone, and goes with all that it holds", async () => {
    const folder = await workFolder(parent);
    expect((await stat(folder.path)).mode & 0o777).toBe(0o700);
    writeFileSync(join(folder.path, "rows"), "1");
    await folder[Symbol.asyncDispose]();
    expect(readdirSync(parent)).toEqual([]);
  });

  test("of a process that is no more is removed by the next run", async () => {
    const stale = await nameFor(deadProcess());
    await mkdir(stale);
    writeFileSync(join(stale, "rows"), "1");
    await using _ = await workFolder(parent);
    expect(existsSync(stale)).toBe(false);
  });

  test.each([
    ["of a process that runs", (name: string) => name],
    ["of another machine", (name: string) => name.replace(/-[0-9a-f]{12}-/, "-000000000000-")],
    ["that is named otherwise", (name: string) => `${name}.kept`],
  ])("%s stays", async (what, rename) => {
    const pid = what === "of a process that runs" ? process.ppid : deadProcess();
    const path = rename(await nameFor(pid));
    await mkdir(path);
    await using _ = await workFolder(parent);
    expect(existsSync(path)).toBe(true);
  });

  test("that is a link is not followed", async () => {
    const target = mkdtempSync(join(tmpdir(), "work-target-"));
    symlinkSync(target, await nameFor(deadProcess()));
    await using _ = await workFolder(parent);
    expect(existsSync(target)).toBe(true);
    rmSync(target, { recursive: true });
  });

  test("that cannot be made is a failure that names the place", async () => {
    const making = workFolder(join(parent, "missing"));
    await expect(making).rejects.toThrow(ExpectedError);
    await expect(making).rejects.toThrow(join(parent, "missing"));
  });
});

test("a sorted run that cannot be written is a failure that names the file", async () => {
  const sorter = lineSorter(join(parent, "missing", "run"), 1);
  const adding = async () => sorter.add(Buffer.from("key"), "line");
  await expect(adding()).rejects.toThrow(ExpectedError);
});

// Writing there always finds the disk full.
test.skipIf(!existsSync("/dev/full"))("a full disk says where to make room", async () => {
  symlinkSync("/dev/full", join(parent, "run.run0"));
  const sorter = lineSorter(join(parent, "run"), 1);
  const adding = async () => sorter.add(Buffer.from("key"), "line");
  await expect(adding()).rejects.toThrow(/ENOSPC.*make room there.*TMPDIR/);
});
