import { describe, expect, test } from "vitest";
import { canonicalOfBytes } from "../../src/compare/canonical/not-utf8.ts";
import { canonicalizer } from "../../src/compare/canonical.ts";
import { SAMPLE_CATALOG, typeOf } from "./types.ts";

function canonical(type: string, text: string): string | undefined {
  return canonicalizer(typeOf(type), SAMPLE_CATALOG)?.(text);
}

describe("types whose text never varies have no canonicalizer", () => {
  test.each([
    ...["int4", "text", "numeric", "interval", "timestamp", "timetz", "date", "jsonb", "xml"],
    ...["text[]", "int4range", "nummultirange", "tsrange", "character(5)", "bit", "oid"],
    ...["public.mood", "public.mood[]", "public.textrange", "public.citext", "public.hstore"],
    "public.unknown_to_all",
  ])("%s", (type) => {
    expect(canonicalizer(typeOf(type), SAMPLE_CATALOG)).toBeUndefined();
  });
});

const INSTANT = "2024-01-01 00:00:00+00";

describe("canonical text", () => {
  test.each([
    // The instant, in UTC.
    ["timestamptz", "2024-01-01 05:45:00+05:45", INSTANT],
    ["timestamptz", "2023-12-31 19:00:00-05", INSTANT],
    ["timestamptz", INSTANT, INSTANT],
    ["timestamptz", "1883-11-18 12:03:57-07:52:58", "1883-11-18 19:56:55+00"],
    ["timestamptz", "2024-03-01 00:30:00.000001+01", "2024-02-29 23:30:00.000001+00"],
    ["timestamptz", "1900-03-01 00:30:00+01", "1900-02-28 23:30:00+00"],
    ["timestamptz", "2024-12-31 23:30:00.5-01", "2025-01-01 00:30:00.5+00"],
    ["timestamptz", "0001-01-01 00:19:31.5+00:19:32", "0001-12-31 23:59:59.5+00 BC"],
    ["timestamptz", "0001-12-31 23:59:59-01 BC", "0001-01-01 00:59:59+00"],
    ["timestamptz", "0005-02-29 12:00:00+05:41:16 BC", "0005-02-29 06:18:44+00 BC"],
    ["timestamptz", "4714-11-23 16:00:00-08 BC", "4714-11-24 00:00:00+00 BC"],
    ["timestamptz", "9999-12-31 20:00:00-05", "10000-01-01 01:00:00+00"],
    ["timestamptz", "294276-12-31 23:59:59.999999+00", "294276-12-31 23:59:59.999999+00"],
    ["timestamptz", "infinity", "infinity"],
    ["timestamptz", "-infinity", "-infinity"],
    // Shortest floats; servers before 12 printed 17 and 9 digits.
    ["float8", "0.10000000000000001", "0.1"],
    ["float8", "0.29999999999999999", "0.3"],
    ["float8", "1e+023", "9.999999999999999e+22"],
    ["float8", "9.9999999999999992e+22", "9.999999999999999e+22"],
    ["float8", "100000000000000", "100000000000000"],
    ["float8", "1e15", "1e+15"],
    ["float8", "0.0001", "0.0001"],
    ["float8", "0.00001", "1e-05"],
    ["float8", "4.9406564584124654e-324", "5e-324"],
    ["float8", "-0", "-0"],
    ["float8", "NaN", "NaN"],
    ["float8", "-Infinity", "-Infinity"],
    ["float4", "0.100000001", "0.1"],
    ["float4", "16777216", "1.6777216e+07"],
    ["float4", "999999", "999999"],
    ["float4", "1000000", "1e+06"],
    ["float4", "60788.3125", "60788.312"],
    ["float4", "1.40129846e-45", "1e-45"],
    ["float4", "3.40282347e+38", "3.4028235e+38"],
    // bytea_output = escape.
    ["bytea", "", "\\x"],
    ["bytea", "a\\000\\\\\\377", "\\x61005cff"],
    ["bytea", "\\\\x41", "\\x5c783431"],
    ["bytea", "\\x00ff", "\\x00ff"],
    // Bytes from 0x80 on, as servers before 15 print them.
    ["char", "Ã", "\\303"],
    ["char", "\udcc3", "\\303"],
    ["char", "\u0080 ", "\\200"],
    ["char", "\\303", "\\303"],
    ["char", "a", "a"],
    ["char", "", ""],
    ["money", "-$12,345,678.50", "-$12,345,678.50"],
    ["point", "(0.10000000000000001,-0)", "(0.1,-0)"],
    ["circle", "<(1,2),0.29999999999999999>", "<(1,2),0.3>"],
    ["path", "((0,0),(1e-05,0.10000000000000001))", "((0,0),(1e-05,0.1))"],
    ["public.cube", "(0.10000000000000001, 1),(2, 3)", "(0.1, 1),(2, 3)"],
  ])("%s %s", (type, text, expected) => {
    expect(canonical(type, text)).toBe(expected);
    expect(canonical(type, expected)).toBe(expected);
  });
});

