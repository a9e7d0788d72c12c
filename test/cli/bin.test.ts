import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sourceStack } from "../../src/cli/stack.ts";
import { createDatabase, hasServer } from "../support/postgres.ts";
import { sessionsOf, untilWaiting, whileLocked } from "./locks.ts";
import { type Folder, makeFolder } from "./shop.ts";

const ROOT = new URL("../../", import.meta.url);
const pathOf = (name: string): string => fileURLToPath(new URL(name, ROOT));

/** A package of its own, so that the test never runs an older build. */
let installed: Folder;
beforeAll(() => {
  installed = makeFolder();
  cpSync(pathOf("bin"), installed.at("bin"), { recursive: true });
  cpSync(pathOf("package.json"), installed.at("package.json"));
  symlinkSync(pathOf("node_modules"), installed.at("node_modules"));
  symlinkSync(pathOf("templates"), installed.at("templates"));
  const build = ["-p", pathOf("src"), "--outDir", installed.at("dist")];
  const quick = ["--declaration", "false", "--isolatedDeclarations", "false"];
  execFileSync(pathOf("node_modules/.bin/tsc"), [...build, ...quick]);
  execFileSync(process.execPath, [pathOf("bundle.js")], { cwd: installed.at(".") });
});
afterAll(() => installed.remove());

function start(argv: readonly string[], bin = installed.at("bin/rowpatch.js")) {
  const child = spawn(process.execPath, [bin, ...argv], {
    cwd: installed.path,
    env: { ...installed.env, HOME: installed.path },
  });
  child.stdin.end();
  const ended = Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]);
  return {
    child,
    ended: ended.then(([[code], stdout, stderr]) => ({ code: Number(code), stdout, stderr })),
  };
}

