import { describe, expect, test } from "vitest";
import {
  emptyKey,
  escapeField,
  type KeyField,
  lineKey,
  unescapeField,
  wholeLine,
} from "../../src/compare/line-key.ts";

/** The key of a line that lies between others. */
function keyText(fields: readonly KeyField[], line: string): string {
  const chunk = Buffer.from(`before\tit\n${line}\nafter\tit\n`);
  const key = emptyKey();
  lineKey(fields)(chunk, 10, 10 + Buffer.byteLength(line), key);
  return key.bytes.toString("utf8", key.start, key.end);
}

const upper = (text: string) => text.toUpperCase();

describe("lineKey", () => {
  const cases: [string, KeyField[], string, string][] = [
    ["the first field", [{ index: 0 }], "7\ta\tb", "7"],
    ["a field in the middle", [{ index: 1 }], "7\ta\tb", "a"],
    ["the last field", [{ index: 2 }], "7\ta\tb", "b"],
    ["the only field", [{ index: 0 }], "7", "7"],
    ["an empty field", [{ index: 1 }], "7\t\tb", ""],
    ["adjacent fields", [{ index: 1 }, { index: 2 }], "7\ta\tb", "a\tb"],
    ["all fields", [{ index: 0 }, { index: 1 }, { index: 2 }], "7\ta\tb", "7\ta\tb"],
    ["fields apart", [{ index: 0 }, { index: 2 }], "7\ta\tb", "7\tb"],
    ["fields in another order", [{ index: 2 }, { index: 0 }], "7\ta\tb", "b\t7"],
    ["an empty field before another", [{ index: 1 }, { index: 0 }], "7\t", "\t7"],
    ["an empty field after another", [{ index: 0 }, { index: 2 }], "7\ta\t", "7\t"],
    ["NULL stays", [{ index: 1, canonical: upper }], "7\t\\N", "\\N"],
    ["a text in canonical form", [{ index: 1, canonical: upper }], "7\tä", "Ä"],
    [
      "escapes are text to the canonical form",
      [{ index: 0, canonical: upper }],
      "a\\tb\\\\n",
      "A\\tB\\\\N",
    ],
    ["canonical and raw fields", [{ index: 0, canonical: upper }, { index: 1 }], "a\tb", "A\tb"],
  ];
  test.each(cases)("%s", (_name, fields, line, expected) => {
    expect(keyText(fields, line)).toBe(expected);
  });

  test("a key in canonical form equals the same key taken raw", () => {
    const fields = [{ index: 0 }, { index: 1 }];
    const line = "a\\tb\\\\\tc\\n\\\\N\tx";
    const canonical = (text: string) => text;
    expect(
      keyText(
        fields.map((field) => ({ ...field, canonical })),
        line,
      ),
    ).toBe(keyText(fields, line));
  });

  test("a key longer than the ones before it grows its room", () => {
    const key = emptyKey();
    const keyOf = lineKey([{ index: 1 }, { index: 0 }]);
    for (const length of [1, 100, 3, 10_000]) {
      const line = Buffer.from(`${"a".repeat(length)}\tb\n`);
      keyOf(line, 0, line.length - 1, key);
      expect(key.bytes.toString("utf8", key.start, key.end)).toBe(`b\t${"a".repeat(length)}`);
    }
  });

  test.each([
    ["adjacent", [{ index: 1 }, { index: 2 }]],
    ["gathered", [{ index: 2 }, { index: 0 }]],
  ])("a line without one of the key's fields is a fault: %s", (_name, fields) => {
    expect(() => keyText(fields, "7\ta")).toThrow("fewer fields");
  });

  test("bytes that are not UTF-8 stay as they are", () => {
    const key = emptyKey();
    const line = Buffer.from("\xe4\tb\n", "latin1");
    lineKey([{ index: 0, canonical: upper }])(line, 0, 3, key);
    expect(key.bytes.toString("latin1", key.start, key.end)).toBe("\xe4");
  });
});

test("a whole line is its own key", () => {
  const key = emptyKey();
  wholeLine(Buffer.from("a\tb\nc\n"), 4, 5, key);
  expect(key).toMatchObject({ start: 4, end: 5 });
});

test("what is escaped comes back", () => {
  const text = "\b\f\n\r\t\v\\ \\N \\\\t a";
  expect(escapeField(text)).toBe("\\b\\f\\n\\r\\t\\v\\\\ \\\\N \\\\\\\\t a");
  expect(unescapeField(escapeField(text))).toBe(text);
});
