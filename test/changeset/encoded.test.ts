import fc from "fast-check";
import { expect, test } from "vitest";
import { changeStream } from "../../src/changeset/batches.ts";
import { encodeChange } from "../../src/changeset/codec.ts";
import { encodedChanges } from "../../src/changeset/encoded.ts";
import { encodeSpooled } from "../../src/changeset/spooled.ts";
import type { Change } from "../../src/compare/change.ts";
import { change } from "../support/change-values.ts";
import { inPublic } from "../support/schema.ts";

const TABLE = {
  table: inPublic("t"),
  columns: ["__proto__", '"\u2028\\u00001"', "\\u00002"],
  key: ["__proto__"],
};

async function linesOf(changes: readonly Change[]): Promise<readonly string[]> {
  const stream = changeStream(
    async function* () {
      yield changes;
    },
    {
      async *lines() {
        yield changes.map(encodeSpooled);
      },
      view: (given) => given,
    },
  );
  let text = "";
  for await (const lines of encodedChanges(TABLE, stream)) text += lines;
  expect(text.endsWith("\n")).toBe(true);
  return text.slice(0, -1).split("\n");
}

const PLAIN: Change = { kind: "insert", key: ["3"], after: ["3", "x", "y"] };

test.each<[string, Change]>([
  ["plain text", PLAIN],
  ["NULL", { ...PLAIN, after: ["3", null, "y"] }],
  ["a text that looks like NULL", { ...PLAIN, after: ["3", "\\N", "N"] }],
  ["quotes, backslashes and control characters", { ...PLAIN, after: ["3", 'a"b\\', "\t\n\u007f"] }],
  ["line separators", { ...PLAIN, after: ["3", "\u2028", "\u2029"] }],
  ["bytes that are no text", { ...PLAIN, after: ["3", { base64: "/w==" }, "\\B"] }],
  ["a delete", { kind: "delete", key: ["3"], before: ["3", "x", null] }],
  [
    "an update",
    {
      kind: "update",
      key: ["3"],
      columns: [1, 2],
      before: ["a", "b"],
      after: [null, "c"],
      context: new Map(),
    },
  ],
  [
    "an update that tells an unchanged value",
    {
      kind: "update",
      key: ["3"],
      columns: [1],
      before: ["a"],
      after: ["b"],
      context: new Map([[2, "kept"]]),
    },
  ],
])(
  "%s is written from the spool as from the change, whatever came before",
  async (_name, given) => {
    const changes = [PLAIN, given, given];
    expect(await linesOf(changes)).toEqual(changes.map((one) => encodeChange(TABLE, one)));
  },
);

test("any changes are written from the spool as they are", async () => {
  const property = fc.asyncProperty(fc.array(change, { minLength: 1 }), async (changes) => {
    expect(await linesOf(changes)).toEqual(changes.map((one) => encodeChange(TABLE, one)));
  });
  await fc.assert(property, { numRuns: 300 });
});
