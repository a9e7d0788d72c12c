import { availableParallelism } from "node:os";
import { describe, expect, test } from "vitest";
import { parseSettings } from "../../src/cli/settings.ts";
import { ExpectedError } from "../../src/errors.ts";

const SIDES = { production: "prod.dump", local: "postgres://localhost/shop" };

function parse(flags: Record<string, unknown>, file: Record<string, unknown> = {}) {
  return parseSettings({ ...SIDES, ...flags }, file, "rowpatch.config.yaml");
}

function mistakes(flags: Record<string, unknown>, file: Record<string, unknown> = {}) {
  try {
    parseSettings(flags, file, "rowpatch.config.yaml");
  } catch (error) {
    if (error instanceof ExpectedError) return error.message.split("\n");
    throw error;
  }
  return [];
}

describe("parseSettings", () => {
  test("what is not set is absent; memory has a default, jobs go by cores", () => {
    expect(parse({})).toEqual({
      ...SIDES,
      include: [],
      exclude: [],
      keys: [],
      ignoreColumns: [],
      triggerWrites: [],
      where: [],
      memory: 256 * 1024 ** 2,
      jobs: Math.min(4, availableParallelism()),
    });
  });

  test("flags win over the file, lists as a whole", () => {
    const file = { deletes: "apply", triggers: "fire", include: ["a.*", "b.*"], local: "x.dump" };
    expect(parse({ deletes: "withhold", include: ["c.*"] }, file)).toMatchObject({
      local: "postgres://localhost/shop",
      deletes: "withhold",
      triggers: "fire",
      include: ["c.*"],
    });
  });

  test("a table's name ends at the first = outside double quotes", () => {
    expect(parse({ key: ["public.t=a, b", '"a=b".t=c'], where: ["t=a = '='"] })).toMatchObject({
      keys: [
        { table: "public.t", columns: ["a", "b"] },
        { table: '"a=b".t', columns: ["c"] },
      ],
      where: [{ table: "t", sql: "a = '='" }],
    });
  });

  test("a file names keys and conditions by table", () => {
    const file = { key: { "public.t": ["a", "b"], u: "c" }, where: { t: "a > 1" }, include: "x.*" };
    expect(parse({}, file)).toMatchObject({
      keys: [
        { table: "public.t", columns: ["a", "b"] },
        { table: "u", columns: ["c"] },
      ],
      where: [{ table: "t", sql: "a > 1" }],
      include: ["x.*"],
    });
  });

  test.each([["3"], [3]])("jobs may be %j", (jobs) => {
    expect(parse({ jobs }).jobs).toBe(3);
  });

  test.each([["0"], ["65"], ["many"], ["-1"], ["1.5"], [0.5], [true], [""]])(
    "jobs may not be %j",
    (jobs) => {
      expect(mistakes({ ...SIDES, jobs })).toEqual(["--jobs must be a number from 1 to 64"]);
    },
  );

  test.each([
    ["64MB", 64 * 1024 ** 2],
    ["2gb", 2 * 1024 ** 3],
    ["100000 KB", 100_000 * 1024],
    ["1MB", 16 * 1024 ** 2],
  ])("memory of %s", (memory, bytes) => {
    expect(parse({ memory }).memory).toBe(bytes);
  });

  test.each(["CHG-1042", "a", "2026.11.21_x"])("ticket %s is a folder's name", (ticket) => {
    expect(parse({ ticket }).ticket).toBe(ticket);
  });

  test.each([
    "..",
    ".",
    "../x",
    "a/b",
    "-x",
    ".hidden",
    "a b",
    "x.",
    "é",
    "a\n",
    "",
    "x".repeat(101),
  ])("ticket %j is refused", (ticket) => {
    expect(mistakes({ ...SIDES, ticket })).toHaveLength(1);
  });

  test("every mistake is named, with its place, and what the file does not know", () => {
    const flags = { deletes: "maybe", memory: "much" };
    const file = {
      tikcet: "x",
      triggers: 1,
      key: "t",
      include: [1],
      "lock-timeout": "soon",
      password: "p",
    };
    expect(mistakes(flags, file)).toEqual([
      'rowpatch.config.yaml: there is no setting "tikcet"',
      'rowpatch.config.yaml: there is no setting "password"',
      "--production is missing: name the dump or database that the script will change",
      "--local is missing: name the database or dump that has the edits",
      "rowpatch.config.yaml: include must be a text or a list of texts",
      "rowpatch.config.yaml: key must be table=column,column",
      "--memory must be a size such as 512MB or 2GB",
      "--deletes must be apply or withhold",
      "rowpatch.config.yaml: triggers must be fire or disable",
      "rowpatch.config.yaml: lock-timeout must be a time such as 5s or 500ms; 0 waits without limit",
    ]);
  });
});
