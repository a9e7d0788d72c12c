import { expect, test } from "vitest";
import { type FindingFacts, finding } from "../src/findings.ts";

const table = { schema: "public", name: "t" };
const side = "local" as const;
const key = ["id"];
const column = "c";

/** Findings that count something, and the count in words. */
const COUNTED: readonly (readonly [(n: number) => FindingFacts, string, string])[] = [
  [(rows) => ({ code: "deletes", table, rows }), "1 row exists", "2 rows exist"],
  [(rows) => ({ code: "withheld", table, rows }), "1 delete is withheld", "2 deletes are withheld"],
  [
    (rows) => ({ code: "key_not_unique", table, side, key, rows }),
    "1 row of local shares its key",
    "2 rows of local share their key",
  ],
  [
    (rows) => ({ code: "key_null", table, side, key, rows }),
    "1 row of local has NULL in its key",
    "2 rows of local have NULL in their key",
  ],
  [
    (values) => ({ code: "unique_value_moves", table, index: "u", values }),
    "1 value of unique u moves",
    "2 values of unique u move",
  ],
  [
    (rows) => ({ code: "reference_moves", table, foreignKey: "f", rows }),
    "1 row refers by f",
    "2 rows refer by f",
  ],
  [
    (rows) => ({ code: "reference_respelled", table, foreignKey: "f", action: "cascade", rows }),
    "1 row changes the spelling",
    "2 rows change the spelling",
  ],
  [(count) => ({ code: "large_objects", count }), "1 large object was", "2 large objects were"],
  [
    (rows) => ({ code: "identity_always_update", table, column, rows }),
    "differs in 1 row:",
    "differs in 2 rows:",
  ],
  [
    (rows) => ({ code: "keys_changed", table, key: [column], rows }),
    "1 inserted row equals a row",
    "2 inserted rows equal rows",
  ],
  [(rows) => ({ code: "null_refused", table, column, rows }), "in 1 row,", "in 2 rows,"],
  [
    (rows) => ({ code: "deletes_all", table, rows }),
    "the one row that production has",
    "all 2 rows that production has",
  ],
];

test.each(COUNTED)("%o tells one from many", (facts, one, many) => {
  expect(finding(facts(1)).message).toContain(one);
  expect(finding(facts(2)).message).toContain(many);
});
