import { describe, expect, test } from "vitest";
import { openDatabase } from "../../src/sources/database.ts";
import { createDatabase, hasServer } from "../support/postgres.ts";

describe.skipIf(!hasServer)("a live database", () => {
  test("is read as COPY lines", async () => {
    await using database = await createDatabase(
      "CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x'), (2, NULL)",
    );
    await using source = await openDatabase(database.url, { env: {} });
    const table = { schema: "public", name: "t" };
    const chunks: string[] = [];
    for await (const chunk of source.lines({ table, parts: [table], columns: ["b", "a"] })) {
      chunks.push(chunk.toString());
    }
    expect(chunks).toEqual(["x\t1\n\\N\t2\n"]);
  });
});
