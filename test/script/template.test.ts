import { describe, expect, test } from "vitest";
import { sql } from "../../src/script/sql.ts";
import { type Filling, fill } from "../../src/script/template.ts";

async function filled(template: string, fillings: Readonly<Record<string, Filling>>) {
  let text = "";
  for await (const piece of fill(template, fillings)) text += piece;
  return text;
}

async function* stream() {
  yield sql`one`;
  yield sql`two`;
}

describe("fill", () => {
  const cases: [string, string, Record<string, Filling>, string][] = [
    ["text stays as it is", "a\n", {}, "a\n"],
    ["a placeholder gives way to its filling", "a {{x}} b", { x: sql`1` }, "a 1 b"],
    ["the same filling may stand twice", "{{x}} {{x}}", { x: sql`1` }, "1 1"],
    ["a stream stands on lines of its own", "a\n{{x}}\nb", { x: stream() }, "a\none\ntwo\nb"],
    ["an empty stream leaves its line empty", "a\n{{x}}\nb", { x: [] }, "a\n\nb"],
    ["placeholders within fillings are text", "{{x}}", { x: sql`{{y}} $1 $&` }, "{{y}} $1 $&"],
    ["braces that are no placeholder stay", "{{ x }} {x} '{}'", {}, "{{ x }} {x} '{}'"],
  ];
  test.each(cases)("%s", async (_name, template, fillings, expected) => {
    expect(await filled(template, fillings)).toBe(expected);
  });

  test("a placeholder without filling is a bug", async () => {
    await expect(filled("{{x}}", {})).rejects.toThrow("x is not filled");
  });

  test("so is a filling without placeholder", async () => {
    await expect(filled("a", { x: sql`1` })).rejects.toThrow("no x");
  });
});
