import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { changedTables } from "../../src/rehearse/fingerprint.ts";
import { holdState } from "../../src/rehearse/held-state.ts";
import { watchRows } from "../../src/rehearse/row-watch.ts";
import { connectTo, type ScratchConnection } from "../../src/rehearse/scratch/server.ts";
import { preflightCounts } from "../../src/rehearse/steps/preflight.ts";
import { parseConnectionString } from "../../src/sources/connection/string.ts";
import { createDatabase, execute, hasServer, type TestDatabase } from "../support/postgres.ts";

const TABLES = `CREATE TABLE parent (id int PRIMARY KEY, name text, amount float8);
  CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent);
  INSERT INTO parent SELECT n, 'parent ' || n, n / 3.0 FROM generate_series(1, 5) AS n;
  INSERT INTO child VALUES (1, 1), (2, 2)`;

describe.skipIf(!hasServer)("rows that were written", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database[Symbol.asyncDispose]());

  const connect = (): Promise<ScratchConnection> =>
    connectTo({ parameters: parseConnectionString(database.url), env: process.env });

  interface Case {
    readonly what: string;
    readonly run: string;
    readonly changed: readonly string[];
    /** Of parent: rows written whose values are as before; nothing where they are not, or nobody can tell. */
    readonly rewritten?: number | undefined;
  }
  const there = "UPDATE parent SET name = 'x' WHERE id < 3";
  const cases: readonly Case[] = [
    { what: "nothing", run: "SELECT 1", changed: [], rewritten: 0 },
    { what: "rolled back", run: `BEGIN; ${there}; ROLLBACK`, changed: [], rewritten: 0 },
    { what: "changed", run: there, changed: ["parent"] },
    { what: "deleted", run: "DELETE FROM parent WHERE id = 5", changed: ["parent"] },
    { what: "inserted", run: "INSERT INTO parent VALUES (6, 'x', 1)", changed: ["parent"] },
    {
      what: "one deleted, another inserted",
      run: "DELETE FROM parent WHERE id = 5; INSERT INTO parent VALUES (6, 'x', 1)",
      changed: ["parent"],
    },
    {
      what: "changed and changed back",
      run: `${there}; UPDATE parent SET name = 'parent ' || id WHERE id < 3`,
      changed: ["parent"],
      rewritten: 2,
    },
    {
      what: "a float changed in its last digit",
      run: "UPDATE parent SET amount = amount + 1e-16 WHERE id = 1",
      changed: ["parent"],
    },
    {
      what: "deleted and inserted beside a child's lock on another row",
      run: `DELETE FROM parent WHERE id = 5; INSERT INTO parent VALUES (5, 'parent 5', 5 / 3.0);
        INSERT INTO child VALUES (3, 4)`,
      changed: ["child", "parent"],
      rewritten: 1,
    },
    {
      what: "emptied, and filled with the same rows",
      run: `CREATE TEMPORARY TABLE kept AS TABLE parent; TRUNCATE parent CASCADE;
        INSERT INTO parent TABLE kept; DROP TABLE kept`,
      changed: ["child", "parent"],
    },
    {
      what: "rewritten as a whole",
      run: "ALTER TABLE parent ALTER COLUMN amount TYPE numeric",
      changed: ["parent"],
    },
  ];
  test.for([true, false])("are noticed; alone on the server: %s", async (alone) => {
    for (const { what, run, changed, rewritten } of cases) {
      await execute(database.url, "DROP TABLE IF EXISTS child, parent");
      await execute(database.url, TABLES);
      await using connection = await connect();
      await using held = await holdState(await connect());
      const watch = watchRows(connection, { alone });
      const before = await watch.now();
      const { written } = await watch.during(() => execute(database.url, run));
      // Somebody else uses the test server, who may have written in another database.
      const isNoticed = written !== undefined;
      expect([what, isNoticed]).toEqual([what, changed.length > 0 || (alone && isNoticed)]);
      const names = changedTables(before, await watch.now()).map(({ name }) => name);
      expect([what, names]).toEqual([what, changed]);
      const count = await held.rewritten(connection, { schema: "public", name: "parent" });
      expect([what, count]).toEqual([what, rewritten]);
    }
  });
});

describe("preflightCounts", () => {
  const cases: readonly (readonly [string, string, ReturnType<typeof preflightCounts>])[] = [
    [
      "as psql prints them",
      " pending | in place | drifted | obstacles \n---------+----------+---------+-----------\n 12      | 0        | 3       | 1\n\ndone",
      { pending: 12, inPlace: 0, drifted: 3 },
    ],
    [
      "without psql",
      "pending | in place | drifted | obstacles\n1 | 2 | 3 | 0\n",
      { pending: 1, inPlace: 2, drifted: 3 },
    ],
    ["another heading", " waiting | in place | drifted\n 1 | 2 | 3\n", undefined],
    ["no numbers", " pending | in place | drifted\n", undefined],
    ["nothing", "", undefined],
  ];
  test.each(cases)("%s", (_name, stdout, expected) => {
    expect(preflightCounts(stdout)).toEqual(expected);
  });
});
