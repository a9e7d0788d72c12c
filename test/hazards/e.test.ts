/** Part E of the hazard catalogue: the text of scripts, psql, encodings. */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, hasServer, psql } from "../support/postgres.ts";
import { run } from "../support/programs.ts";
import { find, scriptsOf } from "../support/scripts.ts";
import { applied, proven, refused, runOn, type Setting, settingOf } from "./setting.ts";

const SCRIPTS = ["preflight", "deploy", "verify", "revert"] as const;

/** Files that no script may make. */
let directory: string;
let marker: string;
/** Names and values that try. */
let hostile: Setting;

beforeAll(async () => {
  if (!hasServer) return;
  directory = await mkdtemp(join(tmpdir(), "rowpatch-e-"));
  marker = join(directory, "ran");
  hostile = await settingOf({
    ...attack(marker),
    scripts: {
      ticket: `\`touch ${marker}\`\n\\! touch ${marker}\n'; SELECT 1/0; -- :x {{name}} $$`,
    },
  });
});

afterAll(async () => {
  await hostile?.[Symbol.asyncDispose]();
  if (directory) await rm(directory, { recursive: true });
});

/** Every way that the catalogue knows to smuggle a command into a script. */
function attack(file: string): { readonly production: string; readonly edits: string } {
  const touch = `\\! touch ${file}`;
  const values = [
    `\\`,
    `'`,
    `\\'; ${touch}`,
    `${touch}`,
    `\n${touch}\n`,
    `\`touch ${file}\``,
    `:x :'x' :"x" :{?x}`,
    `$$ $state$ $drift$ $shape$ $effects$ ; ${touch}`,
    `x\n\\.\n${touch}\n`,
    `\\g | touch ${file}`,
    `\u202eabc\u200b\ufeff\u2028`,
    `{{state}} %I %s`,
    `\r\n${touch}\r\n`,
    `-- x\n${touch}`,
    `/* ${touch}`,
    `COMMIT;\n  COMMIT;`,
  ];
  const list = values.map((value, n) => `(${n + 1}, ${quoted(value)})`).join(", ");
  const swapped = values.map((value, n) => `(${values.length - n}, ${quoted(value)})`).join(", ");
  const name = `"t\`touch ${file}\`\n${touch}\n"" ; -- :x $state$ ' %s"`;
  return {
    production: `
      CREATE TABLE ${name} ("k\n${touch}" int PRIMARY KEY, "v\`touch ${file}\` :'x' $state$" text);
      INSERT INTO ${name} VALUES ${list}, (90, 'unchanged'), (91, 'gone');
      CREATE TABLE small (id text PRIMARY KEY, v text); INSERT INTO small SELECT v, v FROM (VALUES ${list}) AS l (n, v);`,
    edits: `
      UPDATE ${name} t SET "v\`touch ${file}\` :'x' $state$" = l.v FROM (VALUES ${swapped}) AS l (n, v) WHERE t."k\n${touch}" = l.n;
      DELETE FROM ${name} WHERE "k\n${touch}" = 91; INSERT INTO ${name} SELECT n + 100, v FROM (VALUES ${list}) AS l (n, v);
      DELETE FROM small WHERE length(v) % 2 = 0; UPDATE small SET v = v || E'\\\\'; INSERT INTO small SELECT v || '2', v FROM (VALUES ${list}) AS l (n, v);`,
  };
}

