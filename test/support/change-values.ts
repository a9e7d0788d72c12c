/** Random changes of a table with three columns, of which the first is the key. */
import fc from "fast-check";
import type { Change, Datum } from "../../src/compare/change.ts";

/** Text as PostgreSQL may hold it, NULL, and bytes that are not UTF-8. */
const datum: fc.Arbitrary<Datum> = fc.oneof(
  fc.constantFrom(null, "", "\\N", "\u2028\u2029", 'a"b\\\n', "漢🙂", "\r\n\t\u0001"),
  fc.string({ unit: "binary" }).map((text) => text.replaceAll("\0", "")),
  fc.uint8Array({ minLength: 1, maxLength: 4 }).map((bytes) => ({
    base64: Buffer.from([0xff, ...bytes]).toString("base64"),
  })),
);

const row = fc.tuple(datum, datum, datum);

/** Keys are those that the rows hold; an update's new key is another spelling of it. */
export const change: fc.Arbitrary<Change> = fc.oneof(
  row.map((after): Change => ({ kind: "insert", key: [after[0]], after })),
  row.map((before): Change => ({ kind: "delete", key: [before[0]], before })),
  fc
    .tuple(fc.subarray([0, 1, 2], { minLength: 1 }), row, row, fc.boolean())
    .map(([columns, before, after, known]): Change => {
      const context = known ? [1, 2].filter((position) => !columns.includes(position)) : [];
      return {
        kind: "update",
        key: [before[0]],
        columns,
        before: columns.map((position) => before[position] ?? null),
        after: columns.map((position) => after[position] ?? null),
        context: new Map(context.map((position) => [position, before[position] ?? null])),
      };
    }),
);