describe("within other types", () => {
  test.each([
    ["public.moment", "2024-01-01 05:45:00+05:45", INSTANT],
    ["timestamptz[]", '{"2024-01-01 05:45:00+05:45",NULL}', `{"${INSTANT}",NULL}`],
    ["timestamptz[]", '[0:1]={infinity,"2024-01-01 01:00:00+01"}', `[0:1]={infinity,"${INSTANT}"}`],
    ["timestamptz[]", "{}", "{}"],
    ["float8[]", "{{0.10000000000000001,1},{2,NULL}}", "{{0.1,1},{2,NULL}}"],
    ["float8[]", "[-1:-1][2:3]={{1e15,NaN}}", "[-1:-1][2:3]={{1e+15,NaN}}"],
    [
      "bytea[]",
      '{"",abc,"a b","\\\\000","NULL"}',
      '{"\\\\x","\\\\x616263","\\\\x612062","\\\\x00","\\\\x4e554c4c"}',
    ],
    ["char[]", '{Ã,"\\"",NULL,"{"}', '{"\\\\303","\\"",NULL,"{"}'],
    ["box[]", "{(0.29999999999999999,1),(0,0);(2,2),(0,0)}", "{(0.3,1),(0,0);(2,2),(0,0)}"],
    [
      "public.frame[]",
      "{(0.29999999999999999,1),(0,0);(2,2),(0,0)}",
      "{(0.3,1),(0,0);(2,2),(0,0)}",
    ],
    ["point[]", '{"(0.10000000000000001,1)"}', '{"(0.1,1)"}'],
    ["public.moments[]", '{"{\\"2024-01-01 01:00:00+01\\",NULL}"}', `{"{\\"${INSTANT}\\",NULL}"}`],
    ["tstzrange", '["2024-01-01 01:00:00+01",)', `["${INSTANT}",)`],
    ["tstzrange", "empty", "empty"],
    ["tstzrange", '(,"2024-01-01 01:00:00+01"]', `(,"${INSTANT}"]`],
    ["tstzrange", '["2024-01-01 01:00:00+01",infinity]', `["${INSTANT}",infinity]`],
    ["tstzmultirange", "{}", "{}"],
    [
      "tstzmultirange",
      '{(,"2024-01-01 01:00:00+01"),[infinity,)}',
      `{(,"${INSTANT}"),[infinity,)}`,
    ],
    ["public.floatrange", "[0.10000000000000001,1e15)", "[0.1,1e+15)"],
    ["public.floatmultirange", "{[0.10000000000000001,1),(2,3]}", "{[0.1,1),(2,3]}"],
    [
      "public.entry",
      '("2024-01-01 01:00:00+01","say ""hi"" \\\\ (ok)",\\\\000,"{""2024-01-01 01:00:00+01""}")',
      `("${INSTANT}","say ""hi"" \\\\ (ok)","\\\\x00","{""${INSTANT}""}")`,
    ],
    ["public.entry", '(,"",,)', '(,"",,)'],
    ["public.log", '(7,"2024-01-01 01:00:00+01")', `(7,"${INSTANT}")`],
  ])("%s %s", (type, text, expected) => {
    expect(canonical(type, text)).toBe(expected);
  });
});

