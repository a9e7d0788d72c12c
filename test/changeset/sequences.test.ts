import { describe, expect, test } from "vitest";
import {
  freeSequenceFindings,
  sequenceMaxima,
  sequencesOf,
  sequenceTargets,
} from "../../src/changeset/sequences.ts";
import { nameKey } from "../../src/names.ts";
import type { SequenceValue } from "../../src/sources/source.ts";
import { inPublic, pairOf, schema, tableOf } from "../support/schema.ts";

const sequence = (name: string, rest = "") =>
  `CREATE SEQUENCE public.${name} START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1${rest};\n`;
const T =
  "CREATE TABLE public.t (id integer NOT NULL, n integer);\nALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);\n";
const OWNED = `${T}${sequence("t_id_seq")}ALTER SEQUENCE public.t_id_seq OWNED BY public.t.id;\n`;

const state = (name: string, lastValue: string, isCalled = true): SequenceValue => ({
  name: inPublic(name),
  lastValue,
  isCalled,
});

describe("sequencesOf", () => {
  test.each([
    ["one that the column owns", OWNED, ["id t_id_seq"]],
    [
      "one that a default names",
      `${sequence("s")}${T}ALTER TABLE ONLY public.t ALTER COLUMN n SET DEFAULT nextval('public.s'::regclass);\n`,
      ["n s"],
    ],
    [
      "one whose name is a keyword",
      `${sequence('"order"')}${T}ALTER TABLE ONLY public.t ALTER COLUMN n SET DEFAULT nextval('public."order"'::regclass);\n`,
      ["n order"],
    ],
    [
      "one with quotes, dots and blanks in its name",
      `${sequence('"a.""b\'s"')}${T}ALTER TABLE ONLY public.t ALTER COLUMN n SET DEFAULT nextval('public."a.""b''s"'::regclass);\n`,
      ["n a.\"b's"],
    ],
    [
      "none where a default computes with it",
      `${sequence("s")}${T}ALTER TABLE ONLY public.t ALTER COLUMN n SET DEFAULT (nextval('public.s'::regclass) + 1);\n`,
      [],
    ],
    ["none of other tables", `${OWNED.replaceAll("public.t", "public.u")}${T}`, []],
  ])("finds %s", async (_name, ddl, expected) => {
    const catalog = await schema(ddl);
    const found = sequencesOf(catalog, tableOf(catalog, "t"));
    expect(found.map(({ column, sequence: { name } }) => `${column} ${name.name}`)).toEqual(
      expected,
    );
  });
});

describe("sequenceTargets", () => {
  async function targets(
    rows: readonly (string | null)[],
    production: readonly SequenceValue[],
    ddl = OWNED,
  ) {
    const catalog = await schema(ddl);
    const pair = pairOf(catalog, "t");
    const maxima = sequenceMaxima(pair, ["id"]);
    for (const id of rows) maxima.note([id, null]);
    const found = sequenceTargets(catalog, pair.production, { maxima, production });
    return [...found.targets.map(({ value }) => value), ...found.findings.map(({ code }) => code)];
  }
  const cases: [string, (string | null)[], SequenceValue[], string[]][] = [
    [
      "a sequence is raised to the largest inserted value",
      ["9", "10", "-3"],
      [state("t_id_seq", "5")],
      ["10"],
    ],
    ["one that is ahead stays", ["9"], [state("t_id_seq", "10")], []],
    ["one that has given the value stays", ["9"], [state("t_id_seq", "9")], []],
    ["one that would give it next is raised", ["9"], [state("t_id_seq", "9", false)], ["9"]],
    ["one whose state nobody knows is raised", ["9"], [], ["9"]],
    ["numbers are as long as they are", ["9007199254740993"], [], ["9007199254740993"]],
    ["a value outside its range raises nothing", ["-1"], [state("t_id_seq", "1")], []],
    ["other values than whole numbers do not count", [null, "1.5", "x"], [], []],
  ];
  test.each(cases)("%s", async (_name, rows, production, expected) => {
    expect(await targets(rows, production)).toEqual(expected);
  });

  test("one that counts downwards is only told of", async () => {
    const ddl = OWNED.replace("INCREMENT BY 1", "INCREMENT BY -1");
    expect(await targets(["-9"], [state("t_id_seq", "-1")], ddl)).toEqual(["sequence_descending"]);
  });
});

test("sequences that no column owns and that differ are named, unless they are raised", async () => {
  const fed = `${sequence("fed")}${sequence("raised")}ALTER TABLE ONLY public.t ALTER COLUMN n SET DEFAULT nextval('public.fed'::regclass);\n`;
  const catalog = await schema(
    `${OWNED}${sequence("free")}${sequence("same")}${sequence("once")}${fed}`,
  );
  const production = [
    state("t_id_seq", "1"),
    state("free", "1"),
    state("same", "3"),
    state("once", "1"),
    state("fed", "1"),
    state("raised", "1"),
  ];
  const local = [
    state("t_id_seq", "2"),
    state("free", "1", false),
    state("same", "3"),
    state("fed", "2"),
    state("raised", "2"),
  ];
  const told = new Set([nameKey(inPublic("raised"))]);
  expect(freeSequenceFindings(catalog, { production, local }, told)).toMatchObject([
    { code: "sequence_differs", sequence: inPublic("free") },
    { code: "sequence_differs", sequence: inPublic("fed") },
  ]);
});
