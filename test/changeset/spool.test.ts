import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Spool, spool } from "../../src/changeset/spool.ts";
import type { Changeset } from "../../src/changeset/types.ts";
import type { Change, ChangeKind } from "../../src/compare/change.ts";
import { inPublic } from "../support/schema.ts";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "rowpatch-spool-"));
});
afterEach(() => rm(directory, { recursive: true }));

const PROVENANCE = { kind: "dump", display: "a", encoding: "UTF8" } as const;
const ROWS = { production: 5, local: 6 };

const insert = (id: string, value = "x"): Change => ({
  kind: "insert",
  key: [id],
  after: [id, value],
});
const remove = (id: string): Change => ({ kind: "delete", key: [id], before: [id, "x"] });
const update = (id: string): Change => ({
  kind: "update",
  key: [id],
  columns: [1],
  before: [null],
  after: [{ base64: "/w==" }],
  context: new Map(),
});

async function store(
  target: Spool,
  name: string,
  changes: { readonly applied?: readonly Change[]; readonly withheld?: readonly Change[] },
): Promise<void> {
  const writer = target.table({ table: inPublic(name), columns: ["id", "a"], key: ["id"] });
  for (const change of changes.applied ?? []) writer.add(change, Buffer.from(String(change.key)));
  for (const change of changes.withheld ?? [])
    writer.withhold(change, Buffer.from(String(change.key)));
  await writer.finish(ROWS);
}

function changesetOf(target: Spool): Changeset {
  return target.changeset({ sequences: [], production: PROVENANCE, local: PROVENANCE });
}

async function listed(changes: AsyncIterable<Change>): Promise<Change[]> {
  const list: Change[] = [];
  for await (const change of changes) list.push(change);
  return list;
}

describe("a spool", () => {
  test.each([
    ["in memory", 1e6],
    ["beyond its budget", 150],
  ])("gives changes back in key order, %s", async (_name, budget) => {
    const target = spool(directory, budget);
    await store(target, "t", { applied: [remove("3"), insert("1"), update("2"), insert("4")] });
    const changeset = changesetOf(target);
    for (let times = 0; times < 2; times += 1) {
      expect(await listed(changeset.changes(inPublic("t")))).toEqual([
        insert("1"),
        update("2"),
        remove("3"),
        insert("4"),
      ]);
    }
  });

  test.each<[ChangeKind, string[]]>([
    ["insert", ["1", "4"]],
    ["update", ["2"]],
    ["delete", ["3"]],
  ])("reads %ss alone", async (kind, keys) => {
    const target = spool(directory, 1e6);
    await store(target, "t", { applied: [remove("3"), insert("4"), update("2"), insert("1")] });
    await store(target, "only", { applied: [insert("9")] });
    const changeset = changesetOf(target);
    const found = await listed(changeset.changes(inPublic("t"), kind));
    expect(found.map(({ key }) => key[0])).toEqual(keys);
    expect((await listed(changeset.changes(inPublic("only"), kind))).length).toBe(
      kind === "insert" ? 1 : 0,
    );
  });

  test("keeps what is withheld apart", async () => {
    const target = spool(directory, 1e6);
    await store(target, "t", { applied: [insert("1")], withheld: [remove("2"), remove("0")] });
    const changeset = changesetOf(target);
    expect(await listed(changeset.withheld(inPublic("t")))).toEqual([remove("0"), remove("2")]);
    expect(changeset.tables[0]).toMatchObject({
      counts: { insert: 1, update: 0, delete: 0 },
      withheld: { insert: 0, update: 0, delete: 2 },
      rows: ROWS,
    });
  });

  test("lists tables with changes by name, and no others", async () => {
    const target = spool(directory, 1e6);
    await store(target, "z", { applied: [insert("1")] });
    await store(target, "none", {});
    await store(target, "B", { withheld: [remove("1")] });
    const changeset = changesetOf(target);
    expect(changeset.tables.map(({ table }) => table.name)).toEqual(["B", "z"]);
    expect(await listed(changeset.changes(inPublic("none")))).toEqual([]);
    expect(await listed(changeset.changes(inPublic("B")))).toEqual([]);
  });

  test("profiles what is executed", async () => {
    const target = spool(directory, 1e6);
    await store(target, "t", {
      applied: [insert("1"), update("2")],
      withheld: [insert("3", "longer")],
    });
    const { profiles } = changesetOf(target).tables[0] ?? {};
    expect(profiles?.insert).toMatchObject({ bytes: 2, text: true });
    expect(profiles?.update).toMatchObject({ text: false });
  });

  test("holds values with any character", async () => {
    const hostile = insert("1", '\n\r\u2028"\\\u0001漢🙂');
    const target = spool(directory, 0);
    await store(target, "t", { applied: [hostile, insert("2"), remove("3")] });
    expect((await listed(changesetOf(target).changes(inPublic("t"))))[0]).toEqual(hostile);
  });

  test("more changes than a file's buffer come back, of one kind too", async () => {
    const value = "x".repeat(1000);
    const changes = Array.from({ length: 1500 }, (_, n) => {
      const id = String(n).padStart(5, "0");
      return n % 2 ? insert(id, value) : remove(id);
    });
    const target = spool(directory, 400_000);
    await store(target, "t", { applied: [...changes].reverse() });
    const changeset = changesetOf(target);
    expect(await listed(changeset.changes(inPublic("t")))).toEqual(changes);
    expect((await listed(changeset.changes(inPublic("t"), "insert"))).length).toBe(750);
  });
});
