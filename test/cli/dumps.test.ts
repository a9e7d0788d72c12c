/** Comparisons of dumps through the command line: no server, no PostgreSQL program, no settings of a connection. */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fixturePath, hasFixtures } from "../support/fixtures.ts";
import { lastLine, run } from "./run.ts";
import { type Folder, makeFolder } from "./shop.ts";

let folder: Folder;
const former = process.env["PATH"];

/** Nothing of a PostgreSQL can be found, neither by name nor through the environment. */
beforeAll(() => {
  folder = makeFolder();
  process.env["PATH"] = "";
  for (const name of Object.keys(process.env)) {
    if (name.startsWith("PG")) delete process.env[name];
  }
});
afterAll(() => {
  process.env["PATH"] = former;
  folder.remove();
});

interface Compared {
  readonly code: number;
  readonly stderr: string;
  readonly totals: { readonly compared: number; readonly changed: number };
  readonly findings: readonly { readonly code: string; readonly message: string }[];
}

async function diff(production: string, local: string, ...flags: string[]): Promise<Compared> {
  const argv = ["diff", "--production", production, "--local", local, "--json", ...flags];
  const { code, stdout, stderr } = await run(argv, { env: { TMPDIR: folder.env["TMPDIR"] } });
  const { totals, findings } = stdout === "" ? { totals: {}, findings: [] } : JSON.parse(stdout);
  return { code, stderr, totals, findings };
}

function messages({ findings }: Compared, code: string): string[] {
  return findings.filter((found) => found.code === code).map(({ message }) => message);
}

describe.skipIf(!hasFixtures)("dumps of one state do not differ", () => {
  const others: [name: string, flags: string[]][] = [
    ["custom_gzip.dump", []],
    ["custom_zstd_long.dump", []],
    ["custom_piped.dump", []],
    ["custom_with_statistics.dump", []],
    ["tar.tar", []],
    ["dir_parallel", []],
    ["plain.sql.lz4", []],
    ["plain_via_root.sql", []],
    ["custom_via_root.dump", []],
    ["column_inserts.sql", []],
    ["inserts.sql", []],
    ["custom_inserts.dump", []],
    ["rows_per_insert_7_on_conflict.sql", []],
    ["dumpall.sql", ["--database", "nasty"]],
  ];
  test.each(others)("plain.sql and %s", async (name, flags) => {
    const ran = await diff(fixturePath("pg18/plain.sql"), fixturePath(`pg18/${name}`), ...flags);
    expect(ran.stderr).toBe("");
    expect(ran).toMatchObject({ code: 0, totals: { changed: 0 } });
    expect(ran.totals.compared).toBeGreaterThanOrEqual(55);
    expect(messages(ran, "large_objects")).toEqual(["4 large objects were not compared"]);
  });
});

