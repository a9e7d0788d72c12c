import { describe, expect, test } from "vitest";
import { type Policy, policyFindings } from "../../src/changeset/policy.ts";
import { changeTally } from "../../src/changeset/tally.ts";
import type { Change, Counts } from "../../src/compare/change.ts";
import { pairOf, schema } from "../support/schema.ts";

const T = `CREATE TABLE public.t (id integer NOT NULL, n integer);
ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);
`;

async function codes(
  ddl: string,
  counts: Partial<Counts>,
  policy: Policy = {},
  ignore: string[] = [],
) {
  const catalog = await schema(ddl);
  const options = { include: [], exclude: [], keys: [], ignoreColumns: ignore };
  const pair = pairOf(catalog, "t", options);
  const all = { insert: 0, update: 0, delete: 0, ...counts };
  return policyFindings(pair, { counts: all, policy }).map(({ code }) => code);
}

describe("policyFindings", () => {
  const cases: [string, string, Partial<Counts>, Policy, string[]][] = [
    ["no changes ask nothing", `${T}ALTER TABLE public.t ENABLE ROW LEVEL SECURITY;\n`, {}, {}, []],
    ["deletes ask", T, { delete: 1 }, {}, ["deletes"]],
    ["deletes that are answered do not", T, { delete: 1 }, { deletes: "apply" }, []],
    [
      "a rule asks",
      `${T}CREATE RULE r AS ON UPDATE TO public.t DO NOTHING;\n`,
      { insert: 1 },
      {},
      ["rules"],
    ],
    [
      "a rule that is off is told",
      `${T}CREATE RULE r AS ON UPDATE TO public.t DO NOTHING;\n`,
      { insert: 1 },
      { rules: "disable" },
      ["rules_off"],
    ],
    [
      "row security is told",
      `${T}ALTER TABLE public.t ENABLE ROW LEVEL SECURITY;\n`,
      { insert: 1 },
      {},
      ["row_security"],
    ],
  ];
  test.each(cases)("%s", async (_name, ddl, counts, policy, expected) => {
    expect(await codes(ddl, counts, policy)).toEqual(expected);
  });

  test.each([
    [
      "a column that an insert needs and that is not compared blocks",
      "integer NOT NULL",
      ["column_required"],
    ],
    ["one with a default does not", "integer DEFAULT 3 NOT NULL", []],
    ["nor one that takes NULL", "integer", []],
  ])("%s", async (_name, definition, expected) => {
    const ddl = T.replace("n integer", `n ${definition}`);
    expect(await codes(ddl, { insert: 1 }, {}, ["n"])).toEqual(expected);
    expect(await codes(ddl, { update: 1 }, {}, ["n"])).toEqual([]);
  });
});

describe("changeTally", () => {
  const insert: Change = { kind: "insert", key: ["7"], after: ["7", null] };
  const remove: Change = { kind: "delete", key: ["1"], before: ["1", null] };
  const update: Change = {
    kind: "update",
    key: ["1"],
    columns: [1],
    before: ["1"],
    after: ["2"],
    context: new Map(),
  };

  async function tallied(changes: readonly Change[], withholdDeletes: boolean, ddl = T) {
    const pair = pairOf(await schema(ddl), "t");
    const tally = changeTally(pair, { withholdDeletes, sequenceColumns: ["id"] });
    const applied = changes.filter((change) => tally.note(change));
    return { tally, applied };
  }

  test("withholds deletes only where it is told to", async () => {
    const kept = await tallied([insert, remove, update], true);
    expect(kept.applied).toEqual([insert, update]);
    expect(kept.tally.counts).toEqual({ insert: 1, update: 1, delete: 0 });
    expect(kept.tally.withheld.delete).toBe(1);
    expect(kept.tally.findings().map(({ code }) => code)).toEqual(["withheld"]);
    const all = await tallied([insert, remove, update], false);
    expect(all.applied.length).toBe(3);
    expect(all.tally.findings()).toEqual([]);
  });

  test("counts keys with NULL on the side that has them", async () => {
    const { tally } = await tallied(
      [
        { ...insert, key: [null] },
        { ...remove, key: [null] },
      ],
      false,
    );
    expect(tally.findings()).toMatchObject([
      { code: "key_null", side: "production", rows: 1 },
      { code: "key_null", side: "local", rows: 1 },
    ]);
  });

  test("tells of changed identities that PostgreSQL does not let anyone update", async () => {
    const ddl = T.replace("n integer", "n integer NOT NULL GENERATED ALWAYS AS IDENTITY");
    const { tally } = await tallied([update, update], false, ddl);
    expect(tally.findings()).toMatchObject([
      { code: "identity_always_update", column: "n", rows: 2 },
    ]);
  });

  test("keeps the largest inserted number of columns that sequences feed", async () => {
    const { tally } = await tallied([insert, { ...insert, after: ["30", null] }, remove], false);
    expect([...tally.maxima.values]).toEqual([["id", 30n]]);
  });
});
