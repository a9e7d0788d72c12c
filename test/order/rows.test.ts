import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Catalog } from "../../src/catalog/types.ts";
import type { Change, Datum } from "../../src/compare/change.ts";
import { references } from "../../src/order/references.ts";
import { orderRows } from "../../src/order/rows.ts";
import { changesetOf } from "../support/changeset.ts";
import { pairOf, schema } from "../support/schema.ts";

/** Two references within `a`, of which one may wait or be NULL as `rest` says. */
function selfReferring(column: string, rest: string): string {
  return `CREATE TABLE public.a (id integer NOT NULL, x ${column}, y ${column});
ALTER TABLE ONLY public.a ADD CONSTRAINT a_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.a ADD CONSTRAINT a_x FOREIGN KEY (x) REFERENCES public.a(id) ${rest};
ALTER TABLE ONLY public.a ADD CONSTRAINT a_y FOREIGN KEY (y) REFERENCES public.a(id) ${rest};
`;
}

/** `a` refers to `b` and the other way round. */
function twoTables([a, b]: readonly [string, string]): string {
  return `CREATE TABLE public.a (id integer NOT NULL, b integer ${a.startsWith("NOT NULL") ? "NOT NULL" : ""});
CREATE TABLE public.b (id integer NOT NULL, a integer ${b.startsWith("NOT NULL") ? "NOT NULL" : ""});
ALTER TABLE ONLY public.a ADD CONSTRAINT a_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.b ADD CONSTRAINT b_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.a ADD CONSTRAINT a_b FOREIGN KEY (b) REFERENCES public.b(id) ${a.replace("NOT NULL", "")};
ALTER TABLE ONLY public.b ADD CONSTRAINT b_a FOREIGN KEY (a) REFERENCES public.a(id) ${b.replace("NOT NULL", "")};
`;
}

type RowsByTable = Readonly<Record<string, readonly (readonly Datum[])[]>>;

function order(catalog: Catalog, rows: RowsByTable, kind: "insert" | "delete") {
  const sketches = Object.entries(rows).map(([name, list]) => {
    const { name: table, columns, key = [] } = pairOf(catalog, name);
    const changes = list.map(
      (row): Change =>
        kind === "insert"
          ? { kind, key: [row[0] ?? null], after: row }
          : { kind, key: [row[0] ?? null], before: row },
    );
    return { table, columns, key, changes };
  });
  const { tables } = changesetOf(sketches);
  const held = tables.map((table, n) => ({ table, changes: sketches[n]?.changes ?? [] }));
  return orderRows(held, references(catalog, tables), kind);
}

function words(ordered: ReturnType<typeof order>): readonly string[] {
  const run = (prefix: string) => (found: (typeof ordered.runs)[number]) =>
    `${prefix}${found.table.table.name} ${found.changes.map(({ key }) => key).join(" ")}${found.together ? " together" : ""}`;
  return [
    ...ordered.runs.map(run("")),
    ...ordered.detours.map(run("detour ")),
    ...ordered.deferred.map(({ foreignKey }) => `deferred ${foreignKey.name}`),
    ...ordered.findings.map(({ code }) => code),
  ];
}