describe.skipIf(!hasFixtures)("a dump that holds a part", () => {
  const whole = fixturePath("pg18/custom_gzip.dump");

  test("rows only: the tables are the other side's, and both orders say so", async () => {
    const part = fixturePath("pg18/custom_data_only.dump");
    for (const ran of [await diff(whole, part), await diff(part, whole)]) {
      expect(ran).toMatchObject({ code: 0, totals: { changed: 0 } });
      expect(ran.totals.compared).toBeGreaterThanOrEqual(58);
    }
    expect(messages(await diff(whole, part), "catalog_borrowed")).toEqual([
      "the local dump holds data only; its tables are taken to be those of production",
    ]);
    expect(messages(await diff(part, whole), "catalog_borrowed")).toEqual([
      "the production dump holds data only; its tables are taken to be those of local",
    ]);
  });

  test("rows only on both sides is a failure", async () => {
    const ran = await diff(
      fixturePath("pg18/custom_data_only.dump"),
      fixturePath("pg18/plain_data_only_disable_triggers.sql"),
    );
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain("both hold data only; make one of them without --data-only");
  });

  test("definitions only: nothing was compared, and nothing was deleted", async () => {
    const schema = fixturePath("pg18/custom_schema_only.dump");
    for (const ran of [await diff(whole, schema), await diff(schema, whole)]) {
      expect(ran.code).toBe(2);
      expect(ran.stderr).toContain(`nothing was compared: there is no data in ${schema}`);
    }
  });

  test("some tables: those are compared, the others are named", async () => {
    const ran = await diff(whole, fixturePath("pg18/custom_tables_subset.dump"));
    expect(ran).toMatchObject({ code: 0, totals: { compared: 5, changed: 0 } });
    expect(messages(ran, "table_missing")).toContain(
      "table public.bulk does not exist in local; it was not compared",
    );
  });

  test("all tables but without the rows of one: that one is not compared", async () => {
    const ran = await diff(whole, fixturePath("pg18/custom_exclude.dump"));
    expect(ran).toMatchObject({ code: 0, totals: { changed: 0 } });
    expect(messages(ran, "not_compared")).toContain(
      "table public.bulk was not compared: there is no data for it in the local dump",
    );
  });

  test("INSERT statements without column names tell nothing of tables that inherit", async () => {
    const ran = await diff(whole, fixturePath("pg18/inserts.sql"));
    expect(messages(ran, "not_compared")).toContain(
      "table public.inh_grand was not compared: its rows in the local dump come without column names, and those of a table that inherits may have another order; make it with --column-inserts",
    );
  });
});

describe.skipIf(!hasFixtures)("a file of several databases", () => {
  const all = fixturePath("pg18/dumpall.sql");
  const plain = fixturePath("pg18/plain.sql");
  const list = String.raw`"template1", "nasty", "nasty_latin1", "nasty_sqlascii", "postgres", "we\"ird db=é"`;

  test("without --database lists them", async () => {
    const ran = await diff(all, plain);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(`holds several databases; name one of: ${list}\n`);
    expect(lastLine(ran.stderr)).toMatch(/ --database nasty$/);
  });

  test("with a name that it does not hold lists them", async () => {
    const ran = await diff(all, plain, "--database", "shop");
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(`does not hold the database "shop"; name one of: ${list}\n`);
  });

  test("--database names the one of a pg_dumpall file; the copy may have another name", async () => {
    const copy = fixturePath("pg18/custom_gzip.dump");
    const ran = await diff(all, copy, "--database", "nasty_latin1");
    // It is opened: the two have no table in common.
    expect(ran.stderr).toContain("nothing was compared: table");
  });

  test.each(["nasty_latin1", 'we"ird db=é'])("--database %s compares that one", async (name) => {
    const ran = await diff(all, all, "--database", name);
    expect(ran).toMatchObject({ code: 0, totals: { changed: 0 } });
  });
});

const HEADER = "--\n-- PostgreSQL database dump\n--\n\n";
const TRAILER = "--\n-- PostgreSQL database dump complete\n--\n";
const TABLE = `CREATE TABLE public.film (id integer NOT NULL, title text, year integer);
ALTER TABLE ONLY public.film ADD CONSTRAINT film_pkey PRIMARY KEY (id);
`;
const DATA = "--\n-- Data for Name: film; Type: TABLE DATA; Schema: public; Owner: anna\n--\n\n";
const ROWS = "INSERT INTO public.film VALUES (1, 'Alien', 1979);\n";

function write(name: string, text: string): string {
  writeFileSync(folder.at(name), text);
  return folder.at(name);
}

