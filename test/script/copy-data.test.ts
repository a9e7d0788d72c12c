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

/** The key and both values of the changed columns of an update: what a line of the spool holds, in its order. */
const SPOOLED = [
  (given: Change): Datum => given.key[0] ?? null,
  (given: Change): Datum => (given.kind === "insert" ? null : (given.before[0] ?? null)),
  (given: Change): Datum => (given.kind === "delete" ? null : (given.after[0] ?? null)),
];

/** All of the data, or what was thrown. */
async function copied(
  changes: AsyncIterable<Change>,
  asTheyAre: boolean,
  values: readonly ((given: Change) => Datum)[] = VALUES,
): Promise<string> {
  const pieces: string[] = [];
  try {
    for await (const piece of copyData(changes, values, asTheyAre)) pieces.push(piece);
  } catch (error) {
    return String(error);
  }
  return pieces.join("\n");
}

function stored(
  changes: readonly Change[],
  view: (given: Change) => Change,
): AsyncIterable<Change> {
  return changeStream(
    async function* () {
      yield changes.map(view);
    },
    {
      async *lines() {
        if (changes.length > 0) yield changes.map(encodeSpooled);
      },
      view,
    },
  );
}

test.each([
  ["as they are", (given: Change) => given],
  ["backwards", (given: Change) => invertChange(given, [0])],
])("changes of the spool are copied %s as if they were decoded", async (_name, view) => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 8 }), async (changes) => {
      const given = stored(changes, view);
      expect(await copied(given, true)).toBe(await copied(given, false));
      expect(await copied(given, true, SPOOLED)).toBe(await copied(given, false, SPOOLED));
    }),
    { numRuns: 300 },
  );
});

test("lines that begin alike are copied whole only where they have no more values", async () => {
  const update = (id: string, context: ReadonlyMap<number, Datum>): Change => {
    return { kind: "update", key: [id], columns: [1], before: ["a"], after: ["b"], context };
  };
  const changes = [
    update("1", new Map()),
    update("2", new Map()),
    update("3", new Map([[2, "kept"]])),
    update("4", new Map()),
  ];
  const given = stored(changes, (change) => change);
  expect(await copied(given, true, SPOOLED)).toBe("1\ta\tb\n2\ta\tb\n3\ta\tb\n4\ta\tb");
});
