import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { run } from "../cli/run.ts";
import { canDump, dumpTo } from "../support/dumps.ts";
import { createDatabase, execute, hasServer, testServer, urlOf } from "../support/postgres.ts";

const folder = mkdtempSync(join(tmpdir(), "rowpatch-shown-"));
afterAll(() => rmSync(folder, { recursive: true }));

const SQL =
  "CREATE TABLE film (id integer PRIMARY KEY, title text); SELECT lo_create(0); SELECT lo_create(0)";

describe.skipIf(!hasServer)("rowpatch inspect of a database and of its dump", () => {
  test("counts large objects and says that they are not compared", async () => {
    await using database = await createDatabase({ sql: SQL });
    const shown = /\n\nlarge objects are counted and not compared\n\n.*, 2 large objects\n$/;
    expect((await run(["inspect", database.url])).stdout).toMatch(shown);
    if (!(await canDump())) return;
    const dump = await dumpTo(join(folder, "large.dump"), database.url, "custom");
    expect((await run(["inspect", dump])).stdout).toMatch(shown);
  });

  test("a table, sequence or row security that it may not read: says what to grant", async () => {
    await using database = await createDatabase({
      sql: `CREATE TABLE "Closed" (id integer); CREATE TABLE "hidden" (id integer);
        ALTER TABLE hidden ENABLE ROW LEVEL SECURITY; GRANT SELECT ON hidden TO PUBLIC; CREATE SEQUENCE numbers`,
    });
    const role = `Shown ${process.pid}`;
    await execute(testServer().url, `CREATE ROLE "${role}" LOGIN PASSWORD 'x'`);
    try {
      const url = urlOf(database.name, role, "x");
      const inspected = async (): Promise<string> => {
        const { code, stdout, stderr } = await run(["inspect", url, "--quiet"]);
        expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
        return stderr;
      };
      expect(await inspected()).toContain(
        `counting the rows of public."Closed" failed: permission denied for table Closed (SQLSTATE 42501); the role needs a privilege: GRANT SELECT ON public."Closed" TO "${role}" (and USAGE on its schema)\n`,
      );
      await execute(database.url, `GRANT SELECT ON "Closed" TO PUBLIC`);
      expect(await inspected()).toMatch(/counting the rows of public\.hidden .* BYPASSRLS/);
      await execute(database.url, "DROP TABLE hidden");
      expect(await inspected()).toContain(
        `GRANT SELECT ON SEQUENCE "public"."numbers" TO "${role}"`,
      );
    } finally {
      await execute(testServer().url, `DROP ROLE "${role}"`);
    }
  });

  test("--dbml writes the same schema", async () => {
    await using database = await createDatabase({ sql: SQL });
    const live = await run(["inspect", database.url, "--dbml"]);
    expect(live.stdout).toContain('Table "film" {\n  "id" integer [pk]\n');
    if (!(await canDump())) return;
    const dump = await dumpTo(join(folder, "schema.sql"), database.url, "plain");
    expect((await run(["inspect", dump, "--dbml"])).stdout).toBe(live.stdout);
  });
});

describe("dumps of a SQL_ASCII database", () => {
  function write(name: string, encoding: string, bytes: string): string {
    const head = `SET client_encoding = '${encoding}';\nCREATE TABLE public.film (id integer PRIMARY KEY, title text);\nCOPY public.film (id, title) FROM stdin;\n1\t`;
    const parts = [Buffer.from(head), Buffer.from(bytes, "hex"), Buffer.from("\n\\.\n")];
    writeFileSync(join(folder, name), Buffer.concat(parts));
    return join(folder, name);
  }

  test.each([
    ["SQL_ASCII", "UTF8"],
    ["UTF8", "SQL_ASCII"],
  ])(
    "production %s and local %s: nothing tells what its bytes mean, and a finding says so",
    async (production, local) => {
      const sides = [write("p.sql", production, "c3a9"), write("l.sql", local, "c3a8")] as const;
      const argv = ["diff", "--production", sides[0], "--local", sides[1], "--json"];
      const { stdout } = await run(argv);
      expect(stdout).toContain('"encoding_unchecked"');
    },
  );
});
