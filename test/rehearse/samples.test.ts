/** Bundles of larger databases, with all that production may keep of a run, rehearsed from end to end. */
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RehearseRequest } from "../../src/rehearse/rehearse.ts";
import { findBinaries } from "../../src/rehearse/scratch/cluster.ts";
import { localImages } from "../../src/rehearse/scratch/docker.ts";
import { run } from "../cli/run.ts";
import { type Folder, makeFolder } from "../cli/shop.ts";
import { dumpTo } from "../support/dumps.ts";
import { createDatabase, hasServer, testServer } from "../support/postgres.ts";
import { rehearseBundle } from "./bundles.ts";
import { databasesLeft } from "./left.ts";

const shared = new URL("../../../shared/", import.meta.url);

interface Sample {
  readonly name: string;
  readonly file: URL;
  /** Statements that psql must not run: they would leave the test's own database. */
  readonly without?: RegExp;
  readonly answers: readonly string[];
}

const SAMPLES: readonly Sample[] = [
  {
    name: "Pagila",
    file: new URL("samples/pagila.sql", shared),
    answers: ["--deletes", "apply", "--triggers", "disable"],
  },
  {
    name: "Chinook",
    file: new URL("samples/chinook.sql", shared),
    without: /^(DROP DATABASE IF EXISTS|CREATE DATABASE|\\c) chinook;$/gm,
    answers: ["--deletes", "apply"],
  },
  {
    name: "nasty",
    file: new URL("fixtures/src/nasty.sql", shared),
    answers: [
      ...["--deletes", "apply", "--triggers", "disable", "--rules", "disable"],
      // Numbers of large objects, which mean others elsewhere.
      ...["all_types.c_oid", "lo_refs.obj", "lo_refs.alt"].flatMap((column) => [
        "--ignore-column",
        `public.${column}`,
      ]),
    ],
  },
];

const RECORDS = ["--ledger", "ops.rowpatch_ledger", "--backup-schema", "rowpatch_backup"];

const images = await localImages(process.env);
const hasBinaries = findBinaries(process.env) !== undefined;

/** Writes production's dump and the bundle. */
async function writeSample(
  { name, file, without, answers }: Sample,
  folder: Folder,
): Promise<{ readonly dump: string; readonly bundle: string }> {
  const path = folder.at("sample.sql");
  await writeFile(path, (await readFile(file, "utf8")).replaceAll(without ?? /^$/g, ""));
  await using production = await createDatabase({ file: path });
  const edits = new URL(`../samples/${name.toLowerCase()}.sql`, import.meta.url).pathname;
  await using local = await createDatabase({ template: production.name, file: edits });
  const dump = await dumpTo(folder.at("production.dump"), production.url, "custom");
  const bundle = folder.at("bundle");
  const sides = ["--production", dump, "--local", local.url, "--out", bundle];
  const { code, stderr } = await run(["script", ...sides, ...answers, ...RECORDS], {
    env: folder.env,
  });
  expect(stderr.concat(String(code))).toMatch(/0$/);
  return { dump, bundle };
}

async function expectPassed(bundle: string, request: Partial<RehearseRequest>): Promise<void> {
  const { evidence } = await rehearseBundle(bundle, request);
  expect(evidence.steps.filter(({ outcome }) => outcome === "failed")).toEqual([]);
  expect(evidence).toMatchObject({ outcome: "passed", asReviewed: true });
  const steps = new Map(evidence.steps.map((step) => [step.step, step]));
  const { counts } = steps.get("compare deployed") ?? {};
  expect(counts?.["changes matched"]).toBe(steps.get("preflight")?.counts?.["pending"]);
  expect(steps.get("compare deployed")?.notes?.join("\n")).toContain("the script's own records: ");
}

describe.skipIf(!hasServer)("rehearsals", { timeout: 180_000 }, () => {
  for (const sample of SAMPLES) {
    describe.skipIf(!existsSync(sample.file))(sample.name, () => {
      let folder: Folder;
      let written: { readonly dump: string; readonly bundle: string };
      beforeAll(async () => {
        folder = makeFolder();
        written = await writeSample(sample, folder);
      });
      afterAll(() => folder.remove());

      test.skipIf(!hasBinaries)("on a temporary cluster", async () => {
        const { dump, bundle } = written;
        await expectPassed(bundle, { production: dump, scratchKind: "binaries" });
      });

      // One of them shows what differs from server to server.
      if (sample.name !== "Chinook") return;
      test("on a server that is named", async () => {
        const { dump, bundle } = written;
        await expectPassed(bundle, { production: dump, scratch: testServer().url });
        expect(await databasesLeft()).toEqual([]);
      });

      test.skipIf(images.length === 0)("in a container", async () => {
        const { dump, bundle } = written;
        await expectPassed(bundle, { production: dump, scratchKind: "docker" });
      });

      test("within PGlite", async () => {
        const { dump, bundle } = written;
        await expectPassed(bundle, { production: dump, scratchKind: "pglite" });
      });
    });
  }
});
