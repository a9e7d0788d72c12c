import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { printable } from "../../src/names.ts";
import {
  comment,
  copyLine,
  doBlock,
  ident,
  join,
  keyword,
  lines,
  literal,
  qualified,
  type Sql,
  sql,
} from "../../src/script/sql.ts";

/** Characters that hide text, end lines or end quotes, among others. */
const hostile = fc
  .oneof(
    fc.string({ unit: "grapheme" }),
    fc
      .array(
        fc.oneof(
          fc.constantFrom(
            "'",
            '"',
            "\\",
            "$",
            ":",
            "--",
            "/*",
            "{{x}}",
            "E'",
            "\\.",
            "\\N",
            "\u2028",
          ),
          fc.constantFrom(
            "\n",
            "\r",
            "\t",
            "\b",
            "\f",
            "\v",
            "\u0001",
            "\u007f",
            "\u0085",
            "\u202e",
          ),
          fc.constantFrom("ä", "漢", "🙂", "\ufeff", " ", "0", "f"),
        ),
      )
      .map((parts) => parts.join("")),
  )
  .filter((text) => !text.includes("\0"));

const RAW = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

/** What PostgreSQL reads from a literal; throws where it is none or goes on. See: docs, "String Constants". */
function readLiteral(text: string): string {
  const match = /^(E?)'((?:[^'\\]|''|\\.)*)'$/su.exec(text);
  if (!match) throw new Error(`no literal: ${text}`);
  const [, escaped, body = ""] = match;
  const unquoted = body.replaceAll("''", "'");
  if (!escaped) {
    if (body.includes("\\")) throw new Error("its meaning depends on standard_conforming_strings");
    return unquoted;
  }
  const short: Record<string, string> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
  return unquoted.replace(/\\(?:u([0-9a-f]{4})|(.))/gs, (_, code?: string, letter = "") =>
    code ? String.fromCharCode(Number.parseInt(code, 16)) : (short[letter] ?? letter),
  );
}

/** What COPY FROM reads from a field; null for NULL. See: docs, "COPY", text format. */
function readField(field: string): string | null {
  if (field === "\\N") return null;
  const short: Record<string, string> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };
  return field.replace(/\\(?:x([0-9a-f]{1,2})|(.))/gs, (_, code?: string, letter = "") =>
    code ? String.fromCharCode(Number.parseInt(code, 16)) : (short[letter] ?? letter),
  );
}