describe("orderRows", () => {
  const circle: RowsByTable = { a: [["1", "1"]], b: [["1", "1"]] };
  const cases: [string, string, RowsByTable, "insert" | "delete", string[]][] = [
    [
      "references to rows that are not among them do not count",
      selfReferring("integer", ""),
      { a: [["1", "9", null]] },
      "insert",
      ["a 1"],
    ],
    [
      "rows that nothing binds stay in their order and in one run",
      selfReferring("integer", ""),
      {
        a: [
          ["2", null, null],
          ["1", null, null],
        ],
      },
      "insert",
      ["a 2 1"],
    ],
    [
      "a circle within a table goes together, and apart from its neighbours",
      selfReferring("integer", ""),
      {
        a: [
          ["1", null, null],
          ["2", "3", null],
          ["3", "2", null],
          ["4", null, null],
        ],
      },
      "insert",
      ["a 1", "a 2 3 together", "a 4"],
    ],
    [
      "a circle whose constraint may wait needs no circle",
      selfReferring("integer", "DEFERRABLE"),
      {
        a: [
          ["2", "3", null],
          ["3", "2", null],
        ],
      },
      "insert",
      ["a 2 3", "deferred a_x"],
    ],
    [
      "a delete does not wait where an action runs at once",
      twoTables(["NOT NULL ON DELETE CASCADE DEFERRABLE", "NOT NULL"]),
      circle,
      "delete",
      ["foreign_key_cycle"],
    ],
    [
      "an insert waits whatever happens on delete",
      twoTables(["NOT NULL ON DELETE CASCADE DEFERRABLE", "NOT NULL"]),
      circle,
      "insert",
      ["a 1", "b 1", "deferred a_b"],
    ],
    [
      "a reference that may be NULL comes later",
      twoTables(["", "NOT NULL"]),
      circle,
      "insert",
      ["a 1", "b 1", "detour a 1"],
    ],
    [
      "and goes before the deletes",
      twoTables(["", "NOT NULL"]),
      circle,
      "delete",
      ["b 1", "a 1", "detour a 1"],
    ],
  ];
  test.each(cases)("%s", async (_name, ddl, rows, kind, expected) => {
    expect(words(order(await schema(ddl), rows, kind))).toEqual(expected);
  });

  test("a row of a detour takes part without its reference, and an update makes up for it", async () => {
    const catalog = await schema(twoTables(["", "NOT NULL"]));
    const inserted = order(catalog, circle, "insert");
    expect(inserted.runs[0]?.changes).toEqual([{ kind: "insert", key: ["1"], after: ["1", null] }]);
    expect(inserted.detours[0]?.changes).toEqual([
      {
        kind: "update",
        key: ["1"],
        columns: [1],
        before: [null],
        after: ["1"],
        context: new Map(),
      },
    ]);
    const deleted = order(catalog, circle, "delete");
    expect(deleted.runs[1]?.changes).toEqual([{ kind: "delete", key: ["1"], before: ["1", null] }]);
    expect(deleted.detours[0]?.changes).toMatchObject([{ before: ["1"], after: [null] }]);
  });

  /** Rows that refer to earlier ones, in any order and under any names. */
  const acyclic = fc.integer({ min: 1, max: 12 }).chain((size) =>
    fc
      .tuple(
        fc.shuffledSubarray(
          Array.from({ length: size }, (_, n) => String(n)),
          { minLength: size },
        ),
        fc.array(fc.tuple(fc.option(fc.nat()), fc.option(fc.nat())), {
          minLength: size,
          maxLength: size,
        }),
      )
      .chain(([ids, links]) =>
        fc.shuffledSubarray(
          ids.map((id, n): Datum[] => [
            id,
            ...(links[n] ?? []).map((link) =>
              link === null || n === 0 ? null : (ids[link % n] ?? null),
            ),
          ]),
          { minLength: size },
        ),
      ),
  );

  test.each([
    ["insert", "every row comes after those that it refers to"],
    ["delete", "every row comes before those that it refers to"],
  ] as const)("of an acyclic %s, %s", async (kind, _fact) => {
    const catalog = await schema(selfReferring("integer", ""));
    fc.assert(
      fc.property(acyclic, (rows) => {
        const { runs, detours, deferred, findings } = order(catalog, { a: rows }, kind);
        expect([detours, deferred, findings]).toEqual([[], [], []]);
        const ids = runs.flatMap(({ changes }) => changes.map(({ key }) => key[0]));
        expect([...ids].sort()).toEqual(rows.map(([id]) => id).sort());
        const place = new Map(ids.map((id, n) => [id, n]));
        for (const [id, ...links] of rows) {
          for (const link of links) {
            if (link === null) continue;
            const [own = -1, other = -1] = [place.get(id), place.get(link)];
            expect(kind === "insert" ? other < own : own < other).toBe(true);
          }
        }
      }),
    );
  });
});
