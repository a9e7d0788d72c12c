/** Keys are equal exactly when `=` says so: asked of a real server. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type KeyClass, keyClassOf } from "../../src/compare/key.ts";
import { createDatabase, hasServer, type TestDatabase } from "../support/postgres.ts";
import { askJson } from "./json.ts";
import { LITERAL_TYPES } from "./literals.ts";
import { askPairs, columnOf } from "./pairs.ts";
import { SAMPLE_CATALOG, SAMPLE_TYPES_SQL } from "./types.ts";

describe.skipIf(!hasServer)("keys are equal exactly when = says so", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase(SAMPLE_TYPES_SQL);
  });
  afterAll(() => database[Symbol.asyncDispose]());

  test.each(LITERAL_TYPES)("%s", async (type) => {
    const keyClass = keyClassOf(columnOf(type), SAMPLE_CATALOG);
    const pairs = await askPairs(database.url, type);
    const wrong = pairs.filter(({ a, b, equal }) => {
      const [left, right] = [keyOf(keyClass, a), keyOf(keyClass, b)];
      return left === undefined || right === undefined || (left === right) !== equal;
    });
    expect(wrong).toEqual([]);
  });

  test("of the types of pg_catalog that can be keys, only tsquery is left to the server", async () => {
    const names = (await askJson(
      database.url,
      `SELECT json_agg(t.typname ORDER BY t.typname) FROM pg_catalog.pg_type t
       JOIN pg_catalog.pg_opclass c ON c.opcintype = t.oid AND c.opcdefault
       JOIN pg_catalog.pg_am a ON a.oid = c.opcmethod AND a.amname = 'btree'
       WHERE t.typnamespace = 'pg_catalog'::regnamespace AND t.typtype = 'b'`,
    )) as string[];
    expect(names.length).toBeGreaterThan(30);
    const left = names.filter(
      (name) => keyClassOf(columnOf(name), SAMPLE_CATALOG).kind === "server",
    );
    expect(left).toEqual(["tsquery"]);
  });
});

function keyOf(keyClass: KeyClass, text: string): string | undefined {
  if (keyClass.kind === "exact") return text;
  return keyClass.kind === "canonical" ? keyClass.canonical(text) : keyClass.fold?.(text);
}