describe("literal", () => {
  const cases: [string, string | null, string][] = [
    ["NULL is a word", null, "NULL"],
    ["the text NULL is a text", "NULL", "'NULL'"],
    ["the empty text is not NULL", "", "''"],
    ["quotes are doubled", "it's", "'it''s'"],
    ["a backslash makes it an escape string", "a\\b", "E'a\\\\b'"],
    ["a line break is written out", "a\nb", "E'a\\nb'"],
    ["so is a line break beside a backslash", "\\\n'", "E'\\\\\\n'''"],
    ["so is a vertical tab, which has no short escape", "\v", "E'\\u000b'"],
    ["so are characters that turn the direction of text", "\u202eabc", "E'\\u202eabc'"],
    ["so are line separators", "\u2028", "E'\\u2028'"],
    ["an E in front does not look like an escape string", "E'\\n", "E'E''\\\\n'"],
    ["psql's variables and dollar quotes are plain text", ":x $$ :'y'", "':x $$ :''y'''"],
    ["other characters stay as they are", "Zürich 漢 🙂", "'Zürich 漢 🙂'"],
  ];
  test.each(cases)("%s", (_name, text, expected) => {
    expect(literal(text)).toBe(expected);
  });

  test("any text stays on one line, shows what it is, and reads back", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(literal(text)).not.toMatch(RAW);
        expect(readLiteral(literal(text))).toBe(text);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("copyLine", () => {
  const cases: [string, (string | null)[], string][] = [
    ["fields are joined by tabs", ["a", "b"], "a\tb"],
    ["NULL is not the empty text", [null, ""], "\\N\t"],
    ["the text \\N is not NULL", ["\\N"], "\\\\N"],
    ["a field is never the end of data", ["\\."], "\\\\."],
    ["tabs and line breaks are written out", ["a\tb\r\nc"], "a\\tb\\r\\nc"],
    ["other control characters have two digits", ["\u0001f\v"], "\\x01f\\x0b"],
    ["quotes and semicolons need nothing", ["';--"], "';--"],
  ];
  test.each(cases)("%s", (_name, values, expected) => {
    expect(copyLine(values)).toBe(expected);
  });

  test("any row is one line and reads back", () => {
    fc.assert(
      fc.property(fc.array(fc.option(hostile), { minLength: 1 }), (values) => {
        const line = copyLine(values);
        expect(line.replaceAll("\t", "")).not.toMatch(/[\u0000-\u001f\u007f]/);
        expect(line).not.toBe("\\.");
        expect(line.split("\t").map(readField)).toEqual(values);
      }),
      { numRuns: 1000 },
    );
  });

  test("bytes that are not text are refused", () => {
    expect(() => copyLine([{ base64: "/w==" }])).toThrow();
  });
});

describe("comment", () => {
  test("no text ends its line or hides what follows", () => {
    fc.assert(
      fc.property(hostile, hostile, (a, b) => {
        const rows = comment(a, b).split("\n");
        expect(rows.length).toBe(2);
        for (const row of rows) {
          expect(row).toMatch(/^--( |$)/);
          expect(row).not.toMatch(RAW);
        }
      }),
    );
  });

  test("an empty line has no trailing blank", () => {
    expect(comment("a", "", "b")).toBe("-- a\n--\n-- b");
  });
});

describe("doBlock", () => {
  test.each([
    ["its quote is named", "BEGIN END", "$t$"],
    ["a body that holds its quote gets another", "a $t$ b", "$t1$"],
    ["and another", "$t$ $t1$ $t2$", "$t3$"],
  ])("%s", (_name, text, quote) => {
    expect(doBlock("t", text as Sql)).toBe(`DO ${quote}\n${text}\n${quote};`);
  });

  test("text cannot close the block that it stands in", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("$t$", "$", "t", "1", "$t1$")), (parts) => {
        const body = parts.join("");
        const [, quote = "", inner] =
          /^DO (\S+)\n([\s\S]*)\n\1;$/.exec(doBlock("t", body as Sql)) ?? [];
        expect(inner).toBe(body);
        expect(inner).not.toContain(quote);
      }),
    );
  });
});

describe("names", () => {
  test.each([
    ["a reserved word", "user", '"user"'],
    ["a quote is doubled", 'a"b', '"a""b"'],
    ["upper case stays", "Id", '"Id"'],
    ["dots are part of the name", "a.b", '"a.b"'],
  ])("%s is quoted", (_name, name, expected) => {
    expect(ident(name)).toBe(expected);
    expect(qualified({ schema: name, name })).toBe(`${expected}.${expected}`);
  });

  test.each([
    ["a line break", "a\nb", 'U&"a\\000ab"'],
    ["a direction mark", "a\u202eb", 'U&"a\\202eb"'],
    ["a backslash beside it", "a\\\t", 'U&"a\\\\\\0009"'],
  ])("%s is escaped, so that the name stays on one line and in sight", (_what, name, expected) => {
    expect(ident(name)).toBe(expected);
  });

  test("a keyword is refused if it could be anything else", () => {
    expect(keyword("double precision")).toBe("double precision");
    for (const word of ["a;b", 'a"', "A", "a'", ""]) expect(() => keyword(word)).toThrow();
  });
});

describe("pieces", () => {
  test("backslashes of the program's own text stay single", () => {
    expect(sql`a \\gset ${sql`x`} ${3}`).toBe("a \\gset x 3");
  });

  test("are joined, or stand on lines of their own", () => {
    expect(join([sql`a`, sql`b`], ", ")).toBe("a, b");
    expect(lines([sql`a`, sql`b`])).toBe("a\nb\n");
    expect(lines([])).toBe("");
  });

  test("printable text has no character that literals escape", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(printable(text)).not.toMatch(RAW);
      }),
    );
  });
});
