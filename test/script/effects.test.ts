import { expect, test } from "vitest";
import type { Change } from "../../src/compare/change.ts";
import { nameKey } from "../../src/names.ts";
import type { Plan, StepKind } from "../../src/order/steps.ts";
import { effectsCheck } from "../../src/script/effects.ts";
import { inPublic } from "../support/schema.ts";
import { scriptTableOf } from "../support/script-table.ts";

const CHANGE: Change = { kind: "insert", key: ["1"], after: ["1"] };

async function reviewed(
  steps: readonly (readonly [StepKind, number])[],
  cascades: Plan["cascades"] = [],
): Promise<string> {
  const table = await scriptTableOf(
    "CREATE TABLE public.t (id integer NOT NULL);\nALTER TABLE ONLY public.t ADD CONSTRAINT p PRIMARY KEY (id);\n",
    [CHANGE],
  );
  const plan: Plan = {
    steps: steps.map(([kind, count]) => ({
      kind,
      table: inPublic("t"),
      count,
      changes: async function* () {},
      together: false,
      whole: false,
      asCompared: false,
    })),
    deferred: [],
    cascades,
  };
  const text = effectsCheck(plan, new Map([[nameKey(table.name), table]]), {
    writtenByTriggers: [],
    made: [],
    changes: 1,
    direction: "deploy",
  });
  return /\(VALUES\s+([\s\S]*?)\),\n {2}reviewed/.exec(text)?.[1] ?? "";
}

test("steps of a table are added up, releases as updates", async () => {
  const steps = [
    ["release", 1],
    ["insert", 2],
    ["update", 3],
    ["delete", 4],
    ["insert", 5],
  ] as const;
  expect(await reviewed(steps)).toBe(`('"public"."t"', 7, 4, 4)`);
});

test("updates that cascades make are added", async () => {
  const cascades = [{ table: inPublic("t"), updates: 2 }];
  expect(await reviewed([["update", 3]], cascades)).toBe(`('"public"."t"', 0, 5, 0)`);
});

test("nothing reviewed is a list without tables", async () => {
  expect(await reviewed([])).toBe("(NULL, 0, 0, 0)");
});
