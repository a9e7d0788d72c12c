import { describe, expect, test } from "vitest";
import { type KeyValue, sortKeyOf } from "../../src/compare/sort-key.ts";
import { SAMPLE_CATALOG, typeOf } from "./types.ts";

/** Rows in the order of their sort keys. */
function sorted(types: readonly string[], rows: readonly (readonly KeyValue[])[]): KeyValue[][] {
  const columns = types.map((type) => ({ type: typeOf(type) }));
  const keyOf = sortKeyOf(columns, SAMPLE_CATALOG);
  return rows
    .map((row) => ({ row: [...row], key: keyOf(row) }))
    .sort((a, b) => Buffer.compare(a.key, b.key))
    .map(({ row }) => row);
}

describe("order of one column", () => {
  test.each([
    [
      "int8",
      ["-9223372036854775808", "-10", "-9", "-1", "0", "1", "2", "10", "9223372036854775807"],
    ],
    [
      "numeric",
      [
        "-Infinity",
        "-100",
        "-99.5",
        "-99.45",
        "-0.02",
        "-0.001",
        "0.00",
        "0.0009",
        "0.01",
        "9",
        "9.5",
        "10",
        "1000",
        "Infinity",
        "NaN",
        "no number",
      ],
    ],
    ["float8", ["-Infinity", "-1e+22", "-5e-324", "-0", "1e-05", "0.1", "3", "1e+22", "NaN"]],
    ["text", ["", "A", "Z", "a", "a b", "ab", "é", "\uffff", "😀"]],
    ["timestamptz", ["2024-01-01 05:45:00+05:45", "2024-01-01 00:00:01+00"]],
    ["bytea", ["a\\000", "\\x62"]],
    ["uuid", ["0", "1", null]],
    ["int4", ["7", "x", null]],
  ])("%s", (type, values) => {
    const rows = values.map((value) => [value]);
    expect(sorted([type], rows.toReversed())).toEqual(rows);
  });
});

test("the first column decides, then the second", () => {
  const rows = [
    ["a", "2"],
    ["a", "10"],
    ["a", null],
    ["a b", "1"],
    ["ab", "0"],
    [null, "0"],
  ];
  expect(sorted(["text", "int4"], rows.toReversed())).toEqual(rows);
});

test("bytes that are not UTF-8 sort as bytes, and are not taken for NULL", () => {
  const rows = [["z"], [{ base64: "/w==" }], [null]];
  expect(sorted(["text"], rows.toReversed())).toEqual(rows);
});

test("values do not run into each other", () => {
  const keyOf = sortKeyOf([{ type: typeOf("text") }, { type: typeOf("text") }], SAMPLE_CATALOG);
  expect(keyOf(["a", "bc"])).not.toEqual(keyOf(["ab", "c"]));
});

test("equal numbers have equal bytes", () => {
  const keyOf = sortKeyOf([{ type: typeOf("numeric") }], SAMPLE_CATALOG);
  expect(keyOf(["1.00"])).toEqual(keyOf(["1"]));
  expect(keyOf(["-0.10"])).toEqual(keyOf(["-0.1"]));
});

test.each([
  ["10", "10.0", "1e1"],
  ["-1200", "-1200.00", "-1.2e3"],
  ["7", "7.", "0.7e1"],
  ["-1", "-01", "-1.0"],
])("%s, %s and %s are one number", (...spellings) => {
  const keyOf = sortKeyOf([{ type: typeOf("numeric") }], SAMPLE_CATALOG);
  const [first, ...others] = spellings.map((text) => keyOf([text]).toString("hex"));
  for (const other of others) expect(other).toBe(first);
});
