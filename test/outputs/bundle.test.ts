import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { finding } from "../../src/findings.ts";
import { type BundleFacts, writeBundle } from "../../src/outputs/bundle.ts";
import { catalogOf, changesetOf, type TableSketch } from "../support/changeset.ts";

const HOSTILE = "</code>```\n# x\r\n| a | [b](http://c) <img src=x> \u202e";

const PAGE: TableSketch = {
  table: { schema: "public", name: "page" },
  columns: ["id", "title", "body"],
  key: ["id"],
  changes: [
    { kind: "insert", key: ["1"], after: ["1", HOSTILE, null] },
    {
      kind: "update",
      key: ["2"],
      columns: [1, 2],
      before: ["old", "x".repeat(300)],
      after: ["new", { base64: "/w==" }],
      context: new Map(),
    },
    { kind: "delete", key: ["3"], before: ["3", "it's", "a\\b"] },
  ],
};

const WEIRD: TableSketch = {
  table: { schema: "public", name: HOSTILE },
  columns: [HOSTILE],
  key: [HOSTILE],
  changes: Array.from({ length: 25 }, (_, index) => ({
    kind: "insert" as const,
    key: [String(index)],
    after: [String(index)],
  })),
  withheld: [{ kind: "delete", key: ["z"], before: ["z"] }],
};

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "rowpatch-bundle-"));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function facts(...sketches: readonly TableSketch[]): BundleFacts {
  const changeset = changesetOf(sketches);
  const script = (name: string) =>
    async function* (): AsyncGenerator<string> {
      yield `-- ${name}\n`;
    };
  return {
    ticket: "CHG-1",
    version: "1.2.3",
    generatedAt: new Date(0),
    changeset,
    catalog: catalogOf(sketches),
    tables: changeset.tables,
    findings: [
      finding({ code: "not_compared", table: WEIRD.table, reason: HOSTILE }),
      finding({ code: "deletes", table: PAGE.table, rows: 1 }),
    ],
    scripts: {
      deploy: script("deploy"),
      revert: script("revert"),
      verify: script("verify"),
      preflight: script("preflight"),
    },
  };
}

async function write(name: string, ...sketches: readonly TableSketch[]) {
  const path = join(root, name);
  await writeBundle(facts(...sketches), { path, force: false });
  return (file: string) => readFileSync(join(path, file), "utf8");
}

describe("a bundle", () => {
  test("holds these files, withheld.jsonl only where something was withheld", async () => {
    await write("a", PAGE);
    await write("b", PAGE, WEIRD);
    const names = [
      "MANIFEST",
      "catalog.json",
      "changes.jsonl",
      "deploy.sql",
      "preflight.sql",
      "report.md",
      "revert.sql",
      "summary.json",
      "verify.sql",
    ];
    expect(readdirSync(join(root, "a")).sort()).toEqual(names);
    expect(readdirSync(join(root, "b")).sort()).toEqual([...names, "withheld.jsonl"]);
  });

  test("is the same for the same facts, byte by byte", async () => {
    const [first, second] = [await write("a", PAGE, WEIRD), await write("b", PAGE, WEIRD)];
    // The manifest holds the digest of every other file.
    expect(second("MANIFEST")).toBe(first("MANIFEST"));
  });

  test("changes.jsonl is a header and one change a line", async () => {
    const read = await write("a", PAGE);
    const [header, ...changes] = read("changes.jsonl")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(header).toMatchObject({
      format: "rowpatch.changes",
      version: 1,
      production: { kind: "dump", display: "prod.dump" },
      tables: [
        {
          table: ["public", "page"],
          columns: [
            { name: "id", type: "text" },
            { name: "title", type: "text" },
            { name: "body", type: "text" },
          ],
          key: ["id"],
          counts: { insert: 1, update: 1, delete: 1 },
        },
      ],
      sequences: [{ sequence: ["public", "s"], value: "9", table: ["public", "t"], column: "id" }],
    });
    expect(changes.map(({ kind, key }) => [kind, key])).toEqual([
      ["insert", { id: "1" }],
      ["update", { id: "2" }],
      ["delete", { id: "3" }],
    ]);
  });

  test("withheld.jsonl holds what was withheld and nothing else", async () => {
    const read = await write("a", PAGE, WEIRD);
    const lines = read("withheld.jsonl").trimEnd().split("\n");
    expect(lines.slice(1).map((line) => JSON.parse(line))).toEqual([
      {
        table: ["public", HOSTILE],
        kind: "delete",
        key: { [HOSTILE]: "z" },
        before: { [HOSTILE]: "z" },
      },
    ]);
  });

  test("catalog.json is production's catalog, one object a line", async () => {
    const read = await write("a", PAGE);
    const { format, version, ...catalog } = JSON.parse(read("catalog.json"));
    expect({ format, version }).toEqual({ format: "rowpatch.catalog", version: 1 });
    expect(catalog).toEqual(catalogOf([PAGE]));
    expect(read("catalog.json").split("\n")).toHaveLength(10);
  });

  test("summary.json counts, and has findings with the blocking ones first", async () => {
    const read = await write("a", PAGE, WEIRD);
    const summary = JSON.parse(read("summary.json"));
    expect(summary).toMatchObject({
      format: "rowpatch.summary",
      version: 1,
      madeBy: "rowpatch 1.2.3",
      madeAt: "1970-01-01T00:00:00.000Z",
      ticket: "CHG-1",
      totals: {
        compared: 2,
        changed: 2,
        counts: { insert: 26, update: 1, delete: 1 },
        withheld: { insert: 0, update: 0, delete: 1 },
      },
    });
    expect(summary.findings.map(({ code }: { code: string }) => code)).toEqual([
      "deletes",
      "not_compared",
    ]);
  });
});

