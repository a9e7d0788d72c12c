import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { main } from "../../src/cli/main.ts";
import { fixturePath, hasFixtures } from "../support/fixtures.ts";
import { NOW, run } from "./run.ts";
import { type Folder, makeFolder, PRODUCTION } from "./shop.ts";

let folder: Folder;
beforeAll(() => {
  folder = makeFolder();
});
afterAll(() => folder.remove());

const inspect = (...argv: string[]) => run(["inspect", ...argv], { env: folder.env });

describe.skipIf(!hasFixtures)("rowpatch inspect of a dump", () => {
  const whole = fixturePath("pg18/custom_gzip.dump");

  test("format, versions, age, encoding, size, tables, sequences, large objects", async () => {
    const { code, stdout } = await inspect(whole);
    expect(code).toBe(0);
    const [first, second] = stdout.split("\n");
    expect(first).toMatch(
      /: database nasty, PostgreSQL 18\.6, custom archive 1\.16 by pg_dump 18\.6, as of 2026-11-21T/,
    );
    expect(second).toMatch(/^made (in the future.*|\d+ hours? ago), encoding UTF8, \d+ bytes$/);
    expect(stdout).toMatch(/^public\.p_range +id, at +5 partitions +3 +25 +400$/m);
    expect(stdout).toMatch(/^public\."Seq Never Called" +next value +77$/m);
    expect(stdout).toMatch(/^public\.seq_down +last value +47$/m);
    expect(stdout).toMatch(/\n62 tables, 9 sequences, 4 large objects\n$/);
  });

  test("--json has the same", async () => {
    const inspection = JSON.parse((await inspect(whole, "--json")).stdout);
    expect(inspection).toMatchObject({
      format: "rowpatch.inspection",
      version: 1,
      source: { kind: "dump", encoding: "UTF8" },
      largeObjects: 4,
    });
    expect(inspection.tables).toContainEqual(
      expect.objectContaining({
        table: { schema: "public", name: "p_range" },
        partitions: 5,
        rows: 25,
        bytes: 400,
        gap: null,
      }),
    );
    expect(inspection.sequences).toContainEqual({
      schema: "public",
      name: "seq_down",
      lastValue: "47",
      isCalled: true,
    });
  });

  test("what the dump leaves out is no row count of 0", async () => {
    const without = await inspect(fixturePath("pg18/custom_exclude.dump"));
    expect(without.stdout).toMatch(/^public\.bulk +id +\d+ +- +-$/m);
    expect(without.stdout).toContain("\nthere is no data for it: public.bulk\n");
    const schema = await inspect(fixturePath("pg18/custom_schema_only.dump"));
    expect(schema.stdout).toContain("\nthere is no data in this dump\n");
  });

  test("of a dump with data only, the tables that have rows", async () => {
    const { stdout } = await inspect(fixturePath("pg18/custom_data_only.dump"));
    expect(stdout).toMatch(/^public\."UPPER" +none +- +1 +8$/m);
  });
});

describe.skipIf(!hasFixtures)("rowpatch inspect --rows", () => {
  const whole = fixturePath("pg18/custom_gzip.dump");

  test.each(["public.UPPER", 'public."UPPER"', "UPPER"])("%s", async (name) => {
    expect(await inspect(whole, "--rows", name)).toEqual({
      code: 0,
      stdout: "1\tUPPER\n",
      stderr: "",
    });
  });

  test("a root has the rows of its partitions, a partition its own", async () => {
    const lines = async (name: string) =>
      (await inspect(whole, "--rows", name)).stdout.trimEnd().split("\n");
    expect(await lines("p_range")).toHaveLength(25);
    expect((await lines("P range default")).length).toBeLessThan(25);
  });

  const refused: [string, string, string][] = [
    ["a name that matches nothing", "pg18/custom_gzip.dump", "nowhere"],
    ["a pattern that matches several", "pg18/custom_gzip.dump", "p_*"],
    ["a table without its rows", "pg18/custom_exclude.dump", "bulk"],
    ["INSERT statements without names in a dump without definitions", "pg18/none.sql", "t"],
  ];
  test.each(refused)("%s is a mistake", async (_name, file, table) => {
    mkdirSync(folder.at("pg18"), { recursive: true });
    writeFileSync(folder.at("pg18/none.sql"), "INSERT INTO public.t VALUES (1);\n");
    const path = file.endsWith("none.sql") ? folder.at(file) : fixturePath(file);
    const ran = await inspect(path, "--rows", table);
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toMatch(/^rowpatch: .*\nrowpatch inspect --help\n$/);
  });

  test("bytes of no known encoding come as they are, and only as fast as they are taken", async () => {
    const taken: Buffer[] = [];
    let waiting = 0;
    const code = await main(["inspect", fixturePath("pg18/sqlascii.dump"), "--rows", "*"], {
      stdout: {
        write(chunk) {
          taken.push(Buffer.from(chunk));
          waiting += 1;
          return false;
        },
        once(_event, listener) {
          setImmediate(() => {
            waiting -= 1;
            listener();
          });
        },
      },
      stderr: { write: () => true },
      env: folder.env,
      now: () => NOW,
    });
    expect(code).toBe(0);
    expect(waiting).toBe(0);
    const dump = readFileSync(fixturePath("pg18/sqlascii.sql"));
    expect(taken.length).toBeGreaterThan(0);
    expect(dump.includes(Buffer.concat(taken))).toBe(true);
  });
});

describe("rowpatch inspect --dbml", () => {
  test("prints the schema", async () => {
    const { code, stdout } = await inspect(PRODUCTION, "--dbml");
    expect(code).toBe(0);
    expect(stdout).toContain('Table "order_item" {\n');
    expect(stdout).toContain('"orders"."id" < "order_item"."order_id"');
  });

  test("not together with --json or --rows", async () => {
    const ran = await inspect(PRODUCTION, "--dbml", "--json");
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toContain("--json and --dbml each write something else: give one");
  });
});
