import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Catalog } from "../../src/catalog/types.ts";
import { invert } from "../../src/changeset/invert.ts";
import { planSteps } from "../../src/order/plan.ts";
import { execute, sortedRows } from "../support/model.ts";
import { schema } from "../support/schema.ts";
import { changesBetween, type Row, type Rows } from "../support/states.ts";

/** Tables with an `id` as primary key; `more` names further columns and constraints. */
function table(name: string, columns: string, ...more: readonly string[]): string {
  return [
    `CREATE TABLE public.${name} (id integer NOT NULL, ${columns});`,
    `ALTER TABLE ONLY public.${name} ADD CONSTRAINT ${name}_pkey PRIMARY KEY (id);`,
    ...more.map((constraint) => `ALTER TABLE ONLY public.${name} ADD CONSTRAINT ${constraint};`),
  ].join("\n");
}

const foreign = (name: string, column: string, parent: string, rest = ""): string =>
  `${name} FOREIGN KEY (${column}) REFERENCES public.${parent} ${rest}`.trim();

/** The steps in words; and the proof that they bring production to local, and their inverse back. */
async function planned(catalog: Catalog, production: Rows, local: Rows): Promise<string[]> {
  const changeset = changesBetween(catalog, production, local);
  const { plan, findings } = await planSteps(catalog, changeset);
  if (findings.length > 0) return findings.map(({ code }) => code);
  for (const [from, to, steps] of [
    [production, local, plan],
    [local, production, (await planSteps(catalog, invert(changeset))).plan],
  ] as const) {
    const { problems, rows, cascades } = await execute(catalog, from, steps);
    expect(problems).toEqual([]);
    expect(rows).toEqual(sortedRows(to));
    expect(cascades).toEqual(
      Object.fromEntries(steps.cascades.map(({ table: { name }, updates }) => [name, updates])),
    );
  }
  const words = [];
  for (const step of plan.steps) {
    const keys = [];
    for await (const { key } of step.changes()) keys.push(key.join());
    words.push(
      `${step.kind} ${step.table.name} ${keys.join(" ")}${step.together ? " together" : ""}`,
    );
  }
  return [...words, ...plan.deferred.map(({ name }) => `defer ${name}`)];
}

interface Case {
  readonly name: string;
  readonly ddl: readonly string[];
  readonly production: Rows;
  readonly local: Rows;
  readonly steps: readonly string[];
}

const PARENT = table("a", "x text");
const CHILD = table("b", "a integer", foreign("b_a", "a", "a(id)"));
const CODES = table("a", "code text NOT NULL", "a_code UNIQUE (code)");

