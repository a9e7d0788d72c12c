import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

/** Stages in the order in which data passes them; a file may import its own stage or an earlier one. */
const STAGES = [
  "names.ts",
  "errors.ts",
  "findings",
  "findings.ts",
  "progress.ts",
  "sources",
  "catalog",
  "compare",
  "changeset",
  "order",
  "script",
  "outputs",
  "script-set.ts",
  "pipeline.ts",
  "rehearse",
  "index.ts",
  "cli",
];

/** Stages that only turn values into values: they open nothing and read no clock, environment or process. */
const PURE = new Set([
  "names.ts",
  "errors.ts",
  "findings",
  "findings.ts",
  "progress.ts",
  "compare",
  "order",
  "script",
]);

const source = new URL("../src/", import.meta.url);
const files = readdirSync(source, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => ({ file, text: readFileSync(new URL(file, source), "utf8") }));

describe("architecture", () => {
  test("there are files to check", () => {
    expect(files.length).toBeGreaterThanOrEqual(5);
  });

  test("imports only point to the same stage or an earlier one", () => {
    const backward: string[] = [];
    for (const { file, text } of files) {
      for (const [, specifier = ""] of text.matchAll(
        /(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g,
      )) {
        const target = new URL(specifier, new URL(file, source));
        const imported = target.pathname.slice(source.pathname.length);
        if (stageOf(imported) > stageOf(file)) backward.push(`${file} -> ${imported}`);
      }
    }
    expect(backward).toEqual([]);
  });

  test.each([
    ["pg-format", "script/sql.ts"],
    ["@dbml/core", "catalog/dbml.ts"],
    ["libpg-query", "catalog/parser.ts"],
    ["commander", "cli/"],
  ])("only its owner imports %s", (library, owner) => {
    const importers = files
      .filter(({ text }) => new RegExp(`(?:from|import)\\s*\\(?\\s*"${library}["/]`).test(text))
      .map(({ file }) => file)
      .filter((file) => !file.startsWith(owner));
    expect(importers).toEqual([]);
  });

  test("nothing but the command line talks to the console or ends the process", () => {
    const talkers = files
      .filter(({ file }) => !file.startsWith("cli/"))
      .filter(({ text }) => /\bconsole\.|process\.exit|process\.std(out|err)/.test(text))
      .map(({ file }) => file);
    expect(talkers).toEqual([]);
  });

  test("pure stages read no clock, environment or file", () => {
    const impure = files
      .filter(({ file }) => PURE.has(file.split("/")[0] ?? ""))
      .filter(({ text }) =>
        /Date\.now|new Date\(\)|process\.env|Math\.random|"node:(fs|child_process|net)/.test(text),
      )
      .map(({ file }) => file);
    expect(impure).toEqual([]);
  });
});

function stageOf(path: string): number {
  const stage = STAGES.indexOf(path.split("/")[0] ?? "");
  if (stage < 0) throw new Error(`${path} belongs to no stage`);
  return stage;
}
