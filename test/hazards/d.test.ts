/** Part D of the hazard catalogue: types, as far as the cases under test/cases do not show them. */
import { describe, expect, test } from "vitest";
import { createDatabase, execute, hasServer, psql } from "../support/postgres.ts";
import { find, scriptsOf } from "../support/scripts.ts";
import { applied, foundOf, proven, refused, runOn, settingOf } from "./setting.ts";

describe.skipIf(!hasServer).concurrent("D", () => {
  test("D4 D12: what = takes for equal is still a change", async () => {
    const found = await foundOf({
      production: `CREATE TABLE t (id int PRIMARY KEY, b box, c circle, p path, i interval);
        INSERT INTO t VALUES (1, '((0,0),(2,2))', '<(0,0),1>', '[(0,0),(1,1)]', '1 mon')`,
      edits:
        "UPDATE t SET b = '((0,0),(1,4))', c = '<(9,9),1>', p = '[(5,5),(7,7)]', i = '30 days'",
    });
    expect(found.lines).toEqual([expect.stringMatching(/"after":\{"b":.*"c":.*"p":.*"i":/)]);
  });

  test("D5 D6: guards on real, double precision and numeric find their rows", async () => {
    await using setting = await settingOf({
      production: `CREATE TABLE t (id int PRIMARY KEY, f real, d double precision, n numeric);
        INSERT INTO t VALUES (1, 0.1, 0.1, 1.0), (2, '-0', '-0', 1.00), (3, 'NaN', 'NaN', 'NaN'), (4, 'Infinity', '-Infinity', 1e-30)`,
      edits:
        "UPDATE t SET f = 0.2, d = 0.2, n = 1.00 WHERE id = 1; UPDATE t SET f = 0, d = 0, n = 1.0 WHERE id = 2; UPDATE t SET f = 1, d = 1, n = 1 WHERE id > 2;",
    });
    expect(await runOn(setting)).toMatchObject(applied);
    const drifts = [
      "f = 0.10000001 WHERE id = 1",
      "d = 0.30000000000000004 WHERE id = 1",
      "n = 1.000 WHERE id = 1",
      "f = 0 WHERE id = 2",
    ];
    for (const drift of drifts)
      expect(await runOn(setting, { before: `UPDATE t SET ${drift}` })).toMatchObject(
        refused(/not as reviewed|in place already/),
      );
  });

  test("D7: a value too long for production stops the script, and nothing is cut", async () => {
    await using production = await createDatabase(
      "CREATE TABLE t (id int PRIMARY KEY, v varchar(3), n numeric(4,1)); INSERT INTO t VALUES (1, 'abc', 1.5)",
    );
    for (const edit of ["v = 'abcdef'", "n = 1.25"]) {
      await using local = await createDatabase({
        template: production.name,
        sql: `ALTER TABLE t ALTER v TYPE varchar(9), ALTER n TYPE numeric(6,2); UPDATE t SET n = 1.5, v = 'abc'; UPDATE t SET ${edit};`,
      });
      await using files = await scriptsOf({ production: production.url, local: local.url });
      expect(files.found.findings).toContain("column_modifier");
      const run = await psql(production.url, { file: files.path("deploy") });
      expect(run).toMatchObject({ exitCode: 3 });
      expect(await execute(production.url, "SELECT v, n FROM t")).toEqual([["abc", "1.5"]]);
    }
  });

  test("D9 D29: normal forms, NULL and the empty string are different values and keys", async () => {
    await proven({
      production:
        "CREATE TABLE t (k text PRIMARY KEY, v text); INSERT INTO t VALUES (U&'\\00e9', NULL), (U&'e\\0301', ''), ('', 'x')",
      edits:
        "UPDATE t SET v = '' WHERE v IS NULL; UPDATE t SET v = NULL WHERE k = U&'e\\0301'; UPDATE t SET v = U&'e\\0301' WHERE k = '';",
    });
  });

  test("D10 D11 D18: a database with a zone, style and array setting of its own", async () => {
    await proven({
      production: `CREATE TABLE t (id timestamptz PRIMARY KEY, d date, a text[], i interval); INSERT INTO t VALUES ('2024-01-01 00:00+00', '2024-02-01', ARRAY['NULL', NULL], '-1 year 2 mons'), ('2024-10-27 00:30+00', 'infinity', '{}', '0');
        DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = ''Asia/Kathmandu''', current_database()); EXECUTE format('ALTER DATABASE %I SET datestyle = ''SQL, DMY''', current_database()); EXECUTE format('ALTER DATABASE %I SET array_nulls = off', current_database()); EXECUTE format('ALTER DATABASE %I SET intervalstyle = ''sql_standard''', current_database()); END $$`,
      edits:
        "SET datestyle = ISO; UPDATE t SET d = '2024-01-02', a = ARRAY[NULL, 'NULL', 'x'], i = '1 year -2 mons' WHERE id = '2024-01-01 00:00+00'; DELETE FROM t WHERE d = 'infinity'; INSERT INTO t VALUES ('2024-10-27 01:30+00', '2024-12-11', NULL, '1 day');",
    });
  });

  test("D17: NULL columns and every type through row, list and table statements", async () => {
    const edited = {
      production: `CREATE TABLE t (id int PRIMARY KEY, u uuid, j jsonb, n numeric, b bytea, a int[]); INSERT INTO t SELECT g, NULL, NULL, NULL, NULL, NULL FROM generate_series(1, 6) g`,
      edits: `UPDATE t SET u = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' WHERE id = 1; UPDATE t SET j = '{}' WHERE id = 2; UPDATE t SET n = 1.50, b = '\\x00', a = '{1,NULL}' WHERE id IN (3, 4);
        DELETE FROM t WHERE id = 5; INSERT INTO t VALUES (7, NULL, NULL, NULL, NULL, NULL), (8, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12', '[1]', 2, '', '{}');`,
    };
    for (const scripts of [{}, { bulkThreshold: 0 }, { bulkThreshold: 0, temporaryTables: false }])
      await proven({ ...edited, scripts });
  });

  test("D19 D21: types that are defined otherwise are named", async () => {
    const production = `CREATE TYPE p AS (x int, y text); CREATE DOMAIN d AS int CHECK (VALUE > 0); CREATE DOMAIN e AS text;
      CREATE TABLE t (id int PRIMARY KEY, p p, ps p[], d d, e e); INSERT INTO t VALUES (1, '(1,a)', NULL, 1, 'x')`;
    const found = await foundOf({
      production,
      edits:
        "ALTER TYPE p ADD ATTRIBUTE z int; ALTER DOMAIN d DROP CONSTRAINT d_check; UPDATE t SET d = -1, e = 'y'",
    });
    expect(found).toMatchObject({
      blocked: true,
      findings: ["type_checks_differ", "type_differs"],
    });
    expect(found.messages.join("\n")).toMatch(
      /public\.t\.p: type public\.p is \(x integer, y text\) in production and \(x integer, y text, z integer\) in local/,
    );
    expect(found.messages.join("\n")).toMatch(
      /public\.d demands CHECK \(\(VALUE > 0\)\) in production and nothing in local/,
    );
  });

  test("D22: labels that production lacks are found in values, arrays and composites", async () => {
    const production = `CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE pair AS (x int, m mood); CREATE DOMAIN moods AS mood[];
      CREATE TABLE t (id int PRIMARY KEY, m mood, ms moods, p pair, plain text); INSERT INTO t VALUES (1, 'sad', '{sad}', '(1,sad)', 'x'), (2, 'ok', NULL, NULL, 'x');`;
    await using local = await createDatabase(production);
    await using other = await createDatabase(production);
    await execute(local.url, "ALTER TYPE mood ADD VALUE 'new, one'");
    const sides = { production: other.url, local: local.url };
    await execute(local.url, "UPDATE t SET plain = 'new, one' WHERE id = 1");
    expect(await find(sides)).toMatchObject({ blocked: false, findings: [] });
    await execute(
      local.url,
      "UPDATE t SET m = 'new, one' WHERE id = 2; UPDATE t SET ms = ARRAY['ok', 'new, one']::mood[], p = ROW(1, 'new, one') WHERE id = 1; INSERT INTO t VALUES (3, 'new, one', NULL, NULL, '')",
    );
    const found = await find(sides);
    expect(found).toMatchObject({ blocked: true, findings: ["enum_label_missing"] });
    expect(found.messages).toEqual([
      expect.stringMatching(/^production is live/),
      expect.stringMatching(/public\.t\.m takes labels .* \("new, one"\) in 2 rows/),
      expect.stringMatching(/public\.t\.ms .* in 1 row/),
      expect.stringMatching(/public\.t\.p .* in 1 row/),
    ]);
  });

  test("D25 D27: names of objects travel qualified, values of one cluster are warned of", async () => {
    await using setting = await settingOf({
      production:
        "CREATE SCHEMA s; CREATE TABLE s.x (); CREATE TABLE t (id int PRIMARY KEY, r regclass, l pg_lsn, x xid); INSERT INTO t VALUES (1, 'pg_class', '0/1', '5')",
      edits: "UPDATE t SET r = 's.x', l = '0/2', x = '7'",
    });
    expect(setting.found).toMatchObject({ blocked: false, findings: ["cluster_values"] });
    expect(await setting.text("deploy")).toContain(`'s.x'`);
    expect(await runOn(setting)).toMatchObject(applied);
    expect(await runOn(setting, { before: "DROP TABLE s.x" })).toMatchObject(
      refused(/does not exist/),
    );
  });

  test("D30: statements find their rows by index", async () => {
    await using setting = await settingOf({
      production: `CREATE TABLE b (id bigint PRIMARY KEY, v text); INSERT INTO b SELECT g, 'v' FROM generate_series(1, 5000) g;
        CREATE TABLE n (id numeric PRIMARY KEY, v text); INSERT INTO n SELECT g, 'v' FROM generate_series(1, 5000) g;
        CREATE TABLE c (a varchar(20), k uuid, v text, PRIMARY KEY (a, k)); INSERT INTO c SELECT g, md5(g::text)::uuid, 'v' FROM generate_series(1, 5000) g; ANALYZE;`,
      edits:
        "UPDATE b SET v = 'w' WHERE id = 77; DELETE FROM n WHERE id = 77; UPDATE n SET v = 'w' WHERE id = 78; DELETE FROM c WHERE a = '77'; UPDATE c SET v = 'w' WHERE a = '78'",
    });
    const statements = (await setting.text("deploy")).match(/^(UPDATE|DELETE) .*;$/gm) ?? [];
    expect(statements).toHaveLength(5);
    for (const statement of statements) {
      const plan = await execute(setting.production.url, `EXPLAIN (COSTS OFF) ${statement}`);
      expect(plan.flat().join("\n")).toMatch(/Index Scan/);
      expect(plan.flat().join("\n")).not.toMatch(/Seq Scan/);
    }
  });

  test("D31: collations whose version moved are warned of", async () => {
    await using production =
      await createDatabase(`CREATE COLLATION moved (provider = icu, locale = 'de', version = '1.0');
      CREATE COLLATION indexed (provider = icu, locale = 'de', version = '1.1');
      CREATE COLLATION elsewhere (provider = icu, locale = 'de', version = '1.2');
      CREATE TABLE t (id int PRIMARY KEY, v text COLLATE moved); INSERT INTO t VALUES (1, 'a');
      CREATE INDEX ON t ((lower(v) COLLATE indexed))`);
    await using local = await createDatabase({
      template: production.name,
      sql: "UPDATE t SET v = 'b'",
    });
    const found = await find({ production: production.url, local: local.url });
    expect(found.findings).toEqual(["collation_version"]);
    const messages = found.messages.filter((text) => text.includes("collation"));
    expect(messages).toEqual([
      expect.stringContaining("indexed, moved"),
      expect.stringContaining("indexed, moved"),
    ]);
    expect(messages.join()).not.toContain("elsewhere");
  });

  test("A3: generated expressions that differ are named", async () => {
    await using production = await createDatabase(
      "CREATE TABLE t (a int PRIMARY KEY, v int, b int GENERATED ALWAYS AS (a * 2) STORED); INSERT INTO t VALUES (1, 1)",
    );
    await using local = await createDatabase(
      "CREATE TABLE t (a int PRIMARY KEY, v int, b int GENERATED ALWAYS AS (a * 3) STORED); INSERT INTO t VALUES (1, 2)",
    );
    const found = await find({ production: production.url, local: local.url });
    expect(found.findings).toEqual(["column_not_compared", "generated_differs"]);
  });
});
