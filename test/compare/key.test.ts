import { describe, expect, test } from "vitest";
import { type KeyClass, keyClassOf } from "../../src/compare/key.ts";
import type { Typed } from "../../src/compare/shape.ts";
import { publicName, SAMPLE_CATALOG, typeOf } from "./types.ts";

function classOf(type: string, collation?: string): KeyClass {
  const column: Typed = collation
    ? { type: typeOf(type), collation: publicName(collation) }
    : { type: typeOf(type) };
  return keyClassOf(column, SAMPLE_CATALOG);
}

/** The bytes of a key, undefined where only the server can tell. */
function keyOf(type: string, text: string): string | undefined {
  const found = classOf(type);
  switch (found.kind) {
    case "exact":
      return text;
    case "canonical":
      return found.canonical(text);
    case "server":
      return found.fold?.(text);
  }
}

describe("the class of a key", () => {
  test.each([
    ...["int2", "int8", "text", "varchar", "name", "uuid", "bool", "date", "timetz", "inet"],
    ...["bit", "regclass", "tsvector", "xml", "json", "public.mood", "public.mood[]"],
    ...["int4[]", "text[]", "int4range", "tsmultirange", "public.hstore", "public.ltree"],
  ])("%s: the text itself", (type) => {
    expect(classOf(type)).toEqual({ kind: "exact" });
  });

  test.each([
    ...["numeric", "float4", "float8", "bpchar", "character(5)", "timestamptz", "bytea", "char"],
    ...["interval", "jsonb", "money", "point", "numeric[]", "numrange", "tstzmultirange"],
    ...["public.moment", "public.moments", "public.frame", "public.log", "public.floatrange"],
    "public.entry",
  ])("%s: a canonical text", (type) => {
    expect(classOf(type).kind).toBe("canonical");
  });

  test.each(["public.unknown_to_all", "tsquery", "regproc", "public.cube", "public.textrange"])(
    "%s: only the server can tell",
    (type) => {
      expect(classOf(type)).toEqual({ kind: "server" });
    },
  );

  test.each([
    ["text", "nd"],
    ["text[]", "nd"],
    ["varchar", "nd"],
    ["character(5)", "nd"],
    ["text", "of_an_extension"],
  ])("%s under collation %s: only the server can tell", (type, collation) => {
    expect(classOf(type, collation)).toEqual({ kind: "server" });
  });

  test("a number does not care for collations", () => {
    expect(classOf("int4", "nd")).toEqual({ kind: "exact" });
  });

  test("ASCII text under citext is certain, other text is not", () => {
    expect(classOf("public.citext").kind).toBe("server");
    expect(keyOf("public.citext", "Key 1")).toBe("key 1");
    expect(keyOf("public.citext", "Straße")).toBeUndefined();
    expect(keyOf("public.citext[]", "{Key,NULL}")).toBe("{key,NULL}");
    expect(keyOf("public.citext[]", "{Key,É}")).toBeUndefined();
  });
});

describe("equal keys", () => {
  test.each([
    ["numeric", ["1", "1.0", "1.00"], "1"],
    ["numeric", ["0", "0.00"], "0"],
    ["numeric", ["-120.50", "-120.5"], "-120.5"],
    ["numeric", ["NaN"], "NaN"],
    ["numeric", ["-Infinity"], "-Infinity"],
    ["float8", ["0", "-0"], "0"],
    ["float8", ["0.1", "0.10000000000000001"], "0.1"],
    ["float4", ["-0", "0"], "0"],
    ["bpchar", ["a", "a  "], "a"],
    ["bpchar", ["", "  "], ""],
    ["bpchar", [" a b\t "], " a b\t"],
    [
      "timestamptz",
      ["2024-01-01 05:45:00+05:45", "2024-01-01 00:00:00+00"],
      "2024-01-01 00:00:00+00",
    ],
    ["interval", ["1 mon", "30 days", "720:00:00"], "2592000000000"],
    ["interval", ["1 year", "12 mons", "360 days"], "31104000000000"],
    ["interval", ["1 mon -30 days +00:00:00.000001", "00:00:00.000001"], "1"],
    ["interval", ["-1 days +23:00:00", "-01:00:00"], "-3600000000"],
    ["interval", ["infinity"], "infinity"],
    ["jsonb", ['{"a": 1.0}', '{"a": 1}'], '{"a": 1}'],
    [
      "jsonb",
      ['["1.0", -2.50, "a\\"1.0", true]', '["1.0", -2.5, "a\\"1.0", true]'],
      '["1.0", -2.5, "a\\"1.0", true]',
    ],
    ["numeric[]", ["{1.0,NULL}", "{1,NULL}"], "{1,NULL}"],
    ["numrange", ["[1.0,2)", "[1,2.00)"], "[1,2)"],
    ["public.floatrange", ["[-0,1)", "[0,1)"], "[0,1)"],
  ])("%s %j", (type, texts, key) => {
    expect(texts.map((text) => keyOf(type, text))).toEqual(texts.map(() => key));
  });
});

describe("text that is not of its type is its own key", () => {
  test.each([
    ["numeric", "1e5"],
    ["float8", "x"],
    ["interval", "P1M"],
    ["interval", "1 week"],
    ["interval", ""],
    ["jsonb", '{"a'],
    ["jsonb", "1.0.0"],
    ["numeric[]", "{1.0"],
  ])("%s %s", (type, text) => {
    expect(keyOf(type, text)).toBe(text);
  });
});
