import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  contentOf,
  createDatabase,
  hasServer,
  pgDump,
  psql,
  type TestDatabase,
} from "../support/postgres.ts";
import { sessionsOf, untilWaiting, whileLocked } from "./locks.ts";
import { lastLine, NOW, type Ran, run } from "./run.ts";
import { createLocal, createProduction, type Folder, makeFolder, PRODUCTION } from "./shop.ts";

const ANSWERS = ["--deletes", "apply", "--triggers", "disable"];

let folder: Folder;
beforeEach(() => {
  folder = makeFolder();
});
afterEach(() => folder.remove());

describe.skipIf(!hasServer)("rowpatch script", () => {
  let local: TestDatabase;
  beforeAll(async () => {
    local = await createLocal();
  });
  afterAll(() => local[Symbol.asyncDispose]());

  function script(out: string, ...flags: readonly string[]): Promise<Ran> {
    const sides = ["--production", PRODUCTION, "--local", local.url];
    const argv = ["script", ...sides, "--out", folder.at(out), ...flags];
    return run(argv, { env: { ...folder.env, SOURCE_DATE_EPOCH: "1700000000" } });
  }

  test("writes a bundle that makes production equal to local, and back", async () => {
    const ran = await script("out/CHG-1", "--ticket", "CHG-1", ...ANSWERS);
    expect(ran.code).toBe(0);
    expect(folder.left()).toEqual(["out"]);
    expect(readdirSync(folder.at("out"))).toEqual(["CHG-1"]);
    await using production = await createProduction();
    const original = await contentOf(production.url);
    for (const { script: name, said } of [
      { script: "preflight", said: /CHG-1: ready to deploy/ },
      { script: "deploy", said: /CHG-1: 26 rows changed/ },
      { script: "verify", said: /CHG-1: verified/ },
      { script: "deploy", said: /CHG-1: already in place/ },
    ]) {
      const done = await psql(production.url, { file: folder.at(`out/CHG-1/${name}.sql`) });
      expect(done).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(said) });
    }
    expect(rowsOf(await contentOf(production.url))).toEqual(rowsOf(await contentOf(local.url)));
    const back = await psql(production.url, { file: folder.at("out/CHG-1/revert.sql") });
    expect(back.exitCode).toBe(0);
    expect(rowsOf(await contentOf(production.url))).toEqual(rowsOf(original));
  });

  test("says which files it wrote and prints psql lines that a shell runs", async () => {
    const ran = await script("out/with blank's", ...ANSWERS);
    const path = folder.at("out/with blank's");
    const named = [...ran.stdout.matchAll(/^ {2}(\S+) +\d+ bytes$/gm)].map(([, name]) => name);
    expect([...named].sort()).toEqual(readdirSync(path).sort());
    const commands = [...ran.stdout.matchAll(/^ {2}[a-z ]+ {2}(psql .*)$/gm)].map(
      ([, line = ""]) => line,
    );
    expect(commands).toHaveLength(5);
    for (const line of commands) {
      const words = execFileSync("sh", ["-c", `psql() { printf '%s\\n' "$@"; }; URL=x; ${line}`]);
      const file = words.toString().split("\n").at(-3) ?? "";
      expect(existsSync(file)).toBe(true);
    }
  });

  test("refuses while questions are open: exit code 3, the remedies, no file", async () => {
    const ran = await script("out");
    expect(ran.code).toBe(3);
    expect(ran.stdout).toBe("");
    expect(ran.stderr).toMatch(
      /^rowpatch: refused: 6 blocking findings want an answer; nothing was written\n/,
    );
    expect(ran.stderr).toMatch(/public\.orders: 1 rows? .*--deletes apply or --deletes withhold/);
    expect(ran.stderr).toMatch(/product_touch.*--triggers disable or --triggers fire/);
    expect(lastLine(ran.stderr)).toMatch(
      /^rowpatch script .* --deletes withhold --triggers disable$/,
    );
    expect(lastLine(ran.stderr)).not.toMatch(/:postgres@/);
    expect(folder.left()).toEqual([]);
  });

  test("withheld deletes are listed beside, and not in the scripts", async () => {
    const ran = await script("out", "--deletes", "withhold", "--triggers", "disable");
    expect(ran.code).toBe(0);
    const withheld = readFileSync(folder.at("out/withheld.jsonl"), "utf8").trimEnd().split("\n");
    expect(withheld).toHaveLength(8);
    expect(readFileSync(folder.at("out/deploy.sql"), "utf8")).not.toMatch(/^DELETE /m);
  });

  test("the same inputs at the same time give the same bytes", async () => {
    await script("a", "--ticket", "x", ...ANSWERS);
    await script("b", "--ticket", "x", ...ANSWERS);
    const [a, b] = ["a", "b"].map((name) => readFileSync(folder.at(`${name}/MANIFEST`), "utf8"));
    expect(b).toBe(a);
    expect(
      execFileSync("sha256sum", ["-c", "MANIFEST"], { cwd: folder.at("a") }).toString(),
    ).not.toMatch(/FAILED/);
  });

  test("a custom dump of production gives the same changes as a plain one", async () => {
    await using production = await createProduction();
    const dump = await pgDump(production.url, ["-Fc", "-f", folder.at("prod.dump")]);
    expect(dump.exitCode).toBe(0);
    await script("plain", ...ANSWERS);
    const argv = ["script", "--production", folder.at("prod.dump"), "--local", local.url];
    await run([...argv, "--out", folder.at("custom"), ...ANSWERS], { env: folder.env });
    const [plain, custom] = ["plain", "custom"].map((name) => changes(folder.at(name)));
    expect(custom).toEqual(plain);
    expect(plain).toHaveLength(26);
  });

  test("no password is in any file or message", async () => {
    const secret = new URL(local.url).password;
    expect(secret.length).toBeGreaterThan(7);
    const argv = ["script", "--production", local.url, "--local", PRODUCTION, ...ANSWERS];
    const ran = await run([...argv, "--out", folder.at("out")], { env: folder.env });
    expect(ran.code).toBe(0);
    for (const name of readdirSync(folder.at("out"))) {
      expect(readFileSync(folder.at(`out/${name}`), "utf8")).not.toContain(`:${secret}@`);
    }
    expect(ran.stdout + ran.stderr).not.toContain(`:${secret}@`);
  });

  test("--force replaces a bundle", async () => {
    await script("out", "--ticket", "first", ...ANSWERS);
    const again = await script("out", "--ticket", "second", ...ANSWERS, "--force");
    expect(again.code).toBe(0);
    expect(JSON.parse(readFileSync(folder.at("out/summary.json"), "utf8")).ticket).toBe("second");
    expect(folder.left()).toEqual(["out"]);
  });

  test("--json says what was written", async () => {
    const ran = await script("out", "--json", ...ANSWERS);
    const said = JSON.parse(ran.stdout);
    expect(said).toMatchObject({
      format: "rowpatch.summary",
      written: { folder: folder.at("out") },
    });
    expect(said.written.files).toContainEqual({
      name: "deploy.sql",
      bytes: readFileSync(folder.at("out/deploy.sql")).length,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  test("without differences there is nothing to write", async () => {
    const argv = ["script", "--production", PRODUCTION, "--local", PRODUCTION];
    const ran = await run([...argv, "--out", folder.at("out")], { env: folder.env });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(
      /no differences in 8 tables\n\nnothing to do: no bundle was written\n$/,
    );
    expect(folder.left()).toEqual([]);
  });

  test("settings stand in a file, and the folder has the ticket's name or the time", async () => {
    const file = folder.at("settings.yaml");
    const sides = `production: ${PRODUCTION}\nlocal: ${local.url}\n`;
    writeFileSync(
      file,
      `${sides}ticket: CHG-7\ndeletes: apply\ntriggers: disable\nout: ${folder.at("a")}\n`,
    );
    expect((await run(["script", "--config", file], { env: folder.env })).code).toBe(0);
    expect(JSON.parse(readFileSync(folder.at("a/summary.json"), "utf8"))).toMatchObject({
      ticket: "CHG-7",
      madeAt: NOW.toISOString(),
    });
    const before = process.cwd();
    process.chdir(folder.path);
    try {
      writeFileSync("rowpatch.config.yaml", `${sides}deletes: apply\ntriggers: disable\n`);
      expect((await run(["script"], { env: folder.env })).code).toBe(0);
      expect((await run(["script", "--ticket", "CHG-8"], { env: folder.env })).code).toBe(0);
      expect(readdirSync("out").sort()).toEqual(["20261121T020304Z", "CHG-8"]);
    } finally {
      process.chdir(before);
    }
  });
});

describe.skipIf(!hasServer)("Ctrl-C", () => {
  test("stops a query that waits, and leaves nothing", async () => {
    await using local = await createDatabase("CREATE TABLE page (slug text PRIMARY KEY)");
    await using other = await createDatabase("CREATE TABLE page (slug text PRIMARY KEY)");
    const interrupt = new AbortController();
    const argv = ["script", "--production", other.url, "--local", local.url];
    const locked = whileLocked(local, async () => {
      const running = run([...argv, "--out", folder.at("out")], {
        env: folder.env,
        signal: interrupt.signal,
      });
      await untilWaiting(local);
      interrupt.abort();
      return running;
    });
    const ran = await locked;
    expect(ran.code).toBe(130);
    expect(ran.stderr).toMatch(/^rowpatch: interrupted; nothing was written\nrowpatch script /);
    expect(ran.stdout).toBe("");
    expect(folder.left()).toEqual([]);
    expect(await sessionsOf(local)).toBe(0);
  });
});

/** Tables without sequences: those are raised and stay where they are. */
function rowsOf(content: Readonly<Record<string, string>>): object {
  return Object.fromEntries(Object.entries(content).filter(([name]) => !name.endsWith("_seq")));
}

/** The lines of changes.jsonl, without the header, which tells where the sides came from. */
function changes(bundle: string): readonly string[] {
  return readFileSync(join(bundle, "changes.jsonl"), "utf8").trimEnd().split("\n").slice(1);
}
