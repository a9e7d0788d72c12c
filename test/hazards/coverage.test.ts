/** The list of hazards is complete, and what it names exists. */
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const folder = new URL("../", import.meta.url);
const text = readFileSync(new URL("COVERAGE.md", folder), "utf8");
const entries = [...text.matchAll(/^- \*\*([A-F]\d+)\*\* (.+)$/gm)].map(
  ([, id = "", line = ""]) => ({
    id,
    tests: [...line.matchAll(/`([\w/.-]+\.test\.ts)` "([^"]+)"/g)].map(
      ([, file = "", title = ""]) => ({
        file,
        title,
      }),
    ),
    cases: [...line.matchAll(/case `([\w-]+)`/g)].map(([, name = ""]) => name),
    reason: /\. Reason: (.+)\.$/.exec(line)?.[1],
  }),
);

const PARTS = { A: 24, B: 10, C: 11, D: 32, E: 20, F: 18 };

test("the list names each of the 115 hazards once, in order", () => {
  const ids = Object.entries(PARTS).flatMap(([letter, count]) =>
    Array.from({ length: count }, (_, n) => `${letter}${n + 1}`),
  );
  expect(ids).toHaveLength(115);
  expect(entries.map(({ id }) => id)).toEqual(ids);
});

test("every hazard has a test, a case or a reason", () => {
  const bare = entries.filter(
    ({ tests, cases, reason }) => tests.length + cases.length === 0 && !reason,
  );
  expect(bare.map(({ id }) => id)).toEqual([]);
});

test("every test that the list names exists under exactly this title", () => {
  const absent = entries.flatMap(({ id, tests }) =>
    tests
      .filter(({ file, title }) => !sourceOf(file).includes(`(${JSON.stringify(title)}`))
      .map(({ file, title }) => `${id}: ${file} ${title}`),
  );
  expect(absent).toEqual([]);
});

test("every case that the list names exists", () => {
  const absent = entries.flatMap(({ id, cases }) =>
    cases
      .filter((name) => !existsSync(new URL(`cases/${name}/case.json`, folder)))
      .map((name) => `${id}: ${name}`),
  );
  expect(absent).toEqual([]);
});

test("every test of a hazard is in the list", () => {
  const unlisted = ["a", "b", "c", "d", "e", "f"].flatMap((letter) =>
    [...sourceOf(`hazards/${letter}.test.ts`).matchAll(/\btest\(("(?:[^"\\]|\\.)+")/g)].flatMap(
      ([, title = '""']) => {
        const plain: string = JSON.parse(title);
        return (plain.split(":")[0] ?? "")
          .split(" ")
          .filter((id) => !entries.some((entry) => entry.id === id && names(entry, plain)))
          .map((id) => `${id}: ${plain}`);
      },
    ),
  );
  expect(unlisted).toEqual([]);
});

function names(entry: (typeof entries)[number], title: string): boolean {
  return entry.tests.some((named) => named.title === title);
}

const sources = new Map<string, string>();

function sourceOf(file: string): string {
  const path = new URL(file, folder);
  const known = sources.get(file) ?? (existsSync(path) ? readFileSync(path, "utf8") : "");
  sources.set(file, known);
  return known;
}