describe("tables without a row in an INSERT dump", () => {
  const full = HEADER + TABLE + DATA + ROWS + TRAILER;
  const cases: [string, string, number, string | undefined][] = [
    [
      "pg_dump's own comment says that it was dumped",
      `${HEADER}${TABLE}${DATA}${TRAILER}`,
      1,
      undefined,
    ],
    ["no comment: there is no data", `${HEADER}${TABLE}${TRAILER}`, 2, "there is no data in"],
    [
      "a comment of somebody else",
      `${HEADER}${TABLE}${DATA.replace(/^--\n/, "")}${TRAILER}`,
      2,
      "there is no data in",
    ],
    ["a file without pg_dump's header", `${TABLE}${DATA}`, 2, "there is no data in"],
    [
      "a comment in a dump whose rows come by COPY",
      `${HEADER}${TABLE}${DATA}CREATE TABLE public.x (a integer);\nCOPY public.x (a) FROM stdin;\n\\.\n${TRAILER}`,
      2,
      "nothing was compared",
    ],
    [
      "a name that may have held a line break",
      `${HEADER}${TABLE.replaceAll("public.film", 'public."fi lm"')}${DATA.replace("film", "fi lm")}${TRAILER}`,
      2,
      "nothing was compared",
    ],
  ];
  test.each(cases)("%s", async (_name, text, code, message) => {
    const quoted = text.includes("fi lm");
    const production = write(
      "production.sql",
      quoted ? full.replaceAll("public.film", 'public."fi lm"') : full,
    );
    const ran = await diff(production, write("local.sql", text));
    expect(ran.code).toBe(code);
    if (message !== undefined) expect(ran.stderr).toContain(message);
    else expect(messages(ran, "deletes")).toHaveLength(1);
  });
});

describe("a row that does not have the fields of its table", () => {
  const copy = (columns: string, rows: string) =>
    `${HEADER}${TABLE}COPY public.film (${columns}) FROM stdin;\n${rows}\\.\n${TRAILER}`;
  const whole = copy("id, title, year", "1\tAlien\t1979\n2\tBrazil\t1985\n");
  const cases: [string, string][] = [
    ["one less", "1\tAlien\t1979\n2\tBrazil\n"],
    ["one more", "1\tAlien\t1979\n2\tBrazil\t1985\tx\n"],
    ["one more in a row of its own", "1\tAlien\t1979\n2\tBrazil\t1985\n3\tCube\t1997\tx\n"],
    ["less than its key", "1\tAlien\t1979\n\n"],
  ];
  test.each(cases)("%s", async (_name, rows) => {
    const production = write("production.sql", whole);
    const ran = await diff(production, write("local.sql", copy("id, title, year", rows)));
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/row|public\.film/);
    expect(ran.stderr).not.toContain("this is a bug");
  });

  test("the table and the side are named", async () => {
    const production = write("production.sql", whole);
    const local = write("local.sql", copy("id, title, year", "1\tAlien\t1979\n2\tBrazil\n"));
    const ran = await diff(production, local);
    expect(ran.stderr).toContain(
      "a row of public.film in local has other fields than its table has columns: it has 2 instead of 3",
    );
  });
});

const story = (name: string) =>
  fileURLToPath(new URL(`../../../shared/three-way/${name}`, import.meta.url));

describe.skipIf(!hasFixtures)("two dumps on a machine without PostgreSQL", () => {
  test("script writes a bundle", async () => {
    const out = folder.at("bundle");
    const sides = ["--production", story("production.dump"), "--local", story("local.dump")];
    // In these a value changes hands under a unique constraint that waits for nothing.
    const excluded = ["--exclude", "auth_user_groups", "--exclude", "library_item*"];
    const argv = ["script", ...sides, "--deletes", "apply", ...excluded, "--out", out, "--json"];
    const ran = await run(argv, { env: { TMPDIR: folder.env["TMPDIR"] } });
    expect(ran.stderr).toBe("");
    expect(ran.code).toBe(0);
    const { written, totals } = JSON.parse(ran.stdout);
    expect(written.files.map(({ name }: { name: string }) => name)).toContain("deploy.sql");
    expect(totals.counts.insert).toBeGreaterThan(15);
    expect(totals.counts.update).toBeGreaterThan(15);
  });

  test.each([
    ["production", 36],
    ["local", 36],
    ["base", 32],
  ])("%s.sql and its custom dump hold the same in %d tables", async (name, compared) => {
    const ran = await diff(story(`${name}.sql`), story(`${name}.dump`));
    expect(ran).toMatchObject({ code: 0, totals: { compared, changed: 0 } });
  });
});
