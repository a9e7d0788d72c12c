/** Sort keys against ORDER BY of a real server. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sortKeyOf } from "../../src/compare/sort-key.ts";
import { createDatabase, hasServer, type TestDatabase } from "../support/postgres.ts";
import { askJson } from "./json.ts";
import { SAMPLE_CATALOG, typeOf } from "./types.ts";

describe.skipIf(!hasServer)("sort keys order as ORDER BY does", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database[Symbol.asyncDispose]());

  test.each([
    ["int8", "(random() - 0.5) * 10 ^ (random() * 18)"],
    ["numeric", "trunc(((random() - 0.5) * 10 ^ (random() * 20 - 8))::numeric, (n % 9)::int)"],
    [
      "numeric",
      "(ARRAY['NaN', 'Infinity', '-Infinity', '0.00', '-0.01', '1e300', '-1e-300'])[n % 7 + 1]",
    ],
    ["float8", "(random() - 0.5) * 10 ^ (random() * 600 - 300)"],
    ["float4", "(random() - 0.5) * 10 ^ (random() * 60 - 30)"],
    ["text", "substr(md5(random()::text), 1, 1 + (n % 3)::int)"],
    ["text", `chr(33 + (n * 97 % 50000)::int) || n % 3`],
  ])("%s: %s", async (type, expression) => {
    const values = (await askJson(
      database.url,
      `DO $$ BEGIN PERFORM setseed(0.5); END $$;
     SELECT json_agg(format('%s', v) ORDER BY v)
     FROM (SELECT DISTINCT (${expression})::${type}${type === "text" ? ' COLLATE "C"' : ""} AS v FROM generate_series(1, 3000) n) d`,
    )) as string[];
    const keyOf = sortKeyOf([{ type: typeOf(type) }], SAMPLE_CATALOG);
    const keys = values.map((value) => keyOf([value]));
    expect(values.length).toBeGreaterThan(5);
    expect(
      keys.filter((key, at) => at > 0 && Buffer.compare(keys[at - 1] ?? key, key) >= 0),
    ).toEqual([]);
  });
});
