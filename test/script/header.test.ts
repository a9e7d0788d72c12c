import { describe, expect, test } from "vitest";
import { finding } from "../../src/findings.ts";
import { describeProvenance, type HeaderFacts, header } from "../../src/script/header.ts";
import { changesetOf } from "../support/changeset.ts";
import { inPublic } from "../support/schema.ts";

const CHANGESET = changesetOf([
  {
    table: inPublic("page"),
    columns: ["id"],
    key: ["id"],
    changes: [{ kind: "insert", key: ["1"], after: ["1"] }],
    withheld: [{ kind: "delete", key: ["2"], before: ["2"] }],
  },
]);

function text(facts: Partial<HeaderFacts>): string {
  return header({
    title: "Does it.",
    changeset: CHANGESET,
    tables: [],
    findings: [],
    ticket: undefined,
    tool: "rowpatch 1.2.3",
    generatedAt: new Date(0),
    notes: ["needs        nothing"],
    run: ["run          psql"],
    ...facts,
  });
}

describe("header", () => {
  test("says what, from what to what, and how much", () => {
    expect(text({})).toBe(`-- Does it.
--
-- production   prod.dump, as of 2026-11-20T09:12:00, SHA-256 ${"ab".repeat(32)}
-- local        postgres://localhost/shop
-- made by      rowpatch 1.2.3, 1970-01-01T00:00:00.000Z
--
--   table           insert   update   delete withheld
--   public.page          1        -        -        1
--
-- needs        nothing
--
-- run          psql`);
  });

  test("names the ticket and every finding", () => {
    const found = finding({ code: "withheld", table: inPublic("page"), rows: 1 });
    const lines = text({ ticket: "CHG-1", findings: [found] });
    expect(lines).toContain("-- ticket       CHG-1\n");
    expect(lines).toContain(`-- ${found.severity.padEnd(12)} ${found.message}\n`);
  });

  test("no text from outside ends the comment", () => {
    const lines = text({ ticket: "x\nDROP TABLE t;\r\u2028y\u202e" });
    expect(lines.split("\n").filter((line) => !line.startsWith("--"))).toEqual([]);
    expect(lines).toContain("-- ticket       x DROP TABLE t;  y");
  });
});

test("provenance names the database of a dump, but of a connection only once", () => {
  const dump = { kind: "dump", display: "a.dump", database: "shop", encoding: "UTF8" } as const;
  expect(describeProvenance({ ...dump, serverVersion: "15.8", format: "custom" })).toBe(
    "a.dump: database shop, PostgreSQL 15.8, custom",
  );
  expect(describeProvenance(CHANGESET.local)).toBe("postgres://localhost/shop");
});
