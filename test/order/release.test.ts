import { describe, expect, test } from "vitest";
import type { Change, Datum } from "../../src/compare/change.ts";
import { nameKey } from "../../src/names.ts";
import { finishedUpdates, type Releases, released, releaseSteps } from "../../src/order/release.ts";
import { changesetOf } from "../support/changeset.ts";
import { inPublic } from "../support/schema.ts";

const T = inPublic("t");
const KEY = JSON.stringify(["1"]);

const UPDATE: Change = {
  kind: "update",
  key: ["1"],
  columns: [1],
  before: ["old"],
  after: ["new"],
  context: new Map([[2, "kept"]]),
};
const DELETE: Change = { kind: "delete", key: ["1"], before: ["1", "old", "kept"] };

function setOf(change: Change) {
  return changesetOf([{ table: T, columns: ["id", "a", "b"], key: ["id"], changes: [change] }]);
}

const values = (...held: (readonly [number, Datum])[]) => new Map([[KEY, new Map(held)]]);

function releases(part: Partial<Releases>) {
  const none = { parked: new Map(), cascaded: new Map(), first: new Map<string, number>() };
  const own = { ...none, early: new Set<string>(), ...part };
  return new Map([[nameKey(T), own]]);
}

async function listed<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function after(change: Change, part: Partial<Releases>): Promise<readonly Change[]> {
  const all = releases(part);
  return listed(released(setOf(change), all, new Map()).changes(T));
}

describe("a release step", () => {
  test("parks an update only while its own old values stand, and writes them back", async () => {
    const [step] = releaseSteps(setOf(UPDATE), releases({ parked: values([2, null]) }));
    expect(step && (await listed(step.changes()))).toEqual([
      {
        kind: "update",
        key: ["1"],
        columns: [1, 2],
        before: ["old", "kept"],
        after: ["old", null],
        context: new Map(),
      },
    ]);
  });

  test("parks a row that is deleted later by what it held", async () => {
    const [step] = releaseSteps(setOf(DELETE), releases({ parked: values([1, "free"]) }));
    expect(step?.kind).toBe("release");
    expect(step && (await listed(step.changes()))).toMatchObject([
      { columns: [1], before: ["old"], after: ["free"] },
    ]);
  });

  test("deletes early what may go, as it was compared", async () => {
    const [step] = releaseSteps(setOf(DELETE), releases({ early: new Set([KEY]) }));
    expect(step).toMatchObject({ kind: "delete", count: 1, whole: false });
    expect(step && (await listed(step.changes()))).toEqual([DELETE]);
  });
});

describe("after its release", () => {
  const cases: [string, Change, Partial<Releases>, Partial<Change>[]][] = [
    ["nothing released changes nothing", UPDATE, {}, [UPDATE]],
    [
      "an update expects the parked value",
      UPDATE,
      { parked: values([1, null]) },
      [{ columns: [1], before: [null], after: ["new"] }],
    ],
    [
      "an unchanged column that was parked is brought back",
      UPDATE,
      { parked: values([2, "free"]) },
      [{ columns: [1, 2], before: ["old", "free"], after: ["new", "kept"] }],
    ],
    ["an update that a cascade makes is gone", UPDATE, { cascaded: values([1, "new"]) }, []],
    [
      "a cascade that makes half of it leaves the rest",
      { ...UPDATE, columns: [1, 2], before: ["old", "kept"], after: ["new", "other"] },
      { cascaded: values([1, "new"]) },
      [{ columns: [2], before: ["kept"], after: ["other"] }],
    ],
    [
      "what is parked wins over what is cascaded",
      UPDATE,
      { parked: values([1, null]), cascaded: values([1, "new"]) },
      [{ columns: [1], before: [null], after: ["new"] }],
    ],
    [
      "bytes are equal by value",
      { ...UPDATE, after: [{ base64: "/w==" }] },
      { cascaded: values([1, { base64: "/w==" }]) },
      [],
    ],
    [
      "a delete expects what was parked",
      DELETE,
      { parked: values([1, null]) },
      [{ kind: "delete", before: ["1", null, "kept"] }],
    ],
    ["an early delete is gone", DELETE, { early: new Set([KEY]) }, []],
  ];
  test.each(cases)("%s", async (_name, change, part, expected) => {
    expect(await after(change, part)).toMatchObject(expected);
  });

  test("counts leave out what is gone", async () => {
    const all = releases({ cascaded: values([1, "new"]) });
    const own = [...all.values()][0];
    const gone = own && (await finishedUpdates(setOf(UPDATE), T, own));
    expect(gone).toBe(1);
    const { tables } = released(setOf(UPDATE), all, new Map([[[...all.keys()][0] ?? "", 1]]));
    expect(tables[0]?.counts).toEqual({ insert: 0, update: 0, delete: 0 });
  });
});
