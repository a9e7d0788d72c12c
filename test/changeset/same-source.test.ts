import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { canDump, dumpTo } from "../support/dumps.ts";
import { createDatabase, hasServer } from "../support/postgres.ts";
import { find } from "../support/scripts.ts";

const SQL = "CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1)";

async function remarks(production: string, local: string): Promise<readonly string[]> {
  const { messages } = await find({ production, local });
  return messages.filter((text) => text.includes("the same"));
}

describe.skipIf(!hasServer)("both sides", () => {
  test("that are one database are remarked, however they are spelled", async () => {
    await using database = await createDatabase(SQL);
    expect(await remarks(database.url, `${database.url}?application_name=x`)).toEqual([
      "production and local are the same database, so nothing can differ; name the edited copy with --local",
    ]);
  });

  test("that are copies on one server are two", async () => {
    await using production = await createDatabase(SQL);
    await using local = await createDatabase({ template: production.name, sql: "" });
    expect(await remarks(production.url, local.url)).toEqual([]);
  });

  test("of which production is live may hold changes of its own", async ({ skip }) => {
    skip(!(await canDump()), "needs pg_dump");
    await using production = await createDatabase(SQL);
    await using local = await createDatabase({ template: production.name, sql: "DELETE FROM a" });
    const folder = await mkdtemp(join(tmpdir(), "rowpatch-live-"));
    const told = async (source: string) => {
      const { messages } = await find({ production: source, local: local.url });
      return messages.filter((text) => text.includes("is live"));
    };
    try {
      expect(await told(production.url)).toEqual([
        "production is live: 1 row would be overwritten or deleted, those that it has changed itself since local was copied from it among them; if anyone wrote there, compare with the dump that local was restored from",
      ]);
      expect(await told(await dumpTo(join(folder, "a.dump"), production.url, "custom"))).toEqual(
        [],
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("that are one dump, or a copy of it, are remarked", async ({ skip }) => {
    skip(!(await canDump()), "needs pg_dump");
    await using database = await createDatabase(SQL);
    const folder = await mkdtemp(join(tmpdir(), "rowpatch-same-"));
    try {
      const dump = await dumpTo(join(folder, "a.dump"), database.url, "custom");
      expect(await remarks(dump, dump)).toHaveLength(1);
      expect(await remarks(dump, database.url)).toEqual([]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
