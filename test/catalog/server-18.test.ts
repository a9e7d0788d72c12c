import { readFileSync } from "node:fs";
import { PGlite } from "@electric-sql/pglite";
import { btree_gist } from "@electric-sql/pglite/contrib/btree_gist";
import { citext } from "@electric-sql/pglite/contrib/citext";
import { hstore } from "@electric-sql/pglite/contrib/hstore";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { catalogFromDdl } from "../../src/catalog/ddl.ts";
import type { CatalogQueries } from "../../src/catalog/introspect/scope.ts";
import { introspect } from "../../src/catalog/introspect.ts";
import { keyCandidates } from "../../src/catalog/lookup.ts";
import type { Catalog } from "../../src/catalog/types.ts";
import { openDump } from "../../src/sources/dump.ts";
import type { DdlStatement } from "../../src/sources/source.ts";
import { fixturePath, hasFixtures } from "../support/fixtures.ts";
import { splitStatements } from "../support/split.ts";

/** Larger than the numbers of all types of pg_catalog. */
const TYPES = Array.from({ length: 8000 }, (_, type) => type);

/** A server of 18 within this process. Values stay text. */
async function startServer(): Promise<{ lite: PGlite; queries: CatalogQueries }> {
  const lite = await PGlite.create({ extensions: { btree_gist, citext, hstore } });
  const parsers = Object.fromEntries(TYPES.map((type) => [type, (value: string) => value]));
  await lite.exec("SET search_path = ''; SET TimeZone = 'UTC'");
  const query = async (text: string) => {
    const { rows } = await lite.query<(string | null)[]>(text, [], { rowMode: "array", parsers });
    return rows;
  };
  const [[version] = []] = await query("SELECT current_setting('server_version_num')");
  const queryAll: CatalogQueries["queryAll"] = async (texts) => {
    const found = new Map<string, Awaited<ReturnType<typeof query>>>();
    for (const [name, text] of Object.entries<string>(texts)) found.set(name, await query(text));
    // One for each name.
    return Object.fromEntries(found) as Awaited<ReturnType<typeof queryAll<keyof typeof texts>>>;
  };
  return { lite, queries: { versionNumber: Number(version), queryAll } };
}

const corners = splitStatements(readFileSync(new URL("corners-18.sql", import.meta.url), "utf8"));

async function fixtureStatements(): Promise<DdlStatement[]> {
  await using dump = await openDump(fixturePath("pg18/plain.sql"));
  return dump.ddl.filter(({ text }) => !text.includes("LARGE OBJECT"));
}

describe("a server of 18", () => {
  let server: Awaited<ReturnType<typeof startServer>> | undefined;
  let told: Catalog | undefined;
  let found: Catalog | undefined;

  beforeAll(async () => {
    const statements = [...corners, ...(hasFixtures ? await fixtureStatements() : [])];
    server = await startServer();
    for (const { text } of statements) await server.lite.exec(text);
    told = await catalogFromDdl(statements, "dump");
    found = await introspect(server.queries);
  });
  afterAll(() => server?.lite.close());

  test("gives the catalog of the statements that made it", () => {
    expect(found?.tables.map(({ name }) => name.name)).toContain("enforced");
    expect(told).toEqual(found);
  });

  test.skipIf(!hasFixtures)("gives it for a whole dump of 18", () => {
    expect(found?.tables.map(({ name }) => name.name)).toContain("gen_virtual");
    expect(told?.tables).toHaveLength(72 + corners.filter(isTable).length);
  });

  test("has keys WITHOUT OVERLAPS as exclusion constraints", () => {
    const booking = found?.tables.find(({ name }) => name.name === "booking");
    expect(booking?.constraints).toMatchObject([{ kind: "exclusion", name: "booking_pkey" }]);
    expect(booking && keyCandidates(booking)).toEqual([]);
  });

  test("has constraints that are not enforced as not validated", () => {
    const tables = found?.tables.filter(({ name }) => ["enforced", "stay"].includes(name.name));
    const constraints = tables?.flatMap((table) => table.constraints) ?? [];
    const validated = constraints.map((constraint) =>
      "validated" in constraint ? [constraint.name, constraint.validated] : [],
    );
    expect(Object.fromEntries(validated.filter(({ length }) => length > 0))).toEqual({
      ignored: false,
      kept: true,
      later: false,
      stay_booking: true,
      stay_id: false,
    });
  });
});

function isTable({ text }: DdlStatement): boolean {
  return /^\s*CREATE TABLE/.test(text);
}
