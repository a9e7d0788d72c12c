import { describe, expect, test } from "vitest";
import { columnMatcher, matchesTable, tableMatcher } from "../../src/catalog/patterns.ts";

describe("matchesTable", () => {
  const cases: [string, string, string, boolean][] = [
    ["public.t", "public", "t", true],
    ["t", "other", "t", true],
    ["other.t", "public", "t", false],
    ["public.*", "public", "anything", true],
    ["*", "public", "t", true],
    ["t?", "public", "t1", true],
    ["t?", "public", "t", false],
    ["T", "public", "t", false],
    // A pattern names the whole, never a part.
    ["t", "public", "tt", false],
    // Characters of regular expressions mean themselves.
    ["public.a+", "public", "a+", true],
    ["public.a+", "public", "aa", false],
    ["public.[ab]", "public", "a", false],
    ["publicxt", "public", "t", false],
    // Names may hold dots, line breaks and characters beyond the BMP.
    ["a.b.c", "a.b", "c", true],
    ['"a.b".c', "a.b", "c", true],
    ['"a.b".c', "a", "b.c", false],
    ["a?b", "public", "a\nb", true],
    ["a?b", "public", "a🙂b", true],
  ];
  test.each(cases)("%s against %s.%s: %s", (pattern, where, name, expected) => {
    expect(matchesTable(pattern, { schema: where, name })).toBe(expected);
  });
});

test("no patterns match nothing", () => {
  expect(tableMatcher([])({ schema: "public", name: "t" })).toBe(false);
});

describe("columnMatcher", () => {
  const table = { schema: "public", name: "t" };

  test.each([
    ["a", true],
    ["t.a", true],
    ["public.t.a", true],
    ["*.a", true],
    ["u.a", false],
    ["other.t.a", false],
  ])("%s against public.t.a: %s", (pattern, expected) => {
    expect(columnMatcher([pattern]).matches(table, "a")).toBe(expected);
  });

  test("a pattern that has matched once is used, one that has not is a mistake", () => {
    const matcher = columnMatcher(["a", "b*"]);
    matcher.matches(table, "a");
    expect(() => matcher.assertUsed()).toThrow('"b*" matches no column');
    matcher.matches(table, "bb");
    expect(() => matcher.assertUsed()).not.toThrow();
  });
});
