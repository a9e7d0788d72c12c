import { writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { hasServer, type TestDatabase } from "../support/postgres.ts";
import { run } from "./run.ts";
import { createLocal, type Folder, makeFolder, PRODUCTION } from "./shop.ts";

let folder: Folder;
beforeEach(() => {
  folder = makeFolder();
});
afterEach(() => {
  expect(folder.left().filter((name) => name.startsWith("temporary"))).toEqual([]);
  folder.remove();
});

describe("rowpatch diff of two dumps", () => {
  test("equal sides are 0, and both are named", async () => {
    const argv = ["diff", "--production", PRODUCTION, "--local", PRODUCTION];
    const ran = await run(argv, { env: folder.env });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toBe("");
    expect(ran.stdout).toMatch(/^production {2}.*production\.sql, PostgreSQL 15\..*\nlocal {7}/);
    expect(ran.stdout).toContain("\nno differences in 8 tables\n");
  });

  test("shows no progress where nobody looks, and some at once on a terminal", async () => {
    const argv = ["diff", "--production", PRODUCTION, "--local", PRODUCTION];
    const seen: string[] = [];
    const onStderr = (text: string) => seen.push(text);
    await run(argv, { env: folder.env, terminal: true, onStderr });
    expect(seen.join("")).toMatch(/^[^\n]*opening both sides[^\n]*\u001b\[2K$/);
    for (const flag of ["--quiet", "--json"]) {
      const without = await run([...argv, flag], { env: folder.env, terminal: true });
      expect(without.stderr).toBe("");
    }
  });

  test("colours only on a terminal that wants them", async () => {
    const argv = ["diff", "--production", PRODUCTION, "--local", PRODUCTION];
    const colours = async (flags: readonly string[], env: object, terminal: boolean) =>
      (
        await run([...argv, ...flags], { env: { ...folder.env, ...env }, terminal })
      ).stdout.includes("\u001b[");
    expect(await colours([], {}, true)).toBe(true);
    expect(await colours([], {}, false)).toBe(false);
    expect(await colours(["--no-color"], {}, true)).toBe(false);
    expect(await colours([], { NO_COLOR: "1" }, true)).toBe(false);
  });
});

describe.skipIf(!hasServer)("rowpatch diff", () => {
  let local: TestDatabase;
  beforeAll(async () => {
    local = await createLocal();
  });
  afterAll(() => local[Symbol.asyncDispose]());

  const diff = (...flags: readonly string[]) =>
    run(["diff", "--production", PRODUCTION, "--local", local.url, ...flags], { env: folder.env });

  test("shows counts, and what script would ask", async () => {
    const ran = await diff();
    expect(ran.code).toBe(1);
    expect(ran.stderr).toBe("");
    expect(ran.stdout).toContain(`
table                 key             insert  update  delete  withheld
public.category       id                   1       -       -         -
public.customer       id                   -       2       -         -
public.order_item     order_id, line       3       -       3         -
public.orders         id                   1       -       1         -
public.page           slug                 1       1       1         -
public.product        id                   2       6       -         -
public.review         id                   -       -       2         -
public.shipping_zone  code                 1       1       -         -

8 of 8 tables differ: 9 inserts, 10 updates, 7 deletes

blocking
`);
    expect(ran.stdout.indexOf("\nblocking\n")).toBeLessThan(ran.stdout.indexOf("\nnotice\n"));
  });

  test("with answers, shows what script would write", async () => {
    const ran = await diff("--deletes", "withhold", "--triggers", "disable");
    expect(ran.stdout).not.toContain("\nblocking\n");
    expect(ran.stdout).toContain(
      "8 of 8 tables differ: 9 inserts, 10 updates, 0 deletes, 7 withheld",
    );
    expect(ran.code).toBe(1);
  });

  test("compares what is included and not excluded", async () => {
    const ran = await diff("--include", "public.p*", "--exclude", "page");
    expect(ran.stdout).toContain("1 of 1 table differs: 2 inserts, 6 updates, 0 deletes");
    expect(ran.stdout).toMatch(/^public\.product /m);
    expect(ran.stdout).not.toMatch(/^public\.page /m);
    expect(ran.stdout).toContain("table public.page was not compared: --exclude names it");
  });

  test("--json is the summary", async () => {
    const ran = await diff("--json");
    expect(ran.code).toBe(1);
    const summary = JSON.parse(ran.stdout);
    expect(Object.keys(summary)).toEqual([
      "format",
      "version",
      "madeBy",
      "madeAt",
      "production",
      "local",
      "totals",
      "tables",
      "sequences",
      "findings",
    ]);
    expect(summary).toMatchObject({
      format: "rowpatch.summary",
      version: 1,
      production: { kind: "dump", sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      local: { kind: "database" },
      totals: { compared: 8, changed: 8, counts: { insert: 9, update: 10, delete: 7 } },
    });
    expect(summary.tables[0]).toEqual({
      table: { schema: "public", name: "category" },
      key: ["id"],
      rows: { production: 12, local: 13 },
      counts: { insert: 1, update: 0, delete: 0 },
      withheld: { insert: 0, update: 0, delete: 0 },
    });
    expect(summary.findings[0].severity).toBe("blocking");
  });

  test("--where compares a part of a table, where both sides are live", async () => {
    const argv = ["diff", "--production", local.url, "--local", local.url, "--json"];
    const ran = await run([...argv, "--where", "public.page=slug < 'b'"], { env: folder.env });
    expect(ran.code).toBe(0);
    const rows = JSON.parse(ran.stdout).tables.map(
      (table: { table: { name: string }; rows: object }) => [table.table.name, table.rows],
    );
    expect(rows).toContainEqual(["page", { production: 2, local: 2 }]);
  });
});

describe("rowpatch inspect", () => {
  test("shows tables, keys and rows of a dump", async () => {
    const ran = await run(["inspect", PRODUCTION], { env: folder.env });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain("public.order_item     order_id, line          6   161   2436\n");
    expect(ran.stdout).toMatch(/\n8 tables, 4 sequences, 0 large objects\n$/);
  });

  test("a hostile name reaches the terminal without its control characters", async () => {
    const sql = 'CREATE TABLE public."a\u001b[31m\nb" (id int);\n';
    writeFileSync(folder.at("x.sql"), sql);
    const ran = await run(["inspect", folder.at("x.sql")], { env: folder.env });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('public."a [31m b"');
    expect(ran.stdout).not.toContain("\u001b");
  });

  test.skipIf(!hasServer)("a database shows the same as its dump", async () => {
    await using database = await createLocal();
    const ran = await run(["inspect", database.url, "--json"], { env: folder.env });
    const inspection = JSON.parse(ran.stdout);
    expect(inspection).toMatchObject({ format: "rowpatch.inspection", version: 1 });
    expect(inspection.tables.map(({ rows }: { rows: number }) => rows)).toEqual([
      13, 30, 161, 80, 4, 25, 22, 4,
    ]);
  });
});
