import { describe, expect, test } from "vitest";
import { equalityOf } from "../../src/compare/equality.ts";
import { publicName, SAMPLE_CATALOG, typeOf } from "./types.ts";

describe("the equality of content", () => {
  test.each([
    ...["bool", "int2", "int4", "int8", "oid", "text", "varchar", "name", "char", "character(5)"],
    ...["uuid", "bytea", "date", "time", "timetz", "timestamp", "timestamptz", "bit", "varbit"],
    ...["inet", "cidr", "macaddr", "macaddr8", "public.mood", "public.moment"],
  ])("%s: by value", (type) => {
    expect(equalityOf({ type: typeOf(type) }, SAMPLE_CATALOG)).toBe("value");
  });

  test.each([
    ...["json", "jsonb", "xml", "numeric", "float4", "float8", "interval", "money", "bpchar"],
    ...["point", "box", "int4[]", "text[]", "int4range", "tstzmultirange", "tsvector", "regclass"],
    ...["xid", "tid", "pg_lsn", "public.citext", "public.hstore", "public.entry", "public.log"],
    ...["public.moments", "public.frame", "public.floatrange", "public.unknown_to_all"],
  ])("%s: by text", (type) => {
    expect(equalityOf({ type: typeOf(type) }, SAMPLE_CATALOG)).toBe("text");
  });

  test("text under a nondeterministic or unknown collation: by text", () => {
    const under = (name: string) =>
      equalityOf({ type: typeOf("text"), collation: publicName(name) }, SAMPLE_CATALOG);
    expect([under("nd"), under("of_an_extension")]).toEqual(["text", "text"]);
  });

  test("a collation of pg_catalog is deterministic", () => {
    const collation = { schema: "pg_catalog", name: "C" };
    expect(equalityOf({ type: typeOf("text"), collation }, SAMPLE_CATALOG)).toBe("value");
  });

  test("the collation of a domain counts, unless the column names another", () => {
    const domain = {
      kind: "domain",
      name: publicName("label"),
      base: typeOf("text"),
      notNull: false,
      collation: publicName("nd"),
      checks: [],
    } as const;
    const catalog = { ...SAMPLE_CATALOG, types: [domain] };
    const type = typeOf("public.label");
    expect(equalityOf({ type }, catalog)).toBe("text");
    expect(equalityOf({ type, collation: { schema: "pg_catalog", name: "C" } }, catalog)).toBe(
      "value",
    );
  });
});
