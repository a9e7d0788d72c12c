import { beforeAll, describe, expect, test } from "vitest";
import {
  afterWords,
  groupAfter,
  sliceItem,
  sqlText,
  trimStatement,
  withoutGroup,
} from "../../src/catalog/ddl/sql-text.ts";
import { loadParser, quoteIdentifier, scanTokens } from "../../src/catalog/parser.ts";

beforeAll(() => loadParser());

/** The offset in bytes of a part of the text. */
function offset(text: string, part: string): number {
  return Buffer.byteLength(text.slice(0, text.indexOf(part)));
}

describe("trimStatement", () => {
  test.each([
    ["  SELECT 1 ;\n", "SELECT 1"],
    ["--\n-- Name: t\n--\n\nSELECT 1;", "SELECT 1"],
    ["/* a ; */ -- b\nSELECT ';'", "SELECT ';'"],
    ["-- nothing but this", ""],
    ["", ""],
  ])("%j is %j", (statement, expected) => {
    expect(trimStatement(statement)).toBe(expected);
  });
});

describe("sqlText", () => {
  test("cuts at UTF-8 bytes", () => {
    const sql = sqlText("é😀 x");
    expect([sql.length, sql.slice(2, 6), sql.slice(7)]).toEqual([8, "😀", "x"]);
  });

  test.each([
    [
      `SELECT "plain", "user", "char", "Upper", "a b"`,
      `SELECT plain, "user", "char", "Upper", "a b"`,
    ],
    [`SELECT '"plain"', "é", "plain"`, `SELECT '"plain"', "é", plain`],
    [`'"public"."it''s"'::"regclass"`, `'public."it''s"'::regclass`],
    [`'"public"."t"'::"text"`, `'"public"."t"'::text`],
    [`"between", "year", "timestamp"`, `"between", year, "timestamp"`],
  ])("%s is %s", (text, expected) => {
    expect(sqlText(text).text).toBe(expected);
  });
});

describe("sliceItem", () => {
  const cases: [string, string, string][] = [
    ["before a comma", "a + 1, b", "a + 1"],
    ["before the end of the list", "f(a, b) )", "f(a, b)"],
    ["before the end of the text", "a  ", "a"],
    ["commas in constants are no ends", "'a, b)' || E'\\'), ' , c", "'a, b)' || E'\\'), '"],
    ["commas in brackets are no ends", "ARRAY[1, 2], c", "ARRAY[1, 2]"],
    ["quoted names are no ends", `"a, )" + 1) x`, `"a, )" + 1`],
    ["comments are no ends", "a /* , */ + -- )\n1, b", "a /* , */ + -- )\n1"],
    ["dollar quotes are no ends", "$a$, )$a$, b", "$a$, )$a$"],
  ];
  test.each(cases)("%s", (_name, item, expected) => {
    const text = `é ${item}`;
    expect(sliceItem(sqlText(text), 3)).toBe(expected);
  });

  test("ends where the next item is known to start", () => {
    const text = "é a, (b\n    c integer";
    expect(sliceItem(sqlText(text), 3, offset(text, "c integer"))).toBe("a, (b");
    expect(sliceItem(sqlText("a ,\n b"), 0, 5)).toBe("a");
    expect(sliceItem(sqlText("a, -- note,\n b"), 0, 13)).toBe("a");
  });
});

describe("groupAfter", () => {
  test("finds what the first parentheses hold", () => {
    const text = "é AS (f(')', (1)) + 2) STORED";
    const sql = sqlText(text);
    const group = groupAfter(sql, 3);
    expect(group && sql.slice(group.start, group.end)).toBe("f(')', (1)) + 2");
  });

  test("finds nothing where there are none", () => {
    expect(groupAfter(sqlText("a + '('"), 0)).toBeUndefined();
  });
});

describe("afterWords", () => {
  test("passes over names and parentheses that hold the words", () => {
    const text = `ALTER "SET DEFAULT" (SET DEFAULT) ALTER set SET DEFAULT 'é'`;
    const sql = sqlText(text);
    expect(sql.slice(afterWords(sql, ["SET", "DEFAULT"]) ?? 0)).toBe(" 'é'");
  });

  test("finds nothing where they do not stand together", () => {
    expect(afterWords(sqlText("SET x DEFAULT"), ["SET", "DEFAULT"])).toBeUndefined();
  });
});

test("withoutGroup takes off a word with its parentheses", () => {
  expect(withoutGroup(`UNIQUE ("é WITH (") WITH (a='(', b=1) DEFERRABLE`, "WITH")).toBe(
    `UNIQUE ("é WITH (") DEFERRABLE`,
  );
});

describe("quoteIdentifier", () => {
  test.each([
    ["film", "film"],
    ["_a1", "_a1"],
    ["user", '"user"'],
    ["between", '"between"'],
    ["name", "name"],
    ["Film", '"Film"'],
    ["é", '"é"'],
    ["a$", '"a$"'],
    ['a"b', '"a""b"'],
    ["1a", '"1a"'],
    ["", '""'],
  ])("%j is %s", (name, expected) => {
    expect(quoteIdentifier(name)).toBe(expected);
  });
});

test("scanTokens leaves comments out and counts bytes", () => {
  expect(scanTokens("é /* x */ '😀' -- y")).toEqual([
    expect.objectContaining({ text: "é", start: 0, end: 2 }),
    expect.objectContaining({ text: "'😀'", start: 11, end: 17 }),
  ]);
});
