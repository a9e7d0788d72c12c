import { describe, expect, test } from "vitest";
import { type LexState, scan, startLexing } from "../../src/sources/plain/lexer.ts";
import { standardLiterals } from "../../src/sources/plain/standard-literals.ts";

/** The statements of a text, read in pieces of this many bytes. */
function split(text: string, piece: number, settings: Partial<LexState> = {}): string[] {
  const bytes = Buffer.from(text);
  const state = { ...startLexing(), ...settings };
  const found: string[] = [];
  for (let at = 0, end = Math.min(piece, bytes.length); ; ) {
    const final = end === bytes.length;
    const stop = scan(state, { bytes: bytes.subarray(0, end), base: 0, final }, at);
    if (stop.kind === "statement") {
      found.push(bytes.toString("utf8", stop.start, stop.at));
    }
    if (stop.kind === "more" && final) return found;
    if (stop.kind === "more") end = Math.min(end + piece, bytes.length);
    at = stop.at;
  }
}

const WHOLE: [string, string][] = [
  ["a semicolon in a literal", "SELECT ';';"],
  ["a doubled quote", "SELECT 'it''s; here';"],
  ["an escaped quote", "SELECT E'it\\'s; here', E'\\\\';"],
  ["a backslash in a plain literal", "SELECT 'C:\\';"],
  ["an identifier that ends with e before a literal", "SELECT DATE'2024-01-01;', xe ';\\';"],
  ["a unicode literal", "SELECT U&'d\\0061t;a', U&\"d;\";"],
  ["a quoted name", 'SELECT 1 AS "a;""b";'],
  ["a dollar quote", "SELECT $$;$$, $a$;$$;$a$, $ä1$;$ä1$;"],
  ["a parameter is no dollar quote", "SELECT $1;"],
  ["a name that holds dollars", "SELECT a$b$ || ';' || a$b$;"],
  ["nested comments", "SELECT /* ; /* ; */ ; */ 1;"],
  ["a line comment within a statement", "SELECT 1 -- ; '\n + 1;"],
  ["parentheses", "CREATE RULE r AS ON INSERT TO t DO (INSERT INTO u VALUES (1); DELETE FROM v;);"],
  ["BEGIN ATOMIC", "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END;"],
  [
    "CASE within BEGIN ATOMIC",
    "CREATE OR REPLACE PROCEDURE s.f(a int) BEGIN ATOMIC SELECT CASE WHEN a > 1 THEN 2 END; END;",
  ],
];

describe("statements", () => {
  test.each(WHOLE)("%s", (_name, text) => {
    expect(split(`${text}\nSELECT 2;`, 10_000)).toEqual([text, "SELECT 2;"]);
  });

  test.each(WHOLE)("%s, read byte by byte", (_name, text) => {
    expect(split(`${text}\nSELECT 2;`, 1)).toEqual([text, "SELECT 2;"]);
  });

  test("BEGIN outside of a routine is a statement", () => {
    expect(split("BEGIN; SELECT 1; COMMIT;", 100)).toEqual(["BEGIN;", "SELECT 1;", "COMMIT;"]);
  });

  test("a backslash escapes in plain literals if strings are not standard", () => {
    const settings = { standardStrings: false };
    expect(split("SELECT 'a\\';b'; SELECT 2;", 3, settings)).toEqual([
      "SELECT 'a\\';b';",
      "SELECT 2;",
    ]);
  });
});

describe("literals of dumps without standard strings", () => {
  const cases: [string, string, string][] = [
    ["doubled backslashes become single", "DEFAULT 'C:\\\\temp'", "DEFAULT 'C:\\temp'"],
    ["other escapes need E", "DEFAULT 'a\\nb'", "DEFAULT E'a\\nb'"],
    ["E literals stay", "DEFAULT E'a\\\\b'", "DEFAULT E'a\\\\b'"],
    ["dollar quotes stay", "AS $x$ 'a\\\\b' $x$", "AS $x$ 'a\\\\b' $x$"],
    ["quoted names stay", "AS \"'a\\\\b'\"", "AS \"'a\\\\b'\""],
    ["quotes stay doubled", "'it''s \\\\'", "'it''s \\'"],
  ];
  test.each(cases)("%s", (_name, text, expected) => {
    expect(standardLiterals(text)).toBe(expected);
  });
});
