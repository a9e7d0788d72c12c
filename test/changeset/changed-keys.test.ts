import { describe, expect, test } from "vitest";
import { changedKeys } from "../../src/changeset/review/changed-keys.ts";
import type { Change } from "../../src/compare/change.ts";
import { changesetOf } from "../support/changeset.ts";
import { createDatabase, hasServer } from "../support/postgres.ts";
import { find } from "../support/scripts.ts";

const PRODUCTION = `
CREATE TABLE payment (paid date, id int, amount numeric, note text, PRIMARY KEY (paid, id));
INSERT INTO payment VALUES ('2026-03-01', 1, 9.90, 'a'), ('2026-03-01', 2, 5.00, 'b'), ('2026-03-02', 3, NULL, NULL);`;

describe.skipIf(!hasServer).concurrent("deletes that are withheld", { timeout: 60_000 }, () => {
  const cases: readonly (readonly [string, string, object, boolean])[] = [
    [
      "of a row that was given another key would leave it there twice",
      "UPDATE payment SET paid = '2026-04-01' WHERE id = 1",
      { deletes: "withhold" },
      true,
    ],
    [
      "say nothing of keys where the row is another one",
      "DELETE FROM payment WHERE id = 1; INSERT INTO payment VALUES ('2026-04-01', 1, 9.91, 'a')",
      { deletes: "withhold" },
      false,
    ],
    [
      "of rows without any value but their key tell nothing",
      "UPDATE payment SET id = 4 WHERE id = 3",
      { deletes: "withhold" },
      false,
    ],
    [
      "are not there if deletes are applied",
      "UPDATE payment SET paid = '2026-04-01' WHERE id = 1",
      { deletes: "apply" },
      false,
    ],
    [
      "are not there if the key is what stays the same",
      "UPDATE payment SET paid = '2026-04-01' WHERE id = 1",
      { deletes: "withhold", keys: [{ table: "public.payment", columns: ["id"] }] },
      false,
    ],
  ];
  test.for(cases)("%s", async ([, edits, options, isTold]) => {
    await using production = await createDatabase({ sql: PRODUCTION });
    await using local = await createDatabase({ template: production.name, sql: edits });
    const sides = { production: production.url, local: local.url };
    const { messages } = await find(sides, options);
    expect(messages.filter((text) => text.includes("but the key"))).toEqual(
      isTold
        ? [
            "table public.payment: 1 inserted row equals a row whose delete is withheld in every column but the key (paid, id); if a key was changed, production would hold both: answer with --deletes apply, or name columns that stay the same with --key",
          ]
        : [],
    );
  });
});

test("withheld rows that were not looked at are told of", async () => {
  const table = { schema: "public", name: "t" };
  const gone = (id: string): Change => ({ kind: "delete", key: [id], before: [id, `v${id}`] });
  const come = (id: string, like: string): Change => ({
    kind: "insert",
    key: [id],
    after: [id, `v${like}`],
  });
  const changeset = changesetOf([
    {
      table,
      columns: ["id", "v"],
      key: ["id"],
      withheld: [gone("1"), gone("2"), gone("3")],
      changes: [come("7", "1"), come("8", "3")],
    },
  ]);
  const all = await changedKeys({ changeset }, 3);
  expect(all).toMatchObject([{ code: "keys_changed", rows: 2 }]);
  expect(all[0]?.message).not.toContain("looked at");
  const [first] = await changedKeys({ changeset }, 1);
  expect(first).toMatchObject({ code: "keys_changed", rows: 1, unseen: 2 });
  expect(first?.message).toMatch(/; 2 further withheld rows were not looked at$/);
});