describe("bin/rowpatch.js", () => {
  test("prints the version of the package", async () => {
    const { version } = JSON.parse(readFileSync(new URL("package.json", ROOT), "utf8"));
    expect(await start(["--version"]).ended).toEqual({
      code: 0,
      stdout: `${version}\n`,
      stderr: "",
    });
  });

  test("hands the exit code on", async () => {
    const ran = await start(["diff"]).ended;
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/--production is missing.*\n.*--local is missing/);
  });

  test("runs the bundle, unless it is older than what the compiler wrote", async () => {
    const copy = (name: string): string => installed.at(join("stale", name));
    mkdirSync(copy("dist/bundle"), { recursive: true });
    mkdirSync(copy("dist/cli"));
    cpSync(pathOf("bin"), copy("bin"), { recursive: true });
    cpSync(pathOf("package.json"), copy("package.json"));
    for (const name of ["cli", "bundle"]) {
      const main = `export const main = async () => { console.log("${name}"); return 0; };`;
      writeFileSync(copy(`dist/${name}/main.js`), main);
    }
    const ran: string[] = [];
    for (const bundledAt of [3, 2, 1]) {
      utimesSync(copy("dist/cli/main.js"), 2, 2);
      utimesSync(copy("dist/bundle/main.js"), bundledAt, bundledAt);
      ran.push((await start([], copy("bin/rowpatch.js")).ended).stdout);
    }
    rmSync(copy("dist/bundle"), { recursive: true });
    ran.push((await start([], copy("bin/rowpatch.js")).ended).stdout);
    expect(ran).toEqual(["bundle\n", "bundle\n", "cli\n", "cli\n"]);
  });

  test("finds templates and threads from the bundle, and the sources of a stack trace", () => {
    const files = readdirSync(installed.at("dist/bundle")).filter((name) => name.endsWith(".js"));
    const texts = files.map((name) => readFileSync(installed.at(`dist/bundle/${name}`), "utf8"));
    const beside = texts.flatMap((code) => [
      ...code.matchAll(/new URL\("([^"]+)", import\.meta\.url\)/g),
    ]);
    expect(beside.length).toBeGreaterThan(5);
    for (const [, path = ""] of beside) {
      expect(existsSync(installed.at(join("dist/bundle", path)))).toBe(true);
    }
    const bundle = `${pathToFileURL(installed.at("dist/bundle/comparison.js"))}`;
    const line = lineOf(new URL(bundle), "async function compare(request");
    const error = new Error("a bug");
    error.stack = `Error: a bug\n    at compare (${bundle}:${line}:1)\n    at other (file:///other.js:1:1)`;
    const source = lineOf(new URL("src/pipeline.ts", ROOT), "async function compare(request");
    expect(sourceStack(error)).toMatch(
      new RegExp(
        `\n    at compare \\(file:.*/src/pipeline\\.ts:${source}:1\\)\n    at other \\(file:///other\\.js:1:1\\)$`,
      ),
    );
  });

  test("says how to build it where it is not built", async () => {
    mkdirSync(installed.at("unbuilt"));
    cpSync(pathOf("bin"), installed.at("unbuilt/bin"), { recursive: true });
    cpSync(pathOf("package.json"), installed.at("unbuilt/package.json"));
    const ran = await start(["--version"], installed.at("unbuilt/bin/rowpatch.js")).ended;
    expect(ran).toEqual({
      code: 2,
      stdout: "",
      stderr: "rowpatch: this copy is not built\nnpm ci && npm run build\n",
    });
  });

  test("a reader that goes away is no failure", async () => {
    const bin = installed.at("bin/rowpatch.js");
    const line = `"${process.execPath}" "${bin}" --help | true; "${process.execPath}" "${bin}" --help | head -n 1`;
    expect(execFileSync("sh", ["-c", line]).toString()).toBe(
      "Usage: rowpatch [options] [command]\n",
    );
  });

  test.skipIf(!existsSync("/dev/full"))("a full disk behind stdout is a failure", () => {
    const line = `"${process.execPath}" "${installed.at("bin/rowpatch.js")}" --help 2>&1 > /dev/full; echo $?`;
    expect(execFileSync("sh", ["-c", line]).toString()).toMatch(
      /^rowpatch: writing the output failed: ENOSPC.*\n2\n$/,
    );
  });

  test.skipIf(!hasServer)(
    "Ctrl-C cancels the server's query, writes nothing and exits with 130",
    async () => {
      await using database = await createDatabase("CREATE TABLE page (slug text PRIMARY KEY)");
      const ran = await whileLocked(database, async () => {
        const sides = ["--production", database.url, "--local", database.url];
        const { child, ended } = start(["script", ...sides, "--ticket", "t"]);
        await untilWaiting(database);
        child.kill("SIGINT");
        return ended;
      });
      expect(ran.code).toBe(130);
      expect(ran.stderr).toMatch(/^rowpatch: interrupted; nothing was written\n/);
      expect(installed.left()).not.toContain("out");
      expect(installed.left().filter((name) => name.startsWith("temporary"))).toEqual([]);
      expect(await sessionsOf(database)).toBe(0);
    },
  );
});

/** From 1. */
function lineOf(file: URL, text: string): number {
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.findIndex((line) => line.includes(text)) + 1;
}

describe("start-up", () => {
  test("needs no heavy library: commands load what they use", () => {
    const seen = new Set<string>();
    const packages = new Set<string>();
    const visit = (file: URL): void => {
      if (seen.has(file.href)) return;
      seen.add(file.href);
      const source = readFileSync(file, "utf8");
      for (const [, specifier = ""] of source.matchAll(
        /^(?:import|export) (?!type\b)[^;]*?from "([^"]+)";/gm,
      )) {
        if (specifier.startsWith(".")) visit(new URL(specifier, file));
        else if (!specifier.startsWith("node:")) packages.add(specifier);
      }
    };
    visit(new URL("src/cli/main.ts", ROOT));
    visit(new URL("src/cli/program.ts", ROOT));
    expect([...packages]).toEqual(["commander"]);
  });
});
