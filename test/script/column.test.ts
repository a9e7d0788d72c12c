import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  asHash,
  assigned,
  asText,
  castName,
  datum,
  hashOf,
  keyIs,
  type ScriptColumn,
  valueIs,
} from "../../src/script/column.ts";
import { sql } from "../../src/script/sql.ts";
import { scriptColumn } from "../../src/script/table.ts";
import { schema, tableOf } from "../support/schema.ts";

const NONE = sql``;

async function column(type: string): Promise<ScriptColumn> {
  const catalog = await schema(`CREATE EXTENSION citext WITH SCHEMA ext;
CREATE TYPE public.mood AS ENUM ('ok');
CREATE DOMAIN public.name_of AS text;
CREATE COLLATION public.loose (provider = icu, deterministic = false, locale = 'und');
CREATE TABLE public.t (c ${type});
`);
  const [found] = tableOf(catalog, "t").columns;
  if (!found) throw new Error("t has no column");
  return scriptColumn(catalog, found);
}

describe("castName", () => {
  test.each([
    ["pg_catalog", "int4", false, "integer"],
    ["pg_catalog", "varchar", false, "varchar"],
    ["pg_catalog", "text", true, "text[]"],
    // Bare they would mean character(1) and bit(1).
    ["pg_catalog", "char", false, '"char"'],
    ["pg_catalog", "bit", false, '"bit"'],
    ["public", "Mood", true, '"public"."Mood"[]'],
  ])("%s.%s, array %s, is written %s", (where, name, array, expected) => {
    expect(castName({ schema: where, name, array })).toBe(expected);
  });
});

describe("valueIs", () => {
  const cases: [string, string, string | null, string][] = [
    ["a plain value is compared by its operator", "integer", "3", `"c" = '3'`],
    ["NULL only equals NULL", "integer", null, `"c" IS NULL`],
    ["a modifier is not cast to", "character varying(3)", "abcd", `"c" = 'abcd'`],
    ["numeric is compared by its text, with its scale", "numeric", "1.0", `"c"::text = '1.0'`],
    ["jsonb by its text", "jsonb", "{}", `"c"::text = '{}'`],
    [
      "xml by what its output function prints",
      "xml",
      "<a/>",
      `(CASE WHEN "c" IS NOT NULL THEN format('%s', "c") END) = '<a/>'`,
    ],
    [
      "text under a loose collation by its bytes",
      "text COLLATE public.loose",
      "a",
      `"c"::text COLLATE "C" = 'a'`,
    ],
    ["citext by its bytes", "ext.citext", "a", `"c"::text COLLATE "C" = 'a'`],
    [
      "an enum by its operator, cast to the type",
      "public.mood",
      "ok",
      `"c" = 'ok'::"public"."mood"`,
    ],
    ["a domain likewise", "public.name_of", "a", `"c" = 'a'::"public"."name_of"`],
    ["an array by its text", "integer[]", "{1}", `"c"::text = '{1}'`],
  ];
  test.each(cases)("%s", async (_name, type, value, expected) => {
    expect(valueIs(await column(type), value, NONE)).toBe(expected);
  });

  test("a large value is compared by its hash", async () => {
    const text = "ä".repeat(5000);
    const hash = createHash("sha256").update(text, "utf8").digest("hex");
    expect(valueIs(await column("text"), text, sql`t.`)).toBe(
      `encode(sha256(convert_to(t."c"::text, 'UTF8')), 'hex') = '${hash}'`,
    );
  });
});

describe("keyIs", () => {
  test.each([
    ["a plain key uses its index alone", "integer", `"c" = '1'`],
    ["numeric adds the exact text", "numeric", `"c" = '1' AND "c"::text = '1'`],
    [
      "types of extensions have their operator where the extension is",
      "ext.citext",
      `"c" OPERATOR("ext".=) '1'::"ext"."citext" AND "c"::text COLLATE "C" = '1'`,
    ],
  ])("%s", async (_name, type, expected) => {
    expect(keyIs(await column(type), "1", NONE)).toBe(expected);
  });
});

describe("bytes that are not UTF-8", () => {
  test("are decoded on the server and get the column's type", async () => {
    const value = { base64: Buffer.from([0xff, 0x27]).toString("base64") };
    expect(datum(value)).toBe("convert_from(decode('ff27', 'hex'), getdatabaseencoding())");
    expect(assigned(await column("character varying(9)"), value)).toMatch(/\)::varchar$/);
    expect(assigned(await column("text"), "x")).toBe("'x'");
  });

  test("are hashed as the bytes that they are", () => {
    expect(hashOf({ base64: Buffer.from("ä").toString("base64") })).toBe(hashOf("ä"));
  });
});

test("hash and text name the row that they read", async () => {
  const text = await column("text");
  expect(asText(text, sql`t.`)).toBe(`t."c"::text COLLATE "C"`);
  expect(asHash(text, sql`want.`)).toBe(
    `encode(sha256(convert_to(want."c"::text, 'UTF8')), 'hex')`,
  );
});
