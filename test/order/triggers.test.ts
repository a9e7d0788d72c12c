import { describe, expect, test } from "vitest";
import { invert } from "../../src/changeset/invert.ts";
import { planSteps } from "../../src/order/plan.ts";
import { triggerFindings } from "../../src/order/triggers.ts";
import { schema } from "../support/schema.ts";
import { changesBetween, type Row } from "../support/states.ts";

const T = `CREATE TABLE public.t (id integer NOT NULL, "a,b" text, ref integer, g integer GENERATED ALWAYS AS (length("a,b")) STORED);
ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);
`;
const ONE: readonly Row[] = [["1", "x", null]];
const INSERT = { from: [], to: ONE };
const DELETE = { from: ONE, to: [] };
const UPDATE = { from: ONE, to: [["1", "y", null]] as const };
const OTHER = { from: ONE, to: [["1", "x", "7"]] as const };
type States = { readonly from: readonly Row[]; readonly to: readonly Row[] };

async function asked(ddl: string, { from, to }: States, answer?: "fire" | "disable") {
  const catalog = await schema(ddl);
  const changeset = changesBetween(catalog, { t: from }, { t: to });
  const deploy = await planSteps(catalog, changeset);
  const revert = await planSteps(catalog, invert(changeset));
  const plans = { deploy: deploy.plan, revert: revert.plan };
  const findings = await triggerFindings(catalog, changeset.tables, { plans, answer });
  return findings.map((found) => ("triggers" in found ? [found.code, ...found.triggers] : []));
}

const trigger = (events: string, level = "ROW", name = "x") =>
  `CREATE TRIGGER ${name} AFTER ${events} ON public.t FOR EACH ${level} EXECUTE FUNCTION public.f();\n`;
const THERE = ["triggers", "x of public.t"];
const BACK = ["triggers", "x of public.t in revert.sql"];

describe("the question of triggers", () => {
  const cases: [string, string, States, string[] | undefined][] = [
    ["is asked where they fire", trigger("UPDATE OR DELETE"), UPDATE, THERE],
    ["is not asked where they do not", trigger("INSERT OR DELETE"), UPDATE, undefined],
    ["is asked of the way back too", trigger("DELETE"), INSERT, BACK],
    ["is asked of both ways at once", trigger("INSERT OR DELETE"), INSERT, THERE],
    ["is not asked of TRUNCATE", trigger("TRUNCATE", "STATEMENT"), DELETE, undefined],
    ["is asked of statements as of rows", trigger("INSERT", "STATEMENT"), INSERT, THERE],
    ["is asked where a column of UPDATE OF changes", trigger('UPDATE OF id, "a,b"'), UPDATE, THERE],
    ["is not asked where another column does", trigger('UPDATE OF "a,b"'), OTHER, undefined],
    ["is asked where a generated column may", trigger("UPDATE OF g"), UPDATE, THERE],
    [
      "is asked of what happens beside UPDATE OF",
      trigger("INSERT OR UPDATE OF ref"),
      INSERT,
      THERE,
    ],
    [
      "is not asked of triggers that are off",
      `${trigger("UPDATE")}ALTER TABLE public.t DISABLE TRIGGER x;\n`,
      UPDATE,
      undefined,
    ],
    [
      "takes odd names for what they are",
      trigger("UPDATE OF ref OR TRUNCATE", "STATEMENT", '"UPDATE OF id ON "'),
      UPDATE,
      undefined,
    ],
  ];
  test.each(cases)("%s", async (_name, ddl, states, expected) => {
    expect(await asked(`${T}${ddl}`, states)).toEqual(expected ? [expected] : []);
  });

  test("is answered by flags", async () => {
    const ddl = `${T}${trigger("UPDATE")}`;
    expect(await asked(ddl, UPDATE, "fire")).toEqual([["triggers_fire", "x of public.t"]]);
    expect(await asked(ddl, UPDATE, "disable")).toEqual([["triggers_off", "x of public.t"]]);
  });
});
