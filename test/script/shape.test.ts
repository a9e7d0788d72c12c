import { describe, expect, test } from "vitest";
import { shapeFacts, shapeGuards } from "../../src/script/shape.ts";
import { schema, tableOf } from "../support/schema.ts";

const T = `CREATE TABLE public.t (id integer NOT NULL, "A""b" character varying(3), g integer GENERATED ALWAYS AS ((id + 1)) STORED);
`;

describe("shapeFacts", () => {
  const cases: [string, string, string][] = [
    ["kind", "", "kind table"],
    ["columns with type and NOT NULL", "", 'column "id" integer not null'],
    ["names with their quotes doubled", "", 'column "A""b" character varying(3)'],
    [
      "generated columns with their expression",
      "",
      'column "g" integer generated stored ((id + 1))',
    ],
    [
      "keys",
      "ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);\n",
      'constraint "t_pkey" PRIMARY KEY (id)',
    ],
    [
      "unique indexes",
      "CREATE UNIQUE INDEX i ON public.t USING btree (id) WHERE (id > 3);\n",
      'unique index "i" CREATE UNIQUE INDEX i ON public.t USING btree (id) WHERE (id > 3)',
    ],
    [
      "triggers with their state",
      "CREATE TRIGGER x BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.f();\nALTER TABLE public.t DISABLE TRIGGER x;\n",
      'trigger "x" D CREATE TRIGGER x BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.f()',
    ],
    ["row security", "ALTER TABLE public.t ENABLE ROW LEVEL SECURITY;\n", "row security"],
    [
      "foreign keys that point to it",
      `ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);
CREATE TABLE public.c (t integer);
ALTER TABLE ONLY public.c ADD CONSTRAINT c_t FOREIGN KEY (t) REFERENCES public.t(id) ON DELETE CASCADE;\n`,
      'referenced by "public"."c" "c_t" FOREIGN KEY (t) REFERENCES public.t(id) ON DELETE CASCADE',
    ],
  ];
  test.each(cases)("tell %s", async (_name, more, fact) => {
    const catalog = await schema(`${T}${more}`);
    expect(shapeFacts(catalog, tableOf(catalog, "t"))).toContain(fact);
  });

  test("leave CHECK constraints out: they may change without harm", async () => {
    const catalog = await schema(`${T}ALTER TABLE public.t ADD CONSTRAINT c CHECK ((id > 0));\n`);
    expect(shapeFacts(catalog, tableOf(catalog, "t")).join("\n")).not.toContain("CHECK");
  });

  test("tell how a table is partitioned", async () => {
    const catalog = await schema("CREATE TABLE public.t (id integer) PARTITION BY LIST (id);\n");
    expect(shapeFacts(catalog, tableOf(catalog, "t"))[0]).toBe(
      "kind partitioned partitioned by LIST (id)",
    );
  });
});

test("shape guards take fifty tables at a time", async () => {
  const names = Array.from({ length: 101 }, (_, n) => `t${n}`);
  const catalog = await schema(
    names.map((name) => `CREATE TABLE public.${name} (id integer);\n`).join(""),
  );
  const guards = [...shapeGuards(catalog, catalog.tables)];
  expect(guards.map((guard) => guard.match(/'kind table'/g)?.length)).toEqual([50, 50, 1]);
});
