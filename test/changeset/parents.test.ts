import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { canDump, dumpTo } from "../support/dumps.ts";
import { createDatabase, hasServer } from "../support/postgres.ts";
import { find } from "../support/scripts.ts";

const PRODUCTION = `
CREATE TABLE parent (id bigint PRIMARY KEY, v text);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent);
INSERT INTO parent VALUES (1, 'a'); INSERT INTO child VALUES (1, 1);`;

describe.skipIf(!hasServer).concurrent("parents that are not compared", { timeout: 60_000 }, () => {
  const cases: readonly (readonly [string, string, object, string])[] = [
    [
      "missing in production",
      "INSERT INTO parent VALUES (2, 'b'); INSERT INTO child VALUES (2, 2), (3, 2), (4, 1), (5, NULL)",
      { exclude: ["parent"] },
      "table public.child: 2 rows refer by child_parent_fkey to rows of public.parent that production does not have and that were not compared, such as (2); compare public.parent too, or leave the table out with --exclude",
    ],
    [
      "left out by a condition, referred to by an update",
      "INSERT INTO parent VALUES (2, 'b'), (3, 'c'); INSERT INTO child VALUES (2, 3); UPDATE child SET parent = 2 WHERE id = 1",
      { where: [{ table: "public.parent", sql: "v = 'c'" }] },
      "table public.child: 1 row refers by child_parent_fkey to rows of public.parent that production does not have and that were not compared, such as (2); compare public.parent too, or leave the table out with --exclude",
    ],
    ["there in production", "INSERT INTO child VALUES (2, 1)", { exclude: ["parent"] }, ""],
  ];
  test.for(cases)("%s", async ([, edits, options, message]) => {
    await using production = await createDatabase({ sql: PRODUCTION });
    await using local = await createDatabase({ template: production.name, sql: edits });
    const found = await find({ production: production.url, local: local.url }, options);
    expect(found.messages.filter((text) => text.includes("refer"))).toEqual(
      message === "" ? [] : [message],
    );
    expect(found.blocked).toBe(message !== "");
  });

  test("from a dump as well", async ({ skip }) => {
    skip(!(await canDump()), "needs pg_dump");
    const directory = await mkdtemp(join(tmpdir(), "rowpatch-parents-"));
    try {
      await using production = await createDatabase({ sql: PRODUCTION });
      await using local = await createDatabase({
        template: production.name,
        sql: "INSERT INTO parent VALUES (2, 'b'); INSERT INTO child VALUES (2, 2)",
      });
      const dump = await dumpTo(join(directory, "full.dump"), production.url, "custom");
      const options = { exclude: ["parent"] };
      expect(await find({ production: dump, local: local.url }, options)).toMatchObject({
        blocked: true,
        findings: expect.arrayContaining(["parents_missing"]),
      });
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