const CASES: readonly Case[] = [
  {
    name: "no changes need no steps",
    ddl: [PARENT],
    production: { a: [["1", "x"]] },
    local: { a: [["1", "x"]] },
    steps: [],
  },
  {
    name: "parents are inserted first, children deleted first",
    ddl: [PARENT, CHILD],
    production: { a: [["1", "x"]], b: [["1", "1"]] },
    local: { a: [["2", "x"]], b: [["2", "2"]] },
    steps: ["insert a 2", "insert b 2", "delete b 1", "delete a 1"],
  },
  {
    name: "the names of tables do not decide",
    ddl: [table("z", "x text"), table("c", "z integer", foreign("c_z", "z", "z(id)"))],
    production: {},
    local: { z: [["1", "x"]], c: [["1", "1"]] },
    steps: ["insert z 1", "insert c 1"],
  },
  {
    name: "updates come between inserts and deletes, so that references move",
    ddl: [PARENT, CHILD],
    production: { a: [["1", "x"]], b: [["1", "1"]] },
    local: { a: [["2", "x"]], b: [["1", "2"]] },
    steps: ["insert a 2", "update b 1", "delete a 1"],
  },
  {
    name: "rows of a table that refers to itself come parents first",
    ddl: [table("a", "up integer", foreign("a_up", "up", "a(id)"))],
    production: {},
    local: {
      a: [
        ["1", "2"],
        ["2", "3"],
        ["3", null],
      ],
    },
    steps: ["insert a 3 2 1"],
  },
  {
    name: "a row that refers to itself needs nobody",
    ddl: [table("a", "up integer NOT NULL", foreign("a_up", "up", "a(id)"))],
    production: {},
    local: { a: [["1", "1"]] },
    steps: ["insert a 1"],
  },
  {
    name: "a circle within one table is written in one statement",
    ddl: [table("a", "up integer NOT NULL", foreign("a_up", "up", "a(id)"))],
    production: { a: [["1", "1"]] },
    local: {
      a: [
        ["1", "1"],
        ["2", "3"],
        ["3", "2"],
        ["4", "5"],
        ["5", "4"],
      ],
    },
    steps: ["insert a 2 3 together", "insert a 4 5 together"],
  },
  {
    name: "a circle over tables is broken by deferral",
    ddl: [
      table("a", "b integer NOT NULL"),
      table("b", "a integer NOT NULL", foreign("b_a", "a", "a(id)", "DEFERRABLE")),
      "ALTER TABLE ONLY public.a ADD CONSTRAINT a_b FOREIGN KEY (b) REFERENCES public.b(id);",
    ],
    production: { a: [["1", "1"]], b: [["1", "1"]] },
    local: { a: [["2", "2"]], b: [["2", "2"]] },
    steps: ["insert b 2", "insert a 2", "delete a 1", "delete b 1", "defer b_a"],
  },
  {
    name: "else by NULL first and an update later",
    ddl: [
      table("a", "b integer"),
      table("b", "a integer NOT NULL", foreign("b_a", "a", "a(id)")),
      "ALTER TABLE ONLY public.a ADD CONSTRAINT a_b FOREIGN KEY (b) REFERENCES public.b(id);",
    ],
    production: { a: [["1", "1"]], b: [["1", "1"]] },
    local: { a: [["2", "2"]], b: [["2", "2"]] },
    steps: ["insert a 2", "insert b 2", "update a 2", "release a 1", "delete b 1", "delete a 1"],
  },
  {
    name: "else it is a finding",
    ddl: [
      table("a", "b integer NOT NULL"),
      table("b", "a integer NOT NULL", foreign("b_a", "a", "a(id)")),
      "ALTER TABLE ONLY public.a ADD CONSTRAINT a_b FOREIGN KEY (b) REFERENCES public.b(id);",
    ],
    production: {},
    local: { a: [["2", "2"]], b: [["2", "2"]] },
    steps: ["foreign_key_cycle"],
  },
  {
    name: "a value that changes hands is parked as NULL where the column takes it",
    ddl: [table("a", "code text", "a_code UNIQUE (code)")],
    production: {
      a: [
        ["1", "x"],
        ["2", "y"],
      ],
    },
    local: {
      a: [
        ["1", "y"],
        ["2", "x"],
      ],
    },
    steps: ["release a 1 2", "update a 1 2"],
  },
  {
    name: "a chain of values frees only those that are taken",
    ddl: [CODES],
    production: {
      a: [
        ["1", "x"],
        ["2", "y"],
      ],
    },
    local: {
      a: [
        ["1", "y"],
        ["2", "z"],
      ],
    },
    steps: ["release a 2", "update a 1 2"],
  },
  {
    name: "a deferrable unique constraint is deferred",
    ddl: [table("a", "code text NOT NULL", "a_code UNIQUE (code) DEFERRABLE")],
    production: {
      a: [
        ["1", "x"],
        ["2", "y"],
      ],
    },
    local: {
      a: [
        ["1", "y"],
        ["2", "x"],
      ],
    },
    steps: ["update a 1 2", "defer a_code"],
  },
  {
    name: "a row to be deleted gives its value up by going first",
    ddl: [CODES],
    production: { a: [["1", "x"]] },
    local: { a: [["2", "x"]] },
    steps: ["delete a 1", "insert a 2"],
  },
  {
    name: "unless rows may refer to it",
    ddl: [CODES, CHILD],
    production: { a: [["1", "x"]], b: [["1", "1"]] },
    local: { a: [["2", "x"]], b: [["1", "2"]] },
    steps: ["release a 1", "insert a 2", "update b 1", "delete a 1"],
  },
  {
    name: "a referenced value that changes is followed by ON UPDATE CASCADE",
    ddl: [
      CODES,
      table("b", "a text NOT NULL", foreign("b_a", "a", "a(code)", "ON UPDATE CASCADE")),
    ],
    production: {
      a: [["1", "x"]],
      b: [
        ["1", "x"],
        ["2", "x"],
      ],
    },
    local: {
      a: [["1", "y"]],
      b: [
        ["1", "y"],
        ["3", "y"],
      ],
    },
    steps: ["update a 1", "insert b 3", "delete b 2"],
  },
  {
    name: "a child that goes first is not followed",
    ddl: [
      CODES,
      table(
        "b",
        "a text NOT NULL, slug text NOT NULL",
        foreign("b_a", "a", "a(code)", "ON UPDATE CASCADE"),
        "b_slug UNIQUE (slug)",
      ),
    ],
    production: { a: [["1", "x"]], b: [["1", "x", "s"]] },
    local: { a: [["1", "y"]], b: [["2", "y", "s"]] },
    steps: ["delete b 1", "update a 1", "insert b 2"],
  },
  {
    name: "a reference lets go and comes back where nothing follows",
    ddl: [CODES, table("b", "a text", foreign("b_a", "a", "a(code)"))],
    production: { a: [["1", "x"]], b: [["1", "x"]] },
    local: { a: [["1", "y"]], b: [["1", "y"]] },
    steps: ["release b 1", "update a 1", "update b 1"],
  },
  {
    name: "or waits for the end where the constraint may",
    ddl: [CODES, table("b", "a text NOT NULL", foreign("b_a", "a", "a(code)", "DEFERRABLE"))],
    production: { a: [["1", "x"]], b: [["1", "x"]] },
    local: { a: [["1", "y"]], b: [["1", "y"]] },
    steps: ["update a 1", "update b 1", "defer b_a"],
  },
  {
    name: "ON UPDATE RESTRICT never waits",
    ddl: [
      CODES,
      table(
        "b",
        "a text NOT NULL",
        foreign("b_a", "a", "a(code)", "ON UPDATE RESTRICT DEFERRABLE"),
      ),
    ],
    production: { a: [["1", "x"]], b: [["1", "x"]] },
    local: { a: [["1", "y"]], b: [["1", "y"]] },
    steps: ["reference_moves"],
  },
  {
    name: "a reference that can do neither is a finding",
    ddl: [CODES, table("b", "a text NOT NULL", foreign("b_a", "a", "a(code)"))],
    production: { a: [["1", "x"]], b: [["1", "x"]] },
    local: { a: [["1", "y"]], b: [["1", "y"]] },
    steps: ["reference_moves"],
  },
  {
    name: "a new spelling of a value is said where an action would follow it",
    ddl: [
      `CREATE TABLE public.a (id integer NOT NULL, code numeric);
ALTER TABLE ONLY public.a ADD CONSTRAINT a_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.a ADD CONSTRAINT a_code UNIQUE (code);
`,
      table("b", "a numeric NOT NULL", foreign("b_a", "a", "a(code)", "ON UPDATE CASCADE")),
    ],
    production: { a: [["1", "1.0"]] },
    local: { a: [["1", "1.00"]] },
    steps: ["reference_respelled"],
  },
  {
    name: "a unique value that others refer to cannot be parked",
    ddl: [CODES, table("b", "a text", foreign("b_a", "a", "a(code)", "ON UPDATE CASCADE"))],
    production: {
      a: [
        ["1", "x"],
        ["2", "y"],
      ],
    },
    local: {
      a: [
        ["1", "y"],
        ["2", "x"],
      ],
    },
    steps: ["unique_value_moves"],
  },
];

