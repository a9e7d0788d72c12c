/**
 * Checks of foreign keys in deploy.sql that must not be in the way of what PostgreSQL would take.
 */
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { rowsOf, stateOf } from "../support/content.ts";
import { createDatabase, execute, hasServer, psql } from "../support/postgres.ts";
import { driftedCopy, settingOf } from "../support/setting.ts";

const DONE = { exitCode: 0, stderr: "" };

describe.skipIf(!hasServer)("checks of foreign keys", { timeout: 120_000 }, () => {
  test("rows of more than one portion refer to each other", async () => {
    await using setting = await settingOf(
      {
        production: `CREATE TABLE node (id int PRIMARY KEY, up int REFERENCES node, v text);
          INSERT INTO node SELECT g, nullif(g - 1, 0), 'old' FROM generate_series(1, 700) g;`,
        edits: `DELETE FROM node; INSERT INTO node SELECT g, nullif(g - 1, 1000), 'new' FROM generate_series(1001, 1700) g;`,
      },
      {},
      { bulkThreshold: 1000 },
    );
    const { url } = setting.production;
    const original = await rowsOf(url);
    for (const script of ["preflight", "deploy", "verify", "revert"] as const)
      expect(await psql(url, { file: setting.files.path(script) }), script).toMatchObject(DONE);
    expect(await rowsOf(url)).toEqual(original);
    await execute(url, "UPDATE node SET v = 'other' WHERE id = 450");
    const { exitCode, stderr } = await psql(url, { file: setting.files.path("deploy") });
    expect(exitCode).toBe(3);
    // Its parent is deleted in the same portion of rows.
    expect(stderr).toMatch(/not as reviewed, \d+ rows?:\n {2}public\.node id=/);
  });

  test("a role that may not read the parents or the children deploys all the same", async () => {
    await using setting = await settingOf({
      production: `CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p);
        CREATE TABLE d (id int PRIMARY KEY, c int REFERENCES c); INSERT INTO p VALUES (1); INSERT INTO c VALUES (1, 1);`,
      edits: "DELETE FROM c; INSERT INTO c VALUES (2, 1);",
    });
    const { url } = setting.production;
    const role = `writer_${setting.production.name}`;
    await execute(
      url,
      `CREATE ROLE "${role}"; GRANT SELECT, INSERT, UPDATE, DELETE ON c TO "${role}"`,
    );
    try {
      const text = await readFile(setting.files.path("deploy"), "utf8");
      expect(text.match(/^DO \$foreign_keys\$/gm)).toHaveLength(2);
      const env = { PGOPTIONS: `-c role=${role}` };
      const run = await psql(url, { file: setting.files.path("deploy"), env });
      expect(run).toMatchObject(DONE);
      await execute(
        url,
        "DELETE FROM c; DELETE FROM p; INSERT INTO p VALUES (3); INSERT INTO c VALUES (1, 3)",
      );
      await execute(url, "INSERT INTO d VALUES (1, 1)");
      const before = await stateOf(url);
      const again = await psql(url, { file: setting.files.path("deploy"), env });
      expect(again).toMatchObject({
        exitCode: 3,
        stderr: expect.stringContaining('violates foreign key constraint "c_p_fkey"'),
      });
      expect(await stateOf(url)).toEqual(before);
    } finally {
      await execute(url, `DROP OWNED BY "${role}"; DROP ROLE "${role}"`);
    }
  });

  test("a foreign key between columns of other collations or types is asked about as far as may be", async () => {
    await using setting = await settingOf({
      production: `CREATE TABLE p (code text COLLATE "C" PRIMARY KEY, n int UNIQUE, b bigint UNIQUE, t text UNIQUE);
        INSERT INTO p SELECT 'c' || g, g, g, 't' || g FROM generate_series(1, 9) g;
        CREATE TABLE now (id int PRIMARY KEY, code text COLLATE "POSIX" REFERENCES p);
        CREATE TABLE late (id int PRIMARY KEY, code text COLLATE "POSIX" REFERENCES p DEFERRABLE INITIALLY DEFERRED);
        CREATE TABLE wide (id int PRIMARY KEY, n bigint REFERENCES p (n));
        CREATE TABLE small (id int PRIMARY KEY, b smallint REFERENCES p (b));
        CREATE TABLE padded (id int PRIMARY KEY, t varchar(9) REFERENCES p (t));
        INSERT INTO now VALUES (1, 'c1'); INSERT INTO late VALUES (1, 'c1');`,
      edits: `INSERT INTO now VALUES (2, 'c2'); INSERT INTO late VALUES (2, 'c2'); INSERT INTO wide VALUES (1, 3);
        INSERT INTO small VALUES (1, 4); INSERT INTO padded VALUES (1, 't5'); DELETE FROM now WHERE id = 1; DELETE FROM late WHERE id = 1;
        UPDATE p SET n = 11, b = 11, t = 't11' WHERE code = 'c9'; DELETE FROM p WHERE code = 'c1';`,
    });
    const { url } = setting.production;
    const original = await rowsOf(url);
    for (const script of ["preflight", "deploy", "verify", "revert"] as const)
      expect(await psql(url, { file: setting.files.path(script) }), script).toMatchObject(DONE);
    expect(await rowsOf(url)).toEqual(original);
    for (const [since, row] of [
      ["INSERT INTO wide VALUES (7, 1)", "public.p code=c1: public.wide id=7 refers to it"],
      ["INSERT INTO small VALUES (7, 1)", "public.p code=c1: public.small id=7 refers to it"],
      ["INSERT INTO padded VALUES (7, 't9')", "public.p code=c9: public.padded id=7 refers to it"],
      ["DELETE FROM p WHERE n = 3", "public.wide id=1 would refer to public.p n=3, which"],
      ["DELETE FROM p WHERE n = 5", "public.padded id=1 would refer to public.p t=t5, which"],
    ] as const) {
      await using copy = await driftedCopy(setting, since);
      const { stderr } = await psql(copy.url, { file: setting.files.path("deploy") });
      expect(stderr).toContain(row);
    }
  });

  test("values that only PostgreSQL's casts make equal are left to it", async () => {
    await using setting = await settingOf({
      production: `CREATE TABLE p (code char(5) PRIMARY KEY, f real UNIQUE); INSERT INTO p VALUES ('ab', 0.1), ('cd', 0.2);
        CREATE TABLE c (id int PRIMARY KEY, code text REFERENCES p); CREATE TABLE d (id int PRIMARY KEY, f numeric REFERENCES p (f));
        CREATE TABLE e (id int PRIMARY KEY, f numeric REFERENCES p (f) DEFERRABLE INITIALLY DEFERRED);`,
      edits:
        "INSERT INTO c VALUES (1, 'ab '); INSERT INTO d VALUES (1, 0.1); INSERT INTO e VALUES (1, 0.2)",
    });
    for (const script of ["preflight", "deploy", "verify", "revert"] as const)
      expect(
        await psql(setting.production.url, { file: setting.files.path(script) }),
        script,
      ).toMatchObject(DONE);
  });

  const afterwards = [
    {
      does: "brings the parent",
      event: "INSERT ON c",
      body: "INSERT INTO public.p VALUES (new.p) ON CONFLICT DO NOTHING",
      writes: "public.p",
      edits: "INSERT INTO c VALUES (1, 3)",
      since: "DELETE FROM p WHERE id = 3",
    },
    {
      does: "takes the child",
      event: "DELETE ON p",
      body: "DELETE FROM public.c WHERE p = old.id",
      writes: "public.c",
      edits: "DELETE FROM p WHERE id = 2",
      since: "INSERT INTO c VALUES (7, 2)",
    },
  ];
  test.each(afterwards)(
    "a trigger that $does before PostgreSQL asks is left alone",
    async ({ event, body, writes, edits, since }) => {
      // Triggers of one event fire by name: this one before those of foreign keys.
      const production = `CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p);
      INSERT INTO p VALUES (2), (3);
      CREATE FUNCTION mend() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN ${body}; RETURN NULL; END$$;
      CREATE TRIGGER "A_mend" AFTER ${event} FOR EACH ROW EXECUTE FUNCTION mend();`;
      await using setting = await settingOf(
        { production, edits },
        { triggers: "fire" },
        { triggerWrites: [writes] },
      );
      await using copy = await driftedCopy(setting, since);
      const run = await psql(copy.url, { file: setting.files.path("deploy") });
      expect(run).toMatchObject({ exitCode: 0, stderr: "" });
    },
  );

  test("a trigger that brings the parent of a row is left alone", async () => {
    const setup = `CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p);
      INSERT INTO p VALUES (1);
      CREATE FUNCTION bring() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO public.p VALUES (new.p) ON CONFLICT DO NOTHING; RETURN new; END$$;
      CREATE TRIGGER bring BEFORE INSERT ON c FOR EACH ROW EXECUTE FUNCTION bring();`;
    await using setting = await settingOf(
      { production: setup, edits: "INSERT INTO c VALUES (1, 1)" },
      { triggers: "fire" },
    );
    await using copy = await driftedCopy(setting, "DELETE FROM p");
    const run = await psql(copy.url, { file: setting.files.path("deploy") });
    // It writes elsewhere, which nobody has reviewed here; the reference is no obstacle.
    expect(run.stderr).toContain("the effects are not those reviewed");
  });

  test("revert names rows that came after the deploy", async () => {
    await using setting = await settingOf({
      production: `CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p);
        INSERT INTO p VALUES (1), (2); INSERT INTO c VALUES (1, 1);`,
      edits: "DELETE FROM c; INSERT INTO p VALUES (9);",
    });
    const said: readonly (readonly [string, string])[] = [
      ["INSERT INTO c VALUES (7, 9)", "public.p id=9: public.c id=7 refers to it (c_p_fkey)"],
      [
        "DELETE FROM p WHERE id = 1",
        "public.c id=1 would refer to public.p id=1, which does not exist (c_p_fkey)",
      ],
    ];
    for (const [since, row] of said) {
      await using copy = await createDatabase({ template: setting.production.name });
      const run = (script: "deploy" | "revert") =>
        psql(copy.url, { file: setting.files.path(script) });
      expect(await run("deploy")).toMatchObject(DONE);
      await execute(copy.url, since);
      const before = await stateOf(copy.url);
      const { exitCode, stderr } = await run("revert");
      expect(stderr).toContain(
        `production is not as the deploy left it, 1 row:\n  ${row}\nHINT:  Nothing was changed. Others have`,
      );
      expect(stderr).not.toMatch(/preflight|CONTEXT/);
      expect(exitCode).toBe(3);
      expect(await stateOf(copy.url)).toEqual(before);
    }
  });
});
