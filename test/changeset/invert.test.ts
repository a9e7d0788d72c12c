import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { invert, invertChange } from "../../src/changeset/invert.ts";
import { invertProfile, isLarge, LARGE_BYTES, profiler } from "../../src/changeset/profile.ts";
import type { Changeset } from "../../src/changeset/types.ts";
import type { Change } from "../../src/compare/change.ts";
import { change } from "../support/change-values.ts";
import { changesetOf } from "../support/changeset.ts";
import { inPublic } from "../support/schema.ts";

const T = inPublic("t");

function setOf(changes: readonly Change[], withheld: readonly Change[] = []): Changeset {
  return changesetOf([{ table: T, columns: ["id", "a", "b"], key: ["id"], changes, withheld }]);
}

async function listed(changes: AsyncIterable<Change>): Promise<Change[]> {
  const list: Change[] = [];
  for await (const found of changes) list.push(found);
  return list;
}

describe("invert", () => {
  test.each<[string, Change, Partial<Change>]>([
    [
      "an insert becomes a delete of the row",
      { kind: "insert", key: ["1"], after: ["1", "x", null] },
      { kind: "delete", key: ["1"], before: ["1", "x", null] },
    ],
    [
      "an update swaps its sides and keeps its context",
      {
        kind: "update",
        key: ["1"],
        columns: [1],
        before: ["x"],
        after: ["y"],
        context: new Map([[2, "z"]]),
      },
      { kind: "update", key: ["1"], before: ["y"], after: ["x"], context: new Map([[2, "z"]]) },
    ],
    [
      "a key in another spelling is found as it is afterwards",
      { kind: "update", key: ["a"], columns: [0], before: ["a"], after: ["A"], context: new Map() },
      { kind: "update", key: ["A"], before: ["A"], after: ["a"] },
    ],
  ])("%s", (_name, given, expected) => {
    expect(invertChange(given, [0])).toMatchObject(expected);
  });

  test("twice gives the same changes, counts and profiles, of each kind", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(change), async (changes) => {
        const original = setOf(changes);
        const twice = invert(invert(original));
        expect(await listed(twice.changes(T))).toEqual(changes);
        expect(twice.tables).toEqual(original.tables);
        expect([twice.production, twice.local]).toEqual([original.production, original.local]);
        for (const kind of ["insert", "update", "delete"] as const)
          expect(await listed(twice.changes({ ...T }, kind))).toEqual(
            changes.filter((found) => found.kind === kind),
          );
      }),
    );
  });

  test("has the profile that its own changes have", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(change), async (changes) => {
        const inverted = invert(setOf(changes));
        expect(inverted.tables).toMatchObject(
          setOf(await listed(inverted.changes(T))).tables.map(({ counts, profiles }) => ({
            counts,
            profiles,
          })),
        );
      }),
    );
  });

  test("raises no sequence and withholds nothing", async () => {
    const withheld: Change = { kind: "delete", key: ["1"], before: ["1", null, null] };
    const inverted = invert(setOf([], [withheld]));
    expect(inverted.sequences).toEqual([]);
    expect(await listed(inverted.withheld(T))).toEqual([]);
    expect(inverted.tables[0]?.withheld).toEqual({ insert: 0, update: 0, delete: 0 });
  });
});

describe("a profile", () => {
  function profileOf(changes: readonly Change[]) {
    const { note, result } = profiler(3);
    for (const found of changes) note(found);
    return result();
  }

  test("counts the rows that hold a column, and bytes of both sides", () => {
    const { bytes, columns } = profileOf([
      {
        kind: "update",
        key: ["1"],
        columns: [1],
        before: ["ab"],
        after: [null],
        context: new Map(),
      },
      {
        kind: "update",
        key: ["2"],
        columns: [1, 2],
        before: ["a", "b"],
        after: ["c", "d"],
        context: new Map(),
      },
    ]);
    expect(bytes).toBe(6);
    expect(columns.map(({ rows }) => rows)).toEqual([0, 2, 1]);
  });

  test("tells the side of a large value, and turns round", () => {
    const large = "x".repeat(LARGE_BYTES + 1);
    const profile = profileOf([
      {
        kind: "update",
        key: ["1"],
        columns: [1],
        before: [large],
        after: ["b"],
        context: new Map(),
      },
    ]);
    expect(profile.columns[1]?.large).toEqual({ before: true, after: false });
    expect(invertProfile(profile).columns[1]?.large).toEqual({ before: false, after: true });
    expect(invertProfile(invertProfile(profile))).toEqual(profile);
  });

  test("tells of bytes that are no text", () => {
    expect(profileOf([{ kind: "insert", key: ["1"], after: ["1", "", null] }]).text).toBe(true);
    expect(
      profileOf([{ kind: "insert", key: ["1"], after: ["1", { base64: "/w==" }, null] }]).text,
    ).toBe(false);
  });

  test.each([
    ["NULL is not large", null, false],
    ["as many bytes as the limit is not large", "x".repeat(LARGE_BYTES), false],
    ["one byte more is large", "x".repeat(LARGE_BYTES + 1), true],
    ["fewer characters of more bytes is large", "漢".repeat(LARGE_BYTES / 2), true],
  ])("a value of %s", (_name, value, expected) => {
    expect(isLarge(value)).toBe(expected);
  });
});