describe("planSteps", () => {
  test.each(CASES)("$name", async ({ ddl, production, local, steps }) => {
    const catalog = await schema(`${ddl.join("\n")}\n`);
    expect(await planned(catalog, production, local)).toEqual(steps);
  });
});

/** No plan may fail for unique values. */
async function reaches(catalog: Catalog, from: readonly Row[], to: readonly Row[]): Promise<void> {
  expect(await planned(catalog, { a: from }, { a: to })).not.toContain("unique_value_moves");
}

describe("random states", () => {
  /** Rows with ids, and unique values beside them. */
  const rows = (nullable: boolean) =>
    fc
      .tuple(
        fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { maxLength: 6 }),
        fc.shuffledSubarray(["a", "b", "c", "d", "e", "f", "g"], { minLength: 6 }),
        fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
      )
      .map(([ids, values, nulls]) =>
        ids.map((id, n): Row => [String(id), nullable && nulls[n] ? null : (values[n] ?? null)]),
      );

  test.each([
    ["that take NULL", "code text", true],
    ["that do not", "code text NOT NULL", false],
    ["of a key that may wait", "code text NOT NULL", false, " DEFERRABLE"],
  ] as const)(
    "unique values %s reach any other order",
    async (_name, column, nullable, rest?: string) => {
      const catalog = await schema(`${table("a", column, `a_code UNIQUE (code)${rest ?? ""}`)}\n`);
      await fc.assert(
        fc.asyncProperty(rows(nullable), rows(nullable), (from, to) => reaches(catalog, from, to)),
        { numRuns: 60 },
      );
    },
  );

  test("two unique columns that are permuted at once do not disturb each other", async () => {
    const pairs = fc
      .tuple(
        fc.shuffledSubarray(["1", "2", "3", "4", "5"], { minLength: 3 }),
        fc.shuffledSubarray(["a", "b", "c", "d", "e"], { minLength: 5 }),
        fc.shuffledSubarray(["p", "q", "r", "s", "t"], { minLength: 5 }),
      )
      .map(([ids, codes, slugs]) =>
        ids.map((id, n): Row => [id, codes[n] ?? null, slugs[n] ?? null]),
      );
    const unique = ["a_code UNIQUE (code)", "a_slug UNIQUE (slug)"];
    const catalog = await schema(`${table("a", "code text NOT NULL, slug text", ...unique)}\n`);
    await fc.assert(
      fc.asyncProperty(pairs, pairs, (from, to) => reaches(catalog, from, to)),
      { numRuns: 60 },
    );
  });

  test("trees of rows in two tables reach any other shape", async () => {
    const ddl = `${table("a", "up integer", foreign("a_up", "up", "a(id)"))}
${table("b", "a integer NOT NULL, slug text NOT NULL", foreign("b_a", "a", "a(id)"), "b_slug UNIQUE (slug)")}\n`;
    const catalog = await schema(ddl);
    const states = fc
      .tuple(
        fc.shuffledSubarray(["1", "2", "3", "4", "5", "6"], { minLength: 1 }),
        fc.array(fc.nat(5), { minLength: 6, maxLength: 6 }),
        fc.shuffledSubarray(["1", "2", "3", "4"]),
        fc.shuffledSubarray(["p", "q", "r", "s"], { minLength: 4 }),
      )
      .map(
        ([ids, links, children, slugs]): Rows => ({
          a: ids.map((id, n) => [id, n === 0 ? null : (ids[(links[n] ?? 0) % n] ?? null)]),
          b: children.map((id, n) => [
            id,
            ids[(links[n] ?? 0) % ids.length] ?? null,
            slugs[n] ?? null,
          ]),
        }),
      );
    await fc.assert(
      fc.asyncProperty(states, states, async (from, to) => {
        const steps = await planned(catalog, from, to);
        expect(steps.filter((step) => !step.includes(" "))).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  test.each([
    ["follow it", "text", "ON UPDATE CASCADE"],
    ["follow it although they may not be NULL", "text NOT NULL", "ON UPDATE CASCADE"],
    ["become NULL", "text", "ON UPDATE SET NULL"],
    ["let go of it", "text", ""],
    ["let go of it before an action would run", "text", "ON UPDATE SET DEFAULT DEFERRABLE"],
    ["wait", "text NOT NULL", "DEFERRABLE INITIALLY DEFERRED"],
  ])("when a referenced value changes, rows that %s arrive", async (_name, column, action) => {
    const ddl = `${table("a", "code text NOT NULL", "a_code UNIQUE (code)")}
${table("b", `a ${column}, slug text NOT NULL`, foreign("b_a", "a", "a(code)", action), "b_slug UNIQUE (slug)")}\n`;
    const catalog = await schema(ddl);
    // Codes of the two sides differ, so that no code passes from one parent to another.
    const states = (prefix: string) =>
      fc
        .tuple(
          fc.shuffledSubarray(["1", "2", "3", "4"], { minLength: 1 }),
          fc.array(fc.option(fc.nat(3), { freq: 5 }), { minLength: 5, maxLength: 5 }),
          fc.shuffledSubarray(["1", "2", "3", "4", "5"]),
          fc.shuffledSubarray(["p", "q", "r", "s", "t"], { minLength: 5 }),
        )
        .map(([ids, links, children, slugs]): Rows => {
          const codeOf = (id: string | undefined) => `${prefix}${id}`;
          return {
            a: ids.map((id) => [id, codeOf(id)]),
            b: children.map((id, n) => {
              const link = links[n] ?? (column === "text" ? null : 0);
              const code = link === null ? null : codeOf(ids[link % ids.length]);
              return [id, code, slugs[n] ?? null];
            }),
          };
        });
    await fc.assert(
      fc.asyncProperty(states("x"), states("y"), async (from, to) => {
        const steps = await planned(catalog, from, to);
        expect(steps.filter((step) => !step.includes(" "))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
