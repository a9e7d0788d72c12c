import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emptyLines, fieldStart, matchFields } from "../../src/compare/fields.ts";

/** The fields of both lines as far as there is room, which of them are the same, and how many there are. */
function matched(before: string, after: string, width: number) {
  const lines = { ...emptyLines(width), before: Buffer.from(before), after: Buffer.from(after) };
  matchFields(lines);
  const fields = (line: Buffer, ends: Uint32Array) =>
    [...ends.keys()].map((n) => line.toString("utf8", fieldStart(ends, n), ends[n]));
  return {
    before: fields(lines.before, lines.beforeEnds),
    after: fields(lines.after, lines.afterEnds),
    same: [...lines.same],
    counts: [lines.beforeCount, lines.afterCount],
  };
}

function expected(before: string, after: string) {
  const [left, right] = [before.split("\t"), after.split("\t")];
  return {
    before: left,
    after: right,
    same: left.map((field, n) => (field === right[n] ? 1 : 0)),
    counts: [left.length, right.length],
  };
}

/** Lengths around the step from a loop to native code. */
const text = fc
  .tuple(fc.constantFrom(0, 1, 2, 47, 48, 49, 50, 200), fc.constantFrom("", "x", "y", "ä"))
  .map(([length, end]) => "a".repeat(length) + end);

describe("matchFields", () => {
  test("finds the fields of two rows, and which of them are the same", () => {
    const rows = fc.array(fc.tuple(text, text, fc.boolean()), { minLength: 1, maxLength: 6 });
    const property = fc.property(rows, (fields) => {
      const before = fields.map(([left]) => left).join("\t");
      const after = fields.map(([left, right, equal]) => (equal ? left : right)).join("\t");
      expect(matched(before, after, fields.length)).toEqual(expected(before, after));
    });
    fc.assert(property, { numRuns: 3_000 });
  });

  test("counts the fields of rows that have not as many", () => {
    const row = fc.array(text, { minLength: 1, maxLength: 5 }).map((fields) => fields.join("\t"));
    const property = fc.property(row, row, (before, after) => {
      expect(matched(before, after, 1).counts).toEqual(expected(before, after).counts);
    });
    fc.assert(property, { numRuns: 1_000 });
  });
});
