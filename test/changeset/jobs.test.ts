import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ExpectedError } from "../../src/errors.ts";
import { type CompareRequest, compare, makeScripts } from "../../src/pipeline.ts";
import { createDatabase, execute, hasServer, pgDump, urlOf } from "../support/postgres.ts";
import { requestOf } from "../support/scripts.ts";

/** Tables with a key, without one, with triggers, of several sizes, and one large enough to be read in ranges of pages. */
const PRODUCTION = `
DO $$ BEGIN FOR n IN 1..12 LOOP
  EXECUTE format('CREATE TABLE t%s (id serial PRIMARY KEY, name text)', n);
  EXECUTE format('INSERT INTO t%s (name) SELECT md5(i::text) FROM generate_series(1, %s) i', n, 300 * (13 - n));
  EXECUTE format('CREATE TABLE k%s (name text)', n);
  EXECUTE format('INSERT INTO k%s SELECT i %% 7 FROM generate_series(1, 100) i', n);
END LOOP; END $$;
CREATE TABLE large (id int PRIMARY KEY, filler text) WITH (fillfactor = 10);
INSERT INTO large SELECT n, repeat('x', 600) FROM generate_series(1, 11000) n;
CREATE SEQUENCE free;`;

const LOCAL = `
DO $$ BEGIN FOR n IN 1..12 LOOP
  EXECUTE format('UPDATE t%s SET name = ''changed'' WHERE id %% (10 + %s) = 0', n, n);
  EXECUTE format('DELETE FROM t%s WHERE id %% 50 = 1', n);
  EXECUTE format('INSERT INTO t%s (name) SELECT ''new'' FROM generate_series(1, %s)', n, n);
  EXECUTE format('INSERT INTO k%s VALUES (''more'')', n);
END LOOP; END $$;
UPDATE large SET filler = 'changed' WHERE id % 500 = 0;
SELECT setval('free', 100);`;

async function result(request: Pick<CompareRequest, "production" | "local" | "jobs">) {
  const tempDirectory = await mkdtemp(join(tmpdir(), "jobs-"));
  try {
    const options = { ...request, memory: 16 * 1024 * 1024, env: {} };
    await using comparison = await compare(requestOf(request, options, tempDirectory));
    const scripts = await makeScripts(comparison, {
      version: "0.0.0",
      generatedAt: new Date(0),
    });
    const texts: string[] = [];
    for (const make of Object.values(scripts)) for await (const text of make()) texts.push(text);
    const { findings, tables, changeset } = comparison;
    const undated = texts.join("").replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME");
    return { findings, tables, changed: changeset.tables, scripts: undated };
  } finally {
    expect(await readdir(tempDirectory)).toEqual([]);
    await rm(tempDirectory, { recursive: true });
  }
}

describe.skipIf(!hasServer)("several tables at a time", () => {
  test("give what one after the other gives, live and from dumps", async () => {
    await using production = await createDatabase(PRODUCTION);
    await using local = await createDatabase({ template: production.name, sql: LOCAL });
    const folder = await mkdtemp(join(tmpdir(), "jobs-dump-"));
    try {
      const live = { production: production.url, local: local.url };
      const one = await result({ ...live, jobs: 1 });
      expect(one.findings.length).toBeGreaterThan(20);
      expect(one.tables).toHaveLength(25);
      for (const jobs of [2, 4]) expect(await result({ ...live, jobs })).toEqual(one);
      for (const format of ["c", "t", "p"]) {
        const path = join(folder, format);
        const dump = await pgDump(production.url, [`-F${format}`, "-f", path]);
        expect(dump.exitCode).toBe(0);
        const sides = { production: path, local: local.url };
        expect(await result({ ...sides, jobs: 4 })).toEqual(await result({ ...sides, jobs: 1 }));
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  }, 120_000);

  test("end together when one of them cannot be read", async () => {
    await using production = await createDatabase(PRODUCTION);
    const role = `jobs_${production.name}`;
    await execute(
      production.url,
      `CREATE ROLE ${role} LOGIN PASSWORD 'jobs'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role};
       GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO ${role}; REVOKE SELECT ON t7 FROM ${role}`,
    );
    try {
      const url = urlOf(production.name, role, "jobs");
      const comparing = result({ production: url, local: production.url, jobs: 4 });
      const error = await comparing.catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(ExpectedError);
      expect(String(error)).toContain("public.t7");
      const left = await execute(
        production.url,
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rowpatch'",
      );
      expect(left).toEqual([]);
    } finally {
      await execute(production.url, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });
});
