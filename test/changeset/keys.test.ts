import { describe, expect, test } from "vitest";
import { duplicateFindings } from "../../src/changeset/duplicates.ts";
import { decideKeys } from "../../src/changeset/keys.ts";
import type { Change } from "../../src/compare/change.ts";
import { PLAIN, pairOf, schema } from "../support/schema.ts";
import { databaseOf, dumpOf } from "../support/sources.ts";

const CITEXT = `CREATE EXTENSION citext WITH SCHEMA ext;
CREATE TABLE public.t (k ext.citext NOT NULL, a text, b text);
ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (k);
`;
const insert = (k: string, a: string): Change => ({ kind: "insert", key: [k], after: [k, a, "z"] });
const remove = (k: string, a: string): Change => ({
  kind: "delete",
  key: [k],
  before: [k, a, "z"],
});

describe("decideKeys", () => {
  const context = { positions: [2] };

  test("a delete and an insert under one key become an update of the row", async () => {
    const catalog = await schema(CITEXT);
    const asked: { text: string; parameters: readonly (string | null)[] }[] = [];
    const changes = [remove("Ä", "1"), remove("x", "1"), insert("y", "2"), insert("ä", "2")];
    const decided = await decideKeys(pairOf(catalog, "t"), changes, {
      ...context,
      catalog,
      production: dumpOf(["t"]),
      local: databaseOf([["1", "2"]], asked),
    });
    expect(decided.findings).toEqual([]);
    expect(decided.changes).toEqual([
      remove("x", "1"),
      insert("y", "2"),
      {
        kind: "update",
        key: ["Ä"],
        columns: [0, 1],
        before: ["Ä", "1"],
        after: ["ä", "2"],
        context: new Map([[2, "z"]]),
      },
    ]);
    expect(asked.map(({ parameters }) => parameters)).toEqual([['{"Ä","x"}', '{"y","ä"}']]);
    expect(asked[0]?.text).toContain(`d."k" OPERATOR("ext".=) i."k"`);
  });

  test.each<[string, Change[]]>([
    ["inserts alone need no answer", [insert("x", "1")]],
    ["deletes alone need no answer", [remove("x", "1")]],
  ])("%s", async (_name, changes) => {
    const catalog = await schema(CITEXT);
    const sources = { production: dumpOf([]), local: dumpOf([]) };
    expect(
      await decideKeys(pairOf(catalog, "t"), changes, { ...context, catalog, ...sources }),
    ).toEqual({
      changes,
      findings: [],
    });
  });

  test("without a server nobody can tell, and a finding says so", async () => {
    const catalog = await schema(CITEXT);
    const changes = [remove("Ä", "1"), insert("ä", "2")];
    const sources = { production: dumpOf([]), local: dumpOf([]) };
    const decided = await decideKeys(pairOf(catalog, "t"), changes, {
      ...context,
      catalog,
      ...sources,
    });
    expect(decided.changes).toEqual(changes);
    expect(decided.findings).toMatchObject([{ code: "key_undecided", severity: "blocking" }]);
  });
});

describe("duplicateFindings", () => {
  const T = "CREATE TABLE public.t (id numeric, a text);\n";
  const named = { ...PLAIN, keys: [{ table: "t", columns: ["id"] }] };

  async function found(text: string, ddl = T) {
    const catalog = await schema(ddl);
    const pair = pairOf(catalog, "t", named);
    const production = dumpOf(["t"], { text });
    const findings = await duplicateFindings(pair, { production, local: dumpOf(["t"]), catalog });
    return findings.map(({ code, ...facts }) => `${code} ${"rows" in facts ? facts.rows : ""}`);
  }

  test.each([
    ["each key once", "1\n2\n3\n", []],
    ["two of three rows repeat a key", "1\n1\n1\n", ["key_not_unique 2"]],
    ["two spellings of a number are one key", "1\n1.0\n", ["key_not_unique 1"]],
    ["an empty table", "", []],
  ])("%s", async (_name, text, expected) => {
    expect(await found(text)).toEqual(expected);
  });

  test("a key with a unique index is not counted", async () => {
    const ddl = `${T.replace("numeric", "numeric NOT NULL")}ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);\n`;
    expect(await found("1\n1\n", ddl)).toEqual([]);
  });

  test("a database counts by itself", async () => {
    const catalog = await schema(T);
    const sources = { production: databaseOf([["4"]]), local: databaseOf([["0"]]), catalog };
    const findings = await duplicateFindings(pairOf(catalog, "t", named), sources);
    expect(findings).toMatchObject([{ code: "key_not_unique", side: "production", rows: 4 }]);
  });
});