describe("text that is not of its type stays as it is", () => {
  test.each([
    ["timestamptz", ""],
    ["timestamptz", "2024-01-01"],
    ["timestamptz", "2024-01-01 00:00:00"],
    ["timestamptz", "2023-02-29 00:00:00+01"],
    ["timestamptz", "01.01.2024 00:00:00+01"],
    ["timestamptz", "0000-01-01 00:00:00+01"],
    ["timestamptz", "2024-01-01 24:00:00+01"],
    ["timestamptz", "2024-01-01 00:00:00.+01"],
    ["timestamptz", "2024-01-01 00:00:00.1234567+01"],
    ["timestamptz", "2024-01-01 00:00:00+1"],
    ["timestamptz", "2024-01-01 00:00:00+01:0x"],
    ["timestamptz", "2024-01-01 00:00:00+01 AD"],
    ["timestamptz", "2024-01-01T00:00:00+01"],
    ["timestamptz", "1e3-01-01 00:00:00+01"],
    ["float8", "1e999"],
    ["float8", "1e-999"],
    ["float8", "0x10"],
    ["float8", "1,5"],
    ["float4", "1e39"],
    ["float4", "1e-46"],
    // Exactly between two values, as far as a float8 can tell.
    ["float4", "16777217"],
    ["bytea", "\\9"],
    ["bytea", "\\400"],
    ["bytea", "é"],
    ["char", "ab"],
    ["char", "\ufffd"],
    ["point", "(a,b)"],
    ["float8[]", "{1e15"],
    ["float8[]", "{1e15,}"],
    ["float8[]", "{1e15}x"],
    ["float8[]", "1e15"],
    ["float8[]", "{1e15,x}"],
    ["float8[]", `${"{".repeat(100000)}1e15${"}".repeat(100000)}`],
    ["float8", `${"1".repeat(100000)}x`],
    ["tstzrange", '["2024-01-01 01:00:00+01"'],
    ["tstzrange", "[x,)"],
    ["tstzmultirange", '{["2024-01-01 01:00:00+01",)'],
    ["public.entry", '("2024-01-01 01:00:00+01",)'],
    ["public.entry", '("2024-01-01 01:00:00+01",,,,)'],
    ["public.entry", '("2024-01-01 01:00:00+01,,,)'],
  ])("%s %s", (type, text) => {
    expect(canonical(type, text)).toBe(text);
  });
});

describe("money of an unknown locale is refused, not guessed", () => {
  test.each([
    ["money", "1.234,50 €", "9.999,99 €"],
    ["money", "£1.00", "£9.99"],
    ["money", "$1.234", "$9.999"],
    ["money[]", '{"$1,234.50","1,50 €"}', "9,99 €"],
  ])("%s %s", (type, text, form) => {
    expect(() => canonical(type, text)).toThrow(
      expect.objectContaining({ failure: { code: "money_locale", form } }),
    );
  });
});

describe("values that are not UTF-8", () => {
  test.each([
    ["char", [0xc3], "\\303"],
    ["char", [0xc3, 0x20], "\\303"],
    ["char[]", [...Buffer.from("{"), 0xff, ...Buffer.from(",a}")], '{"\\\\377",a}'],
    ["public.entry", [...Buffer.from("(,é"), 0xe9, ...Buffer.from(",,)")], undefined],
  ])("%s %j", (type, bytes, expected) => {
    const rewrite = canonicalizer(typeOf(type), SAMPLE_CATALOG) ?? expect.fail();
    expect(canonicalOfBytes(Buffer.from(bytes), rewrite)).toBe(expected);
  });
});
