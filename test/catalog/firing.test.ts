import { describe, expect, test } from "vitest";
import { activeRules, firingTriggers } from "../../src/catalog/firing.ts";
import { schema, tableOf } from "../support/schema.ts";

const STATES: [string, boolean][] = [
  ["", true],
  ["ENABLE ALWAYS", true],
  ["ENABLE REPLICA", false],
  ["DISABLE", false],
];

const state = (words: string, what: string) =>
  words === "" ? "" : `ALTER TABLE public.t ${words} ${what} x;\n`;

describe("in an ordinary session", () => {
  test.each(STATES)("a trigger in the state '%s' fires: %s", async (words, fires) => {
    const catalog = await schema(`CREATE TABLE public.t (id integer);
CREATE TRIGGER x BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.f();
${state(words, "TRIGGER")}`);
    expect(firingTriggers(catalog, tableOf(catalog, "t")).length).toBe(fires ? 1 : 0);
  });

  test.each(STATES)("a rule in the state '%s' rewrites: %s", async (words, active) => {
    const catalog = await schema(`CREATE TABLE public.t (id integer);
CREATE RULE x AS ON UPDATE TO public.t DO NOTHING;
${state(words, "RULE")}`);
    expect(activeRules(tableOf(catalog, "t")).length).toBe(active ? 1 : 0);
  });

  test("triggers of partitions fire with their root's", async () => {
    const catalog = await schema(`CREATE TABLE public.t (id integer) PARTITION BY LIST (id);
CREATE TABLE public.p PARTITION OF public.t FOR VALUES IN (1);
CREATE TABLE public.other (id integer);
CREATE TRIGGER x BEFORE INSERT ON public.p FOR EACH ROW EXECUTE FUNCTION public.f();
CREATE TRIGGER y BEFORE INSERT ON public.other FOR EACH ROW EXECUTE FUNCTION public.f();
`);
    const found = firingTriggers(catalog, tableOf(catalog, "t"));
    expect(found.map(({ table, trigger }) => `${trigger.name} of ${table.name}`)).toEqual([
      "x of p",
    ]);
  });
});