describe("report.md", () => {
  test("shows findings first, then counts, then rows", async () => {
    const report = (await write("a", PAGE))("report.md");
    const titles = [...report.matchAll(/^#+ (.*)$/gm)].map(([, title]) => title);
    expect(titles).toEqual([
      "Data changes for CHG-1",
      "Findings",
      "Tables",
      "How to run",
      "Rows",
      "public.page: 3 changes",
    ]);
    expect(report.indexOf("**blocking**")).toBeLessThan(report.indexOf("**notice**"));
    expect(report).toContain("| `public.page` | `id` | 1 | 1 | 1 | 0 | 10 | 11 |");
  });

  test("shows where both sides came from as it is typed", async () => {
    const report = (await write("a", PAGE))("report.md");
    expect(report).toMatch(/^- production: `prod\.dump`/m);
    expect(report).toMatch(/^- local: `postgres:\/\/[^`]+`/m);
    expect(report).toMatch(
      /^1 insert, 1 update and 1 delete; 1 of \d+ compared tables? differs\.$/m,
    );
  });

  test("shows a row as its old and new values", async () => {
    const report = (await write("a", PAGE))("report.md");
    expect(report).toContain(
      `@@ update id = '2' @@\n- title = 'old'\n+ title = 'new'\n- body = '${"x".repeat(200)}' ... (300 characters)\n+ body = '/w==' (base64)\n`,
    );
    expect(report).toContain(
      "@@ delete id = '3' @@\n- id = '3'\n- title = 'it''s'\n- body = E'a\\\\b'\n",
    );
    expect(report).toContain("+ body = NULL\n");
  });

  test("hostile names and values start no line, markup or HTML of their own", async () => {
    const report = (await write("a", PAGE, WEIRD))("report.md");
    const outside = report.replaceAll(/^```\w+\n.*?^```$/gms, "");
    expect(outside).not.toMatch(/<(?!\/?[a-z]+ *$)[a-z/]/i);
    expect(outside).not.toMatch(/(?<!\\)\[b\]|(?<!\\)```|^# x/m);
    const titles = [...report.matchAll(/^#+ (.*)$/gm)];
    expect(titles).toHaveLength(8);
    const fences = [...report.matchAll(/^```.*$/gm)].map(([fence]) => fence);
    expect(fences).toEqual(["```sh", "```", "```diff", "```", "```diff", "```", "```diff", "```"]);
    expect(report).not.toMatch(/\u202e|\r/);
  });

  test("says how many rows it leaves out and where they are", async () => {
    const report = (await write("a", WEIRD))("report.md");
    expect(report).toContain("5 more: see `changes.jsonl`.");
  });
});
