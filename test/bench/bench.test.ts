import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findBinaries } from "../support/server/local.ts";

const pathOf = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));

/** A package of its own, so that the test never measures an older build. */
const folder = mkdtempSync(join(tmpdir(), "rowpatch-bench-test-"));
beforeAll(() => {
  // The account that runs the server must reach its folder.
  chmodSync(folder, 0o755);
  for (const name of ["bin", "templates", "package.json"])
    cpSync(pathOf(name), join(folder, name), { recursive: true });
  symlinkSync(pathOf("node_modules"), join(folder, "node_modules"));
  const build = (project: string, out: string) =>
    execFileSync(pathOf("node_modules/.bin/tsc"), ["-p", pathOf(project), "--outDir", out]);
  build("src", join(folder, "dist"));
  build("test/bench", join(folder, "out/bench"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function bench(...args: readonly string[]) {
  const data = join(folder, "data");
  const program = join(folder, "out/bench/test/bench/bench.js");
  const child = spawn(process.execPath, [program, "--data", data, ...args]);
  child.stdin.end();
  const ended = Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]);
  const [[code], stdout, stderr] = await ended;
  return { code, stdout, stderr, data };
}

test.skipIf(findBinaries() === undefined)(
  "the benchmark suite makes its data, measures, and takes the data again",
  async () => {
    const small = ["--rows", "2000", "--rounds", "1", "--cases", "a,e,j"];
    const first = await bench(...small);
    expect(first.code, first.stderr).toBe(0);
    expect(first.stderr).toContain("making production_2000");
    expect(first.stdout).toMatch(/^\| dump vs live, 0.14 % changed \| \d+\.\d\d s \| COPY \|/m);
    expect(first.stdout).toMatch(/^\| half of all rows changed.*\| \d+ MB \| 300 MB, met \|$/m);
    expect(first.stdout).toMatch(/^\| deploy.sql of 400 changed rows/m);
    expect(first.stdout).toMatch(/^\| pg_restore to \/dev\/null \| \d+\.\d\d s \|/m);
    const again = await bench(...small, "--no-others");
    expect(again.code, again.stderr).toBe(0);
    expect(again.stderr).not.toContain("making");
    expect(readdirSync(first.data).sort()).toEqual(["cluster", "production_2000.dump"]);
  },
);

test("a case that does not exist is named", async () => {
  const { code, stderr } = await bench("--cases", "a,z");
  expect(code).not.toBe(0);
  expect(stderr).toContain("there is no case z");
});