function quoted(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** Runs all four scripts in order on one copy and gives what each said. */
async function roundTrip(
  setting: Setting,
  options: {
    readonly env?: Record<string, string>;
    readonly sql?: string;
    readonly args?: string[];
  },
) {
  await using copy = await createDatabase({
    template: setting.production.name,
    ...(options.sql === undefined ? {} : { sql: options.sql }),
  });
  const said: Record<string, string> = {};
  for (const script of SCRIPTS) {
    const { exitCode, stdout, stderr } = await run({
      program: "psql",
      url: copy.url,
      args: options.args ?? ["-X"],
      ...(options.env ? { env: options.env } : {}),
      file: setting.files.path(script),
    });
    said[script] = exitCode === 0 ? "0" : `${exitCode} ${stdout} ${stderr}`;
    if (script === "deploy") {
      const { changes } = await find({ production: copy.url, local: setting.local.url });
      said["differences"] = JSON.stringify(changes);
    }
  }
  const { changes } = await find({ production: copy.url, local: setting.production.url });
  return { ...said, reverted: JSON.stringify(changes) };
}

const ROUND = {
  preflight: "0",
  deploy: "0",
  verify: "0",
  revert: "0",
  differences: "{}",
  reverted: "{}",
};

describe.skipIf(!hasServer)("E", () => {
  test("E2 E3 E4 E5 E15: names and values run no command, row by row and in bulk", async () => {
    expect(await roundTrip(hostile, {})).toEqual(ROUND);
    await using bulk = await settingOf({ ...attack(marker), scripts: { bulkThreshold: 0 } });
    expect(await roundTrip(bulk, {})).toEqual(ROUND);
    await using lists = await settingOf({
      ...attack(marker),
      scripts: { bulkThreshold: 0, temporaryTables: false },
    });
    expect(await roundTrip(lists, {})).toEqual(ROUND);
    expect(existsSync(marker)).toBe(false);
  });

  test("E2 E3 E4: messages about such rows run no command either", async () => {
    const { files } = hostile;
    await using drifted = await createDatabase({ template: hostile.production.name });
    await psql(drifted.url, {
      sql: "UPDATE small SET v = 'someone else'; DELETE FROM small WHERE length(id) > 9;",
    });
    for (const script of SCRIPTS)
      expect(await psql(drifted.url, { file: files.path(script) })).toMatchObject({ exitCode: 3 });
    await using reshaped = await createDatabase({ template: hostile.production.name });
    await psql(reshaped.url, {
      sql: "DO $$ DECLARE t record; BEGIN FOR t IN SELECT relname FROM pg_class WHERE relname LIKE 't`%' AND relkind = 'r' LOOP EXECUTE format('ALTER TABLE %I ADD added int', t.relname); END LOOP; END $$",
    });
    for (const script of SCRIPTS)
      expect(await psql(reshaped.url, { file: files.path(script) })).toMatchObject({
        exitCode: 3,
        stderr: expect.stringContaining("tables are not as reviewed"),
      });
    expect(existsSync(marker)).toBe(false);
  });

  test("E1 E20: standard_conforming_strings may be off", async () => {
    const sql = `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET standard_conforming_strings = off', current_database()); EXECUTE format('ALTER DATABASE %I SET escape_string_warning = off', current_database()); EXECUTE format('ALTER DATABASE %I SET backslash_quote = on', current_database()); END $$`;
    expect(await roundTrip(hostile, { sql })).toEqual(ROUND);
    expect(existsSync(marker)).toBe(false);
  });

  test("E6: without -v ON_ERROR_STOP a failure still ends with exit code 3", async () => {
    await using copy = await createDatabase({
      template: hostile.production.name,
      sql: "DELETE FROM small",
    });
    const outcome = await run({
      program: "psql",
      url: copy.url,
      args: ["-X"],
      file: hostile.files.path("deploy"),
    });
    expect(outcome.exitCode).toBe(3);
  });

  test("E7: a hostile psqlrc changes nothing", async () => {
    const psqlrc = join(directory, "psqlrc");
    await writeFile(psqlrc, PSQLRC);
    const env = { PSQLRC: psqlrc };
    expect(await roundTrip(hostile, { env, args: [] })).toEqual(ROUND);
    expect(existsSync(marker)).toBe(false);
    await using copy = await createDatabase({
      template: hostile.production.name,
      sql: "DELETE FROM small",
    });
    const outcome = await run({
      program: "psql",
      url: copy.url,
      args: [],
      env,
      file: hostile.files.path("deploy"),
    });
    expect(outcome.exitCode).toBe(3);
    const { changes } = await find({ production: copy.url, local: hostile.production.url });
    expect(Object.keys(changes)).toEqual(["public.small"]);
  });

  test("E7: a psqlrc that opens a transaction is refused", async () => {
    const psqlrc = join(directory, "psqlrc-begin");
    await writeFile(psqlrc, "BEGIN;\n");
    await using copy = await createDatabase({ template: hostile.production.name });
    for (const script of SCRIPTS)
      expect(
        await run({
          program: "psql",
          url: copy.url,
          args: [],
          env: { PSQLRC: psqlrc },
          file: hostile.files.path(script),
        }),
      ).toMatchObject({ exitCode: 3, stderr: expect.stringContaining("outside a transaction") });
  });

  test("E8: psql -1 is refused", async () => {
    for (const script of SCRIPTS)
      expect(await runOn(hostile, { script, extraArgs: ["-1"] })).toMatchObject(
        refused(/outside a transaction/),
      );
  });

  test("E9: data lines never run as SQL, even where their COPY fails", async () => {
    await using setting = await settingOf({
      production: "CREATE TABLE t (id text PRIMARY KEY); CREATE TABLE victim (id int);",
      edits:
        "INSERT INTO t VALUES ('INSERT INTO victim VALUES (1);'), ('COMMIT;'), ('DROP TABLE victim;')",
      scripts: { bulkThreshold: 0 },
    });
    const text = await setting.text("deploy");
    expect(text).toMatch(/^COPY pg_temp\.\w+ FROM stdin;$/m);
    const broken = join(directory, "broken.sql");
    await writeFile(broken, text.replace(/^COPY pg_temp\.\w+/m, "COPY pg_temp.missing"));
    expect(await runOn(setting, { file: broken })).toMatchObject({ exitCode: 3, unchanged: true });
    expect(await runOn(setting)).toMatchObject(applied);
  });

  test("E10: only meta-commands that every psql from 11 on has, and ON_ERROR_STOP before the first \\if", async () => {
    for (const script of SCRIPTS) {
      const text = await hostile.text(script);
      const commands = [...text.matchAll(/^\s*(\\[a-z]\w*)/gm)].map(([, command]) => command);
      expect([...new Set(commands)].sort()).toEqual(
        script !== "verify"
          ? ["\\else", "\\endif", "\\if", "\\pset", "\\set"]
          : ["\\pset", "\\set"],
      );
      expect(commands[0]).toBe("\\set");
      expect(text).toMatch(/^\\set ON_ERROR_STOP on$/m);
    }
  });

  test("E11: the client's encoding does not matter", async () => {
    for (const PGCLIENTENCODING of ["LATIN1", "SJIS", "BIG5"]) {
      await using setting = await settingOf({
        production:
          "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'ü'), (2, 'x')",
        edits:
          "UPDATE t SET v = '表能予 é 😀' WHERE id = 1; DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (3, 'ソ\\')",
      });
      expect(await roundTrip(setting, { env: { PGCLIENTENCODING } })).toEqual(ROUND);
    }
  });

  test("E12: values that production's encoding cannot hold are found beforehand", async () => {
    const options = "ENCODING 'LATIN1' LOCALE 'C'";
    const table =
      "CREATE TABLE t (id int PRIMARY KEY, v text, w text); INSERT INTO t VALUES (1, 'é', 'a'), (2, 'b', 'b')";
    await using latin = await createDatabase({ options, sql: table });
    await using utf8 = await createDatabase(`${table}; UPDATE t SET v = 'ÿ' WHERE id = 1;`);
    {
      await using files = await scriptsOf({ production: latin.url, local: utf8.url });
      expect(files.found).toMatchObject({ blocked: false, findings: [] });
      expect(await psql(latin.url, { file: files.path("deploy") })).toMatchObject(applied);
    }
    await psql(utf8.url, {
      sql: "UPDATE t SET w = '日本' WHERE id = 2; UPDATE t SET w = 'Ÿ' WHERE id = 1",
    });
    const found = await find({ production: latin.url, local: utf8.url });
    expect(found).toMatchObject({ blocked: true, findings: ["not_encodable"] });
    expect(found.messages.join("\n")).toMatch(
      /public\.t\.w takes values in 2 rows that production's encoding LATIN1/,
    );
    expect((await find({ production: utf8.url, local: latin.url })).findings).toEqual([]);
  });

  test("E12: bytes of a SQL_ASCII database that are no UTF-8 are refused by a UTF8 one", async () => {
    const table =
      "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'), (2, 'b')";
    await using ascii = await createDatabase({
      options: "ENCODING 'SQL_ASCII' LOCALE 'C'",
      sql: `${table}; UPDATE t SET v = E'\\xff\\xfe' WHERE id = 1;`,
    });
    await using utf8 = await createDatabase(table);
    const found = await find({ production: utf8.url, local: ascii.url });
    expect(found.blocked).toBe(true);
    expect(found.findings).toContain("not_encodable");
  });

  test("E13 E18: scripts are plain text: no BOM, no control, bidirectional or zero-width characters", async () => {
    for (const script of SCRIPTS) {
      const text = await hostile.text(script);
      expect(text.startsWith("-- ")).toBe(true);
      expect(
        text.search(
          /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/,
        ),
      ).toBe(-1);
    }
    expect(await hostile.text("deploy")).toContain("\\u202eabc\\u200b\\ufeff\\u2028");
  });

  test("E14: line ends of Windows do no harm", async () => {
    const values = `(1, E'a\\r\\nb'), (2, E'\\n'), (3, E'\\r'), (4, '\\'), (5, E'x\\n\\\\.\\ny')`;
    await using setting = await settingOf({
      production: `CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES ${values}; CREATE TABLE u (LIKE t INCLUDING ALL); INSERT INTO u VALUES ${values};`,
      edits: `UPDATE t SET v = v || E'\\r\\n'; DELETE FROM u WHERE id = 1; UPDATE u SET v = v || E'\\r\\n' WHERE id = 2; INSERT INTO u VALUES (9, E'\\n\\r');`,
      scripts: { bulkThreshold: 3 },
    });
    await asWindows(setting);
    expect(await roundTrip(setting, {})).toEqual(ROUND);
    // A line break within a name is escaped: the name stays on its line, and nothing runs.
    await using named = await settingOf({ ...attack(marker), scripts: { bulkThreshold: 12 } });
    await asWindows(named);
    expect(await runOn(named)).toMatchObject({ exitCode: 0 });
    expect(existsSync(marker)).toBe(false);
  });

  test("E16: objects in a schema that stands first on the search_path are not taken", async () => {
    const evil = [
      "now() RETURNS timestamptz",
      "count(text) RETURNS bigint",
      "to_regclass(text) RETURNS regclass",
      "set_config(text, text, boolean) RETURNS text",
      "format(text, text) RETURNS text",
      "concat(text, text) RETURNS text",
      "sha256(bytea) RETURNS bytea",
    ]
      .map(
        (head) =>
          `CREATE FUNCTION evil.${head} LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''hijacked''; END';`,
      )
      .join(" ");
    const sql = `CREATE SCHEMA evil; ${evil}
      CREATE FUNCTION evil.never(text, text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''hijacked''; END';
      CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.never); CREATE OPERATOR evil.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.never);
      CREATE DOMAIN evil.text AS pg_catalog.text CHECK (false); CREATE TABLE evil.small (id int); CREATE TABLE evil.pg_class (oid int);
      DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = evil, pg_catalog, public', current_database()); END $$`;
    await using copy = await createDatabase({ template: hostile.production.name, sql });
    for (const script of SCRIPTS)
      expect(await psql(copy.url, { file: hostile.files.path(script) })).toMatchObject({
        exitCode: 0,
        stderr: "",
      });
  });

  test("E17: long lists stay flat", async () => {
    const { deploy } = await proven({
      production: `CREATE TABLE ring (id int PRIMARY KEY, next int NOT NULL REFERENCES ring); INSERT INTO ring SELECT g, g % 1500 + 1 FROM generate_series(1, 1500) g;
        CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT g, repeat('x', 900) FROM generate_series(1, 900) g;`,
      edits:
        "DELETE FROM ring; INSERT INTO ring SELECT g, CASE g WHEN 5000 THEN 4001 ELSE g + 1 END FROM generate_series(4001, 5000) g; UPDATE t SET v = repeat('y', 900);",
    });
    expect(Math.max(...deploy.split(";\n").map(({ length }) => length))).toBeLessThan(
      8 * 1024 * 1024,
    );
  });

  test("E19: other clients fail before anything is written", async () => {
    await using copy = await createDatabase({ template: hostile.production.name });
    const client = new Client(copy.url);
    await client.connect();
    try {
      await expect(client.query(await hostile.text("deploy"))).rejects.toThrow(
        /syntax error at or near "\\"/,
      );
    } finally {
      await client.end();
    }
    expect((await find({ production: copy.url, local: hostile.production.url })).changes).toEqual(
      {},
    );
  });
});

async function asWindows({ files }: Setting): Promise<void> {
  for (const script of SCRIPTS) {
    const path = files.path(script);
    await writeFile(path, (await readFile(path, "utf8")).replaceAll("\n", "\r\n"));
  }
}

const PSQLRC = `
\\set ON_ERROR_ROLLBACK on
\\set ON_ERROR_STOP off
\\set AUTOCOMMIT off
\\set SINGLELINE on
\\set ECHO all
\\set FETCH_COUNT 3
\\set VERBOSITY verbose
\\set x 'replaced'
\\set rowpatch_outcome '\`false\`'
\\timing on
\\x on
\\pset format html
\\pset null 'NULL'
\\pset pager always
\\encoding LATIN1
`;
