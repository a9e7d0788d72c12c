import { describe, expect, test } from "vitest";
import { relationChecks } from "../../src/script/relations.ts";
import { scriptTables } from "../../src/script/table.ts";
import { schema } from "../support/schema.ts";
import { changesBetween, type Rows } from "../support/states.ts";

const DDL = `CREATE TABLE public.a (id integer NOT NULL, code text);
CREATE TABLE public.b (id integer NOT NULL, a integer);
ALTER TABLE ONLY public.a ADD CONSTRAINT a_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.a ADD CONSTRAINT a_code UNIQUE (code);
ALTER TABLE ONLY public.b ADD CONSTRAINT b_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.b ADD CONSTRAINT b_a FOREIGN KEY (a) REFERENCES public.a(id);
`;

/** For each check: its comment, what it says, and the rows that it asks about. */
async function checks(production: Rows, local: Rows): Promise<string[]> {
  const catalog = await schema(DDL);
  const changeset = changesBetween(catalog, production, local);
  const tables = scriptTables(catalog, changeset.tables);
  const found: string[] = [];
  for await (const text of relationChecks(catalog, changeset, tables)) {
    const [, detail] = /AS state, '(.*?)' AS detail/.exec(text) ?? [];
    const [, rows = ""] = /\(VALUES ([\s\S]*?)\) AS want/.exec(text) ?? [];
    const [, known] = /EXISTS \(SELECT FROM \(VALUES (.*?)\) AS known/.exec(text) ?? [];
    const but = known === undefined ? "" : ` but ${known}`;
    found.push(`${detail}: ${rows.replaceAll(/::\w+|\s/g, "")}${but.replaceAll(/::\w+/g, "")}`);
  }
  return found;
}

describe("relationChecks", () => {
  const cases: [string, Rows, Rows, string[]][] = [
    ["no changes ask nothing", {}, {}, []],
    [
      "a new reference asks for its parent",
      { b: [["1", null]] },
      { b: [["1", "7"]] },
      ["refers to a row of public.a that does not exist (b_a): ('1','7')"],
    ],
    ["unless the changes insert the parent", {}, { a: [["7", null]], b: [["1", "7"]] }, []],
    ["a reference to nothing asks nothing", {}, { b: [["1", null]] }, []],
    [
      "a unique value asks who holds it",
      { a: [["1", null]] },
      { a: [["1", "x"]] },
      ["another row holds its value of a_code: ('1','x')"],
    ],
    [
      "other than the row that gives it up",
      {
        a: [
          ["1", "x"],
          ["2", null],
        ],
      },
      {
        a: [
          ["1", "y"],
          ["2", "x"],
        ],
      },
      ["another row holds its value of a_code: ('1','y'),('2','x') but ('1')"],
    ],
    [
      "a delete asks who refers to it",
      { a: [["1", null]] },
      {},
      ["a row of public.b refers to it (b_a, ON DELETE NO ACTION): ('1','1')"],
    ],
    [
      "other than rows that are deleted or turn away",
      {
        a: [
          ["1", null],
          ["9", null],
        ],
        b: [
          ["4", "1"],
          ["5", "1"],
        ],
      },
      { a: [["9", null]], b: [["5", "9"]] },
      [
        "a row of public.b refers to it (b_a, ON DELETE NO ACTION): ('1','1') but ('4'), ('5')",
        "refers to a row of public.a that does not exist (b_a): ('5','9')",
      ],
    ],
  ];
  test.each(cases)("%s", async (_name, production, local, expected) => {
    expect(await checks(production, local)).toEqual(expected);
  });

  test("five hundred rows are asked about at a time", async () => {
    const rows = Array.from({ length: 501 }, (_, n) => [String(n), "x"]);
    expect((await checks({}, { b: rows })).length).toBe(2);
  });
});

test("a reference to 1.0 is one to 1", async () => {
  const catalog = await schema(
    DDL.replaceAll("(id integer NOT NULL, code", "(id numeric NOT NULL, code").replace(
      "a integer",
      "a numeric",
    ),
  );
  const asked = async (production: Rows, local: Rows) => {
    const changeset = changesBetween(catalog, production, local);
    const texts: string[] = [];
    const tables = scriptTables(catalog, changeset.tables);
    for await (const text of relationChecks(catalog, changeset, tables)) texts.push(text);
    return texts.join("\n");
  };
  // The child is known to go with its parent, the parent to come with its child.
  expect(await asked({ a: [["1", null]], b: [["5", "1.0"]] }, {})).toContain("AS known");
  expect(await asked({}, { a: [["1", null]], b: [["5", "1.0"]] })).not.toContain("does not exist");
});

test("rows of heirs are not those that a foreign key sees", async () => {
  const catalog = await schema(`${DDL}CREATE TABLE public.heir (
)
INHERITS (public.b);
`);
  const changeset = changesBetween(catalog, { a: [["1", null]] }, { a: [] });
  const texts: string[] = [];
  for await (const text of relationChecks(
    catalog,
    changeset,
    scriptTables(catalog, changeset.tables),
  ))
    texts.push(text);
  expect(texts.join()).toContain('EXISTS (SELECT FROM ONLY "public"."b" AS t');
});
