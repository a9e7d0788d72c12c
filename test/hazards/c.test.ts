/** Part C of the hazard catalogue: kinds of relations. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readCatalog } from "../../src/catalog/snapshot.ts";
import { lockedRelations } from "../../src/changeset/review/server.ts";
import { finding } from "../../src/findings.ts";
import { openDatabase } from "../../src/sources/database.ts";
import { dumpTo } from "../support/dumps.ts";
import { createDatabase, hasServer } from "../support/postgres.ts";
import { find } from "../support/scripts.ts";
import { applied, foundOf, proven, refused, runOn, settingOf } from "./setting.ts";

describe.skipIf(!hasServer).concurrent("C", () => {
  test("C1: leaf layouts may differ between the sides", async () => {
    await using production = await createDatabase(`
      CREATE TABLE t (id int, k int, v text, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
      CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); CREATE TABLE t2 PARTITION OF t FOR VALUES IN (2);
      INSERT INTO t VALUES (1, 1, 'a'), (2, 2, 'b')`);
    await using local = await createDatabase(`
      CREATE TABLE t (id int, k int, v text, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
      CREATE TABLE t_all PARTITION OF t DEFAULT;
      INSERT INTO t VALUES (1, 1, 'a'), (2, 2, 'B')`);
    expect(await find({ production: production.url, local: local.url })).toMatchObject({
      changes: { "public.t": { update: 1 } },
      findings: [],
    });
  });

  test("C2: rows without a partition in production are counted, live", async () => {
    const sql = `
      CREATE TABLE r (id int, at timestamptz, kind text, PRIMARY KEY (id, at, kind)) PARTITION BY RANGE (at);
      CREATE TABLE r_23 PARTITION OF r FOR VALUES FROM ('2023-01-01 00:00+00') TO ('2024-01-01 00:00+00');
      CREATE TABLE r_24 PARTITION OF r FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2025-01-01 00:00+00') PARTITION BY LIST (kind);
      CREATE TABLE r_24_a PARTITION OF r_24 FOR VALUES IN ('a''"b');
      CREATE TABLE h (id int PRIMARY KEY, v text) PARTITION BY HASH (id);
      CREATE TABLE h_0 PARTITION OF h FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE h_1 PARTITION OF h FOR VALUES WITH (MODULUS 2, REMAINDER 1);
      CREATE TABLE d (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE d_rest PARTITION OF d DEFAULT;
      CREATE TABLE none (id int PRIMARY KEY) PARTITION BY RANGE (id);
      INSERT INTO r VALUES (1, '2023-06-01', 'x');`;
    const edits = `
      CREATE TABLE r_25 PARTITION OF r DEFAULT; CREATE TABLE r_24_rest PARTITION OF r_24 DEFAULT; CREATE TABLE none_all PARTITION OF none DEFAULT;
      INSERT INTO r VALUES (2, '2023-12-31 23:59:59.999999+00', 'fits'), (3, '2025-01-01 00:00+00', 'late'), (4, '2024-05-05', 'a''"b'), (5, '2024-05-05', 'b');
      INSERT INTO h VALUES (1, 'a'), (2, 'b'); INSERT INTO d VALUES (7); INSERT INTO none VALUES (1), (2);`;
    await using setting = await settingOf({ production: sql, edits });
    const missing = setting.found.messages.filter((message) =>
      message.includes("no partition for"),
    );
    expect(missing).toEqual([
      expect.stringMatching(/public\."?none"?: production has no partition for 2 rows/),
      expect.stringMatching(/public\.r: production has no partition for 2 rows \(the first: at=/),
    ]);
    expect(setting.found.blocked).toBe(true);
    expect(await runOn(setting)).toMatchObject(refused(/no partition of relation/));
  });

  test("C2: of a dump, partitions that only local has are named", async () => {
    const directory = await mkdtemp(join(tmpdir(), "rowpatch-c2-"));
    try {
      await using production = await createDatabase(
        "CREATE TABLE t (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (0) TO (10); INSERT INTO t VALUES (1)",
      );
      await using local = await createDatabase({
        template: production.name,
        sql: "CREATE TABLE t_2 PARTITION OF t FOR VALUES FROM (10) TO (20); INSERT INTO t VALUES (11)",
      });
      const path = await dumpTo(join(directory, "production"), production.url, "custom");
      const found = await find({ production: path, local: local.url });
      expect(found.findings).toEqual(["partition_only_local"]);
      expect(found.messages.join("\n")).toContain("public.t_2");
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test("C4: only tables are written; views that go stale are named, foreign tables left out", async () => {
    const found = await foundOf({
      production: `CREATE TABLE b (id int PRIMARY KEY, o text); INSERT INTO b VALUES (1, 'a'), (2, 'b');
        CREATE VIEW v AS SELECT * FROM b WHERE o = 'a'; CREATE MATERIALIZED VIEW m AS SELECT * FROM b;
        CREATE EXTENSION file_fdw; CREATE SERVER s FOREIGN DATA WRAPPER file_fdw;
        CREATE FOREIGN TABLE f (id int) SERVER s OPTIONS (filename '/nowhere');
        CREATE TABLE p (id int) PARTITION BY RANGE (id); CREATE FOREIGN TABLE p_1 PARTITION OF p FOR VALUES FROM (0) TO (9) SERVER s OPTIONS (filename '/nowhere');`,
      edits: "UPDATE v SET o = 'zzz'",
    });
    expect(found).toMatchObject({
      changes: { "public.b": { update: 1 } },
      findings: ["materialized_views", "not_compared"],
      blocked: false,
    });
    expect(found.messages.join("\n")).toMatch(/public\.m/);
    expect(found.messages.join("\n")).toMatch(/public\.p was not compared/);
  });

  test("C5: a temporary table of the same name is not taken for the real one", async () => {
    await using setting = await settingOf({
      production:
        "CREATE TABLE users (id int PRIMARY KEY, v text); INSERT INTO users VALUES (1, 'a'), (2, 'b')",
      edits: "UPDATE users SET v = 'A' WHERE id = 1; DELETE FROM users WHERE id = 2",
      scripts: { bulkThreshold: 0 },
    });
    const run = await runOn(setting, {
      sql: `CREATE TEMP TABLE users (id int PRIMARY KEY, v text);\nCREATE TEMP TABLE now (x int);\nINSERT INTO users VALUES (1, 'a'), (2, 'b');\n\\i ${setting.files.path("deploy")}\nSELECT count(*) FROM pg_temp.users WHERE v IN ('a', 'b');\n`,
      look: "SELECT string_agg(id || v, ',') FROM users",
    });
    expect(run).toMatchObject({ exitCode: 0, stderr: "", seen: ["1A"] });
    expect(run.stdout).toMatch(/: 2 rows changed\n2\n$/);
  });

  test("C6 C7: rows without key or columns are counted and withheld", async () => {
    const found = await foundOf({
      production:
        "CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'd'), (1, 'd'), (1, 'd'); CREATE TABLE z (); INSERT INTO z DEFAULT VALUES; INSERT INTO z DEFAULT VALUES;",
      edits: "DELETE FROM t WHERE ctid = '(0,1)'; INSERT INTO z DEFAULT VALUES;",
    });
    expect(found.changes).toEqual({});
    expect(found.withheld).toEqual({ "public.t": { delete: 1 }, "public.z": { insert: 1 } });
    expect(found.findings).toEqual(["no_key"]);
  });

  test("C8 C9: columns are matched by name; NULLs that production refuses and its defaults are named", async () => {
    await using production = await createDatabase(`
      CREATE TABLE t (a text, gone int, id int PRIMARY KEY, b text); ALTER TABLE t DROP gone; ALTER TABLE t ADD late timestamptz DEFAULT now();
      INSERT INTO t VALUES ('1', 1, '2', '2020-01-01'); CREATE TABLE n (id int PRIMARY KEY, req text NOT NULL); INSERT INTO n VALUES (1, 'x'), (2, 'y');`);
    await using local = await createDatabase(`
      CREATE TABLE t (b text, a text, id int PRIMARY KEY); INSERT INTO t VALUES ('2', 'changed', 1), ('b', 'a', 2);
      CREATE TABLE n (id int PRIMARY KEY, req text); INSERT INTO n VALUES (1, NULL), (2, 'z'), (3, NULL);`);
    const found = await find({ production: production.url, local: local.url });
    expect(found.lines).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/"key":\{"id":"1"\},"before":\{"a":"1"\},"after":\{"a":"changed"\}/),
      ]),
    );
    expect(found.findings).toEqual(["column_default", "column_missing", "null_refused"]);
    expect(found.messages.join("\n")).toMatch(/public\.n\.req becomes NULL in 2 rows/);
    expect(found.messages.join("\n")).toMatch(/takes? its default now\(\)/);
    expect(found.blocked).toBe(true);
  });

  test("C10: numbers of large objects are refused, other oids are warned of", async () => {
    const production =
      "CREATE TABLE t (id int PRIMARY KEY, o oid); INSERT INTO t VALUES (1, 999999);";
    const plain = await foundOf({ production, edits: "UPDATE t SET o = 7" });
    expect(plain).toMatchObject({ blocked: false, findings: ["cluster_values"] });
    const large = await foundOf({
      production,
      edits: "UPDATE t SET o = lo_from_bytea(0, '\\x01')",
    });
    expect(large).toMatchObject({
      blocked: true,
      findings: ["large_object_column", "large_objects"],
    });
  });

  test("C11: tables, partitions and their indexes are counted as locks", async () => {
    await using production = await createDatabase(`
      CREATE TABLE t (id int PRIMARY KEY, v text UNIQUE); CREATE TABLE other (id int PRIMARY KEY);
      CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);
      CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (id);
      CREATE TABLE p_1_1 PARTITION OF p_1 FOR VALUES FROM (0) TO (5); CREATE TABLE p_2 PARTITION OF p DEFAULT;`);
    await using source = await openDatabase(production.url, { env: process.env });
    const catalog = await readCatalog(source);
    const names = ["t", "p"].map((name) => ({ schema: "public", name }));
    expect(lockedRelations(catalog, names)).toBe(3 + 4 * 2);
    expect(finding({ code: "many_locks", relations: 4000, slots: 6400 })).toMatchObject({
      severity: "warning",
      message: expect.stringContaining("raise max_locks_per_transaction"),
    });
  });

  test("C3: a key that stands in parent and child is changed in one of them only", async () => {
    const { deploy } = await proven({
      production: `CREATE TABLE p (id int PRIMARY KEY, v text); CREATE TABLE c (PRIMARY KEY (id)) INHERITS (p);
        INSERT INTO p VALUES (1, 'p'), (2, 'p'); INSERT INTO c VALUES (1, 'c'), (2, 'c');`,
      edits:
        "UPDATE ONLY p SET v = 'x' WHERE id = 1; DELETE FROM ONLY p WHERE id = 2; UPDATE c SET v = 'y' WHERE id = 2;",
    });
    expect(deploy).toMatch(/UPDATE ONLY "public"\."p"/);
    expect(deploy).toMatch(/DELETE FROM ONLY "public"\."p"/);
  });

  test("C2: rows that fit are applied", async () => {
    await using setting = await settingOf({
      production:
        "CREATE TABLE t (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (0) TO (10);",
      edits: "INSERT INTO t VALUES (3)",
    });
    expect(setting.found.findings).toEqual([]);
    expect(await runOn(setting)).toMatchObject(applied);
  });
});
