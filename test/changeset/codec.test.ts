import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeChange, decodeTable, encodeChange } from "../../src/changeset/codec.ts";
import { decodeSpooled, encodeSpooled, spooledKind } from "../../src/changeset/spooled.ts";
import type { Change } from "../../src/compare/change.ts";
import { change } from "../support/change-values.ts";
import { inPublic } from "../support/schema.ts";

const TABLE = { table: inPublic("t"), columns: ["__proto__", "a", "b"], key: ["__proto__"] };

const UPDATE: Change = {
  kind: "update",
  key: ["3"],
  columns: [1],
  before: [null],
  after: [""],
  context: new Map([[2, "kept"]]),
};

describe("a line of changes.jsonl", () => {
  test.each<[string, Change, string]>([
    [
      "an insert",
      { kind: "insert", key: ["3"], after: ["3", "x", { base64: "/w==" }] },
      `{"table":["public","t"],"kind":"insert","key":{"__proto__":"3"},"after":{"__proto__":"3","a":"x","b":{"base64":"/w=="}}}`,
    ],
    [
      "an update holds what changes, and what is known besides",
      UPDATE,
      `{"table":["public","t"],"kind":"update","key":{"__proto__":"3"},"before":{"a":null},"after":{"a":""},"context":{"b":"kept"}}`,
    ],
    [
      "a delete",
      { kind: "delete", key: ["3"], before: ["3", null, null] },
      `{"table":["public","t"],"kind":"delete","key":{"__proto__":"3"},"before":{"__proto__":"3","a":null,"b":null}}`,
    ],
    [
      "line separators are written as escapes",
      { kind: "insert", key: ["3"], after: ["3", "\u2028\n\u2029", null] },
      `{"table":["public","t"],"kind":"insert","key":{"__proto__":"3"},"after":{"__proto__":"3","a":"\\u2028\\n\\u2029","b":null}}`,
    ],
  ])("%s", (_name, given, expected) => {
    expect(encodeChange(TABLE, given)).toBe(expected);
  });

  test("any change is one line and comes back", () => {
    fc.assert(
      fc.property(change, (given) => {
        const line = encodeChange(TABLE, given);
        expect(line).not.toMatch(/[\n\r\u2028\u2029]/);
        const parsed: unknown = JSON.parse(line);
        expect(decodeTable(parsed)).toEqual(TABLE.table);
        expect(decodeChange(TABLE, parsed)).toEqual(given);
      }),
      { numRuns: 300 },
    );
  });

  test.each<[string, unknown]>([
    ["nothing", null],
    ["a list", []],
    ["another kind", { kind: "upsert", key: { __proto__: "1" } }],
    ["a key without its column", { kind: "delete", key: {}, before: {} }],
    [
      "a number for a value",
      { kind: "insert", key: JSON.parse('{"__proto__":"1"}'), after: { a: 1 } },
    ],
    [
      "a row without a column",
      JSON.parse('{"kind":"insert","key":{"__proto__":"1"},"after":{"a":"1"}}'),
    ],
    [
      "an update whose sides differ in columns",
      JSON.parse('{"kind":"update","key":{"__proto__":"1"},"before":{"a":"1"},"after":{"b":"1"}}'),
    ],
    [
      "an update that sets more than it names before",
      JSON.parse(
        '{"kind":"update","key":{"__proto__":"1"},"before":{"a":"1"},"after":{"a":"2","b":"3"}}',
      ),
    ],
    [
      "a column that the table does not have",
      JSON.parse(
        '{"kind":"update","key":{"__proto__":"1"},"before":{"a":"1","c":"1"},"after":{"a":"2","c":"3"}}',
      ),
    ],
    [
      "an update of nothing",
      JSON.parse('{"kind":"update","key":{"__proto__":"1"},"before":{},"after":{}}'),
    ],
  ])("%s is no change", (_name, line) => {
    expect(decodeChange(TABLE, line)).toBeUndefined();
  });

  test.each([null, {}, { table: "public.t" }, { table: ["public", 1] }])(
    "%j names no table",
    (line) => {
      expect(decodeTable(line)).toBeUndefined();
    },
  );
});

describe("a line of the spool", () => {
  test("tells its kind without being parsed, holds no line feed, and comes back", () => {
    fc.assert(
      fc.property(change, (given) => {
        const line = encodeSpooled(given);
        expect(line).not.toContain("\n");
        expect(spooledKind(line.charCodeAt(0))).toBe(given.kind);
        expect(decodeSpooled(line)).toEqual(given);
      }),
      { numRuns: 300 },
    );
  });
});
