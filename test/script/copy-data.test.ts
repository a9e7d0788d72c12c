import fc from "fast-check";
import { expect, test } from "vitest";
import { changeStream } from "../../src/changeset/batches.ts";
import { invertChange } from "../../src/changeset/invert.ts";
import { encodeSpooled } from "../../src/changeset/spooled.ts";
import type { Change, Datum } from "../../src/compare/change.ts";
import { copyData } from "../../src/script/copy-data.ts";
import { change } from "../support/change-values.ts";

const POSITIONS = [0, 1, 2];

/** The key, both values of each column, and whether the change has them. */
const VALUES = [
  (given: Change): Datum => given.key[0] ?? null,
  ...POSITIONS.flatMap((position) => [
    (given: Change): Datum =>
      given.kind === "insert" ? null : (given.before[indexOf(given, position)] ?? null),
    (given: Change): Datum =>
      given.kind === "delete" ? null : (given.after[indexOf(given, position)] ?? null),
    (given: Change): Datum => (indexOf(given, position) < 0 ? "f" : "t"),
  ]),
];

function indexOf(given: Change, position: number): number {
  return given.kind === "update" ? given.columns.indexOf(position) : position;
}

/** All of the data, or what was thrown. */
async function copied(changes: AsyncIterable<Change>, asTheyAre: boolean): Promise<string> {
  const pieces: string[] = [];
  try {
    for await (const piece of copyData(changes, VALUES, asTheyAre)) pieces.push(piece);
  } catch (error) {
    return String(error);
  }
  return pieces.join("\n");
}

test.each([
  ["as they are", (given: Change) => given],
  ["backwards", (given: Change) => invertChange(given, [0])],
])("changes of the spool are copied %s as if they were decoded", async (_name, view) => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 8 }), async (changes) => {
      const stored = changeStream(
        async function* () {
          yield changes.map(view);
        },
        {
          lines: async function* () {
            if (changes.length > 0) yield changes.map(encodeSpooled);
          },
          view,
        },
      );
      expect(await copied(stored, true)).toBe(await copied(stored, false));
    }),
    { numRuns: 300 },
  );
});
