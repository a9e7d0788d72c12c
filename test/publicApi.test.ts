import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as api from "../src/index.ts";

test("the public API has these names", () => {
  expect(Object.keys(api).sort()).toEqual(["ExpectedError", "compare", "makeScripts"]);
});

test("the public API has these types", () => {
  const source = readFileSync(new URL("../src/index.ts", import.meta.url), "utf8");
  const types = [...source.matchAll(/export type \{([^}]+)\}|\btype (\w+)/g)].flatMap(
    ([, list, one]) => (list ? list.split(",").map((name) => name.trim()) : [one]),
  );
  expect(types.filter((name) => name).sort()).toEqual([
    "Catalog",
    "Change",
    "ChangeKind",
    "ChangedTable",
    "Changeset",
    "CompareRequest",
    "ComparedTable",
    "Comparison",
    "Counts",
    "Datum",
    "Failure",
    "Finding",
    "FindingFacts",
    "LongText",
    "LongTexts",
    "ProgressEvent",
    "Provenance",
    "QualifiedName",
    "ScriptOptions",
    "ScriptSet",
    "SequenceTarget",
    "Severity",
    "TableName",
  ]);
});
