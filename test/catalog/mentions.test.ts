import { expect, test } from "vitest";
import { mentions } from "../../src/catalog/mentions.ts";

const cases: [string, string, string[], string[]][] = [
  ["a bare name", "(price > 0)", ["price", "id"], ["price"]],
  ["a part of a longer name is none", "(list_price > 0)", ["price", "list_price"], ["list_price"]],
  ["a name before a dollar sign is a part", "(price$ > 0)", ["price"], []],
  ["a quoted name", '("Price" > 0)', ["Price", "price"], ["Price"]],
  ["a quote within a quoted name is doubled", '("a""b" > 0)', ['a"b', "ab"], ['a"b']],
  ["a name that needs quotes does not occur bare", "(order by x)", ["order by"], []],
  [
    "names inside constants count: nobody looks closer",
    "(kind = 'price'::text)",
    ["price"],
    ["price"],
  ],
  ["characters of patterns mean themselves", '("a.b" = 1)', ["axb", "a.b"], ["a.b"]],
  ["no text mentions nothing", "", ["a"], []],
];
test.each(cases)("%s", (_name, text, columns, expected) => {
  expect(mentions(text, columns)).toEqual(expected);
});
