/** Where content is compared by value, and where it must not be: asked of a real server. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { equalityOf } from "../../src/compare/equality.ts";
import { createDatabase, hasServer, type TestDatabase } from "../support/postgres.ts";
import { LITERAL_TYPES } from "./literals.ts";
import { askPairs, columnOf } from "./pairs.ts";
import { publicName, SAMPLE_CATALOG, SAMPLE_TYPES_SQL } from "./types.ts";

describe.skipIf(!hasServer)("equality of content", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase(SAMPLE_TYPES_SQL);
  });
  afterAll(() => database[Symbol.asyncDispose]());

  const byValue = LITERAL_TYPES.filter(
    (type) => equalityOf(columnOf(type), SAMPLE_CATALOG) === "value",
  );

  test("all types that are compared by value are tried", () => {
    expect(byValue).toHaveLength(25);
  });

  test.each(byValue)("%s by value: = says what the text says", async (type) => {
    const pairs = await askPairs(database.url, type);
    expect(pairs.filter(({ a, b, equal }) => (a === b) !== equal)).toEqual([]);
    expect(pairs.some(({ a, b }) => a !== b)).toBe(true);
  });

  test.each([
    ...["numeric", "float4", "float8", "interval", "bpchar", "jsonb", "public.citext"],
    ...["numeric[]", "numrange"],
  ])("%s by text: = would overlook a difference", async (type) => {
    const pairs = await askPairs(database.url, type);
    expect(pairs.some(({ a, b, equal }) => equal && a !== b)).toBe(true);
    expect(equalityOf(columnOf(type), SAMPLE_CATALOG)).toBe("text");
  });

  test("text under a nondeterministic collation by text: = would overlook a difference", async () => {
    const pairs = await askPairs(database.url, "text", "COLLATE nd");
    expect(pairs.some(({ a, b, equal }) => equal && a !== b)).toBe(true);
    const column = { ...columnOf("text"), collation: publicName("nd") };
    expect(equalityOf(column, SAMPLE_CATALOG)).toBe("text");
  });
});
