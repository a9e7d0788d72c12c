import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ExpectedError } from "../../src/errors.ts";
import { firstKind } from "../../src/rehearse/scratch/choose.ts";
import { findBinaries } from "../../src/rehearse/scratch/cluster.ts";
import { localImages } from "../../src/rehearse/scratch/docker.ts";
import type { ScratchKind } from "../../src/rehearse/scratch/server.ts";
import { startWatchdog } from "../../src/rehearse/watchdog.ts";
import { writeEvidence } from "../../src/rehearse/write-evidence.ts";
import { run } from "../cli/run.ts";
import { createProduction, type Folder, makeFolder, PRODUCTION } from "../cli/shop.ts";
import { createDatabase, execute, hasServer, testServer } from "../support/postgres.ts";
import { brokenCopy, rehearseBundle, writeDemoBundle } from "./bundles.ts";
import { databasesLeft } from "./left.ts";

const STEPS = [
  "restore",
  "preflight",
  "verify before",
  "deploy",
  "compare deployed",
  "verify",
  "deploy again",
  "revert",
  "compare reverted",
  "drift",
];
const FAULTS = ["psql killed", "connection cut"];

const images = await localImages(process.env);

describe.skipIf(!hasServer)("rehearse", () => {
  let folder: Folder;
  let bundle: string;
  beforeAll(async () => {
    folder = makeFolder();
    bundle = await writeDemoBundle(folder);
  });
  afterAll(() => folder.remove());

  const kinds: readonly (readonly [ScratchKind, boolean])[] = [
    ["url", true],
    ["binaries", findBinaries(process.env) !== undefined],
    ["docker", images.length > 0],
    ["pglite", true],
  ];
  for (const [kind, isThere] of kinds) {
    test.skipIf(!isThere)(`all steps pass on ${kind}, and nothing stays behind`, async () => {
      const scratch = kind === "url" ? { scratch: testServer().url } : { scratchKind: kind };
      const temp = folder.env["TMPDIR"] ?? "";
      const { evidence } = await rehearseBundle(bundle, { ...scratch, tempDirectory: temp });
      expect(evidence.steps.filter(({ outcome }) => outcome === "failed")).toEqual([]);
      expect(evidence).toMatchObject({ outcome: "passed", asReviewed: true, leftOut: [] });
      expect(evidence.scratch.kind).toBe(kind);
      expect(evidence.steps.map(({ step }) => step)).toEqual(
        kind === "pglite" ? STEPS : [...STEPS, ...FAULTS],
      );
      expect(evidence.notDone).toHaveLength(kind === "pglite" ? 1 : 0);
      expect(readdirSync(temp)).toEqual([]);
      expect(await databasesLeft()).toEqual([]);
    });
  }

  test("without binaries and images the scratch server is PGlite", async () => {
    const nothing = { PATH: folder.path };
    expect(await firstKind(undefined, nothing)).toBe("pglite");
    expect(await firstKind("/usr/lib/postgresql/15/bin", nothing)).toBe("binaries");
    const there = images.length > 0 ? "docker" : "pglite";
    expect(await firstKind(undefined, process.env)).toBe(there);
  });

  test("live production is copied by its own server, and stays as it was", async () => {
    await using production = await createProduction();
    const { evidence } = await rehearseBundle(bundle, {
      production: production.url,
      scratch: testServer().url,
    });
    expect(evidence).toMatchObject({ outcome: "passed", asReviewed: false });
  });

  test("live production with other sessions is copied by COPY", async () => {
    await using production = await createProduction();
    const [rows, { evidence }] = await Promise.all([
      execute(production.url, "SELECT pg_sleep(3), 1"),
      rehearseBundle(bundle, { production: production.url, scratch: testServer().url }),
    ]);
    expect(rows).toHaveLength(1);
    expect(evidence.steps.filter(({ outcome }) => outcome === "failed")).toEqual([]);
  });

  describe("scripts that want a database of a name", () => {
    let own: Folder;
    beforeAll(() => {
      own = makeFolder();
    });
    afterAll(() => own.remove());

    test("get it on a server that is named, unless it is taken", async () => {
      const name = "rowpatch_test_expected";
      const expecting = await writeDemoBundle(own, ["--expect-database", name]);
      const scratch = testServer().url;
      const { evidence } = await rehearseBundle(expecting, { scratch });
      expect(evidence).toMatchObject({
        outcome: "passed",
        steps: expect.arrayContaining([
          expect.objectContaining({
            step: "restore",
            notes: [`the scratch database is called "${name}": the scripts run in no other`],
          }),
        ]),
      });
      await using taken = await createDatabase({ name, sql: "CREATE TABLE mine ()" });
      await expect(rehearseBundle(expecting, { scratch })).rejects.toThrow(/has one already/);
      expect(await execute(taken.url, "SELECT * FROM mine")).toEqual([]);
    });

    test.skipIf(findBinaries(process.env) === undefined)(
      "get it on a temporary cluster, be it one that every cluster has",
      async () => {
        const expecting = await writeDemoBundle(own, ["--expect-database", "postgres"]);
        const { evidence } = await rehearseBundle(expecting, { scratchKind: "binaries" });
        expect(evidence.outcome).toBe("passed");
      },
    );

    test("are refused by PGlite, which has but one", async () => {
      const expecting = await writeDemoBundle(own, ["--expect-database", "shop"]);
      await expect(rehearseBundle(expecting, { scratchKind: "pglite" })).rejects.toThrow(
        /run only in a database called "shop", and PGlite has but one, called postgres/,
      );
    });
  });

  test("a database that a dead run left is dropped by the next one", async () => {
    const name = "rowpatch_rehearsal_1_0123abcd";
    await execute(testServer().url, `CREATE DATABASE ${name}`);
    await rehearseBundle(bundle, { scratch: testServer().url, env: process.env });
    expect(await databasesLeft()).toEqual([]);
  });

  test("a changed file is named before anything starts", async () => {
    const copy = brokenCopy(bundle, folder.at("changed"), "deploy.sql", (text) => `${text}\n`);
    appendFileSync(join(copy, "verify.sql"), "\n");
    const failure = await rehearseBundle(copy).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ExpectedError);
    expect(failure).toMatchObject({ failure: { code: "bundle_changed", names: ["verify.sql"] } });
  });

  test("the evidence is in the bundle, its section in the report once, MANIFEST fits", async () => {
    const { evidence } = await rehearseBundle(bundle, { scratch: testServer().url });
    await writeEvidence(bundle, evidence);
    await writeEvidence(bundle, evidence);
    const files = execFileSync("sha256sum", ["-c", "MANIFEST"], { cwd: bundle }).toString();
    expect(files).toContain("rehearsal.json: OK");
    expect(JSON.parse(readFileSync(join(bundle, "rehearsal.json"), "utf8"))).toEqual(evidence);
    const report = readFileSync(join(bundle, "report.md"), "utf8");
    expect(report.match(/^## Rehearsal$/gm)).toHaveLength(1);
    expect(report).toMatch(/^## Rehearsal\n\nPassed: [\s\S]*^## How to run$/m);
    expect(readdirSync(bundle).filter((name) => name.startsWith("."))).toEqual([]);
    const production = { ...evidence.production, sha256: "0".repeat(64) };
    const elsewhere = { ...evidence, production, asReviewed: false };
    await writeEvidence(bundle, elsewhere);
    expect(execFileSync("sha256sum", ["-c", "MANIFEST"], { cwd: bundle }).toString()).toContain(
      "rehearsal.json: OK",
    );
    expect(JSON.parse(readFileSync(join(bundle, "rehearsal.json"), "utf8"))).toEqual({
      ...evidence,
      others: [elsewhere],
    });
  });

  test("the command exits with 3 where the rehearsal fails, and says the line", async () => {
    const copy = brokenCopy(bundle, folder.at("broken"), "deploy.sql", (text) =>
      text.replace(/^DELETE FROM "public"\."orders"/m, "DELETE FORM orders"),
    );
    const argv = ["rehearse", copy, "--production", PRODUCTION, "--scratch", testServer().url];
    const ran = await run(argv, { env: { ...process.env, ...folder.env } });
    expect(ran).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(/deploy\.sql, line \d+: ERROR: {2}syntax error at or near/),
    });
  });

  for (const kind of ["url", "binaries"] as const) {
    const isThere = kind === "url" || findBinaries(process.env) !== undefined;
    test.skipIf(!isThere)(`on ${kind}, what is kept can be reached and got rid of`, async () => {
      const scratch = kind === "url" ? { scratch: testServer().url } : { scratchKind: kind };
      const tempDirectory = folder.env["TMPDIR"] ?? "";
      const { kept } = await rehearseBundle(bundle, { ...scratch, tempDirectory, keep: true });
      const [connect = "", remove = ""] = kept;
      // Passwords are never shown.
      const env = { ...process.env, PGPASSWORD: new URL(testServer().url).password };
      const shell = (line: string) =>
        execFileSync("/bin/sh", ["-c", line], { encoding: "utf8", env });
      expect(shell(`${connect} -XAt -c "SELECT count(*) FROM orders"`)).toBe("80\n");
      shell(remove);
      expect(readdirSync(tempDirectory)).toEqual([]);
      expect(await databasesLeft()).toEqual([]);
    });
  }

  test("what a run leaves is cleaned up without a useful PATH", async () => {
    const path = process.env["PATH"];
    const left = folder.at("left");
    mkdirSync(left);
    process.env["PATH"] = folder.path;
    try {
      await using watchdog = startWatchdog();
      watchdog.add(["rm", "-rf", left]);
    } finally {
      process.env["PATH"] = path;
    }
    expect(existsSync(left)).toBe(false);
  });

  test("an interrupt leaves nothing behind", async () => {
    const interrupt = new AbortController();
    const temp = folder.env["TMPDIR"] ?? "";
    const rehearsal = rehearseBundle(bundle, {
      scratch: testServer().url,
      tempDirectory: temp,
      signal: interrupt.signal,
      onStep: (step) => {
        if (step === "revert") interrupt.abort();
      },
    });
    await expect(rehearsal).rejects.toMatchObject({ failure: { code: "interrupted" } });
    expect(readdirSync(temp)).toEqual([]);
    expect(await databasesLeft()).toEqual([]);
  });
});
