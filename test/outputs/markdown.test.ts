import { describe, expect, test } from "vitest";
import { code, markdown, table, text } from "../../src/outputs/markdown.ts";

describe("text", () => {
  const cases: [string, string, string][] = [
    ["plain names stay readable", "order_items", "order_items"],
    [
      "HTML is shown, not read",
      "<script>alert(1)</script>",
      "&lt;script&gt;alert(1)&lt;/script&gt;",
    ],
    ["entities stay as they are written", "&lt;", "&amp;lt;"],
    ["emphasis is shown", "*a* __b__ ~~c~~", "\\*a\\* \\_\\_b\\_\\_ \\~\\~c\\~\\~"],
    ["links are shown", "[a](http://b) ![c](d)", "\\[a\\](http\\://b) !\\[c\\](d)"],
    ["code fences are shown", "```", "\\`\\`\\`"],
    ["table cells stay cells", "a|b\\|c", "a\\|b\\\\\\|c"],
    ["bare addresses are no links", "www.a.b x@y.z", "www\\.a.b x\\@y.z"],
    ["line breaks and bidirectional marks become blanks", "a\nb\r\n\u202ec", "a b   c"],
    ["headings are shown", "# a", "\\# a"],
  ];
  test.each(cases)("%s", (_name, value, expected) => {
    expect(text(value)).toBe(expected);
  });
});

describe("code", () => {
  test.each([
    ["a name is a code span", "public.film", "`public.film`"],
    ["a name with a backtick is text", "a`b", "a\\`b"],
    ["a name with a pipe is text", "a|b", "a\\|b"],
    ["a name of blanks is text", "  ", "  "],
  ])("%s", (_name, value, expected) => {
    expect(code(value)).toBe(expected);
  });
});

test("a table aligns numbers to the right", () => {
  const rows = [[code("a"), markdown`${1}`]];
  expect(table([{ title: "table" }, { title: "rows", right: true }], rows)).toBe(
    "| table | rows |\n| --- | ---: |\n| `a` | 1 |",
  );
});
