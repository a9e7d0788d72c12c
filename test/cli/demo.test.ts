import { existsSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hasServer, psql } from "../support/postgres.ts";
import { run } from "./run.ts";
import { createProduction, type Folder, makeFolder } from "./shop.ts";

let folder: Folder;
beforeEach(() => {
  folder = makeFolder();
});
afterEach(() => folder.remove());

test("the demo goes the whole way, with nothing but npm packages", async () => {
  const env = { ...folder.env, PATH: "" };
  const ran = await run(["demo", "--out", folder.at("out/demo"), "--scratch-kind", "pglite"], {
    env,
  });
  expect(ran).toMatchObject({ code: 0 });
  expect([...ran.stdout.matchAll(/^\$ (\S+)/gm)].map(([, program]) => program)).toEqual([
    "psql",
    "psql",
    "rowpatch",
    "head",
    "rowpatch",
  ]);
  expect(ran.stdout).toContain("the rehearsal passed; the evidence lies in");
  expect(JSON.parse(readFileSync(folder.at("out/demo/rehearsal.json"), "utf8"))).toMatchObject({
    outcome: "passed",
    scratch: { kind: "pglite" },
    psql: { kind: "driver" },
  });
  expect(ran.stdout).toContain("8 of 8 tables differ: 9 inserts, 10 updates, 7 deletes");
  expect(ran.stdout).toContain(
    "-- Brings 9 inserts, 10 updates, 7 deletes in 8 tables from local to production.",
  );
  expect(existsSync(folder.at("out/demo/deploy.sql"))).toBe(true);
  expect(folder.left()).toEqual(["out"]);
  if (!hasServer) return;
  await using production = await createProduction();
  const deployed = await psql(production.url, { file: folder.at("out/demo/deploy.sql") });
  expect(deployed).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^demo: 26 rows changed\n$/m),
  });
});
