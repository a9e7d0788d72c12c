import { describe, expect, test } from "vitest";
import type { Trigger } from "../../src/catalog/types.ts";
import { rulesOff, rulesOn, triggersOff, triggersOn } from "../../src/script/triggers.ts";
import { scriptTableOf } from "../support/script-table.ts";

const T = `CREATE TABLE public.t (id integer NOT NULL);
ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);
`;
const rule = (name: string) => `CREATE RULE "${name}" AS ON UPDATE TO public.t DO NOTHING;\n`;

const TRIGGER: Trigger = {
  name: "it's",
  enabled: "origin",
  timing: "after",
  level: "row",
  events: ["insert"],
  definition: "",
};

describe("rules", () => {
  const cases: [string, string, string[]][] = [
    ["an ordinary rule comes back as one", "", ['ENABLE RULE "a""b"']],
    ["one that always fires comes back so", "ENABLE ALWAYS", ['ENABLE ALWAYS RULE "a""b"']],
    ["one for replicas is left alone", "ENABLE REPLICA", []],
    ["one that is off stays off", "DISABLE", []],
  ];
  test.each(cases)("%s", async (_name, state, back) => {
    const alter = state === "" ? "" : `ALTER TABLE public.t ${state} RULE "a""b";\n`;
    const table = await scriptTableOf(`${T}${rule('a""b')}${alter}`);
    const statements = back.map((text) => `ALTER TABLE "public"."t" ${text};`);
    expect(rulesOn([table])).toEqual(statements);
    expect(rulesOff([table]).length).toBe(statements.length);
  });
});

describe("triggers", () => {
  test("names are data", () => {
    const off = triggersOff([{ table: { schema: "public", name: 'a"b' }, trigger: TRIGGER }]);
    expect(off).toContain(`(VALUES ('"public"."a""b"', 'it''s'))`);
  });

  test("are never switched by session_replication_role: foreign keys would go too", async () => {
    const table = await scriptTableOf(T);
    expect(
      `${triggersOff([{ table: table.name, trigger: TRIGGER }])}${triggersOn()}`,
    ).not.toContain("session_replication_role");
  });
});
