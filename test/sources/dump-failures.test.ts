import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openDump } from "../../src/sources/dump.ts";
import type { DumpSource } from "../../src/sources/source.ts";
import { fileWriter, makeFolder } from "../support/files.ts";
import { fixturePath, hasFixtures } from "../support/fixtures.ts";

const folder = makeFolder("dumps");
const write = fileWriter(folder);

const table = { schema: "public", name: "film" };
const HEADER = "--\n-- PostgreSQL database dump\n--\n\n";
const TRAILER = "\n--\n-- PostgreSQL database dump complete\n--\n\n";
const DATA = "COPY public.film (id, title) FROM stdin;\n1\tAlien\n2\t\\N\n\\.\n";

async function readFilm(
  dump: DumpSource,
  columns: readonly string[] = ["id", "title"],
): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of dump.lines({ table, parts: [table], columns })) {
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks).toString();
}

describe("files that are no dump", () => {
  const cases: [string, string | Buffer, string][] = [
    ["an empty file", "", "source_empty"],
    ["prose", "Dear all,\n", "not_a_dump"],
    ["only comments", "-- nothing here\n", "not_a_dump"],
    ["a PNG image", Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"), "not_a_dump"],
    ["UTF-16 by PowerShell", Buffer.from(`\ufeff${HEADER}`, "utf16le"), "not_a_dump"],
    ["an archive cut off in its header", Buffer.from("PGDMP\x01\x0e\x00\x04"), "dump_damaged"],
    ["an archive from the future", Buffer.from("PGDMP\x01\x7f\x00\x04"), "dump_unsupported"],
    ["a psql command that dumps never hold", `${HEADER}\\! rm -rf x\n`, "dump_unsupported"],
    ["a psql command inside a statement", "SELECT 1 \\gexec\n", "dump_unsupported"],
    ["rows changed by UPDATE", "UPDATE film SET id = 2;\n", "dump_unsupported"],
    ["a COPY that reads a file", "COPY film FROM '/etc/passwd';\n", "dump_unsupported"],
    ["a COPY as CSV", "COPY film FROM stdin WITH (FORMAT csv);\n1,2\n\\.\n", "dump_unsupported"],
    ["no comment at the end", HEADER + DATA, "dump_damaged"],
    [
      "a statement after the last comment",
      `${HEADER}${TRAILER}CREATE TABLE x();\n`,
      "dump_damaged",
    ],
    ["rows that do not end", `${HEADER}COPY film (id) FROM stdin;\n1\n`, "dump_damaged"],
    ["a literal that does not end", `${HEADER}COMMENT ON TABLE x IS 'abc`, "dump_damaged"],
    ["an encoding that nobody knows", "SET client_encoding = 'KLINGON';\n", "dump_unsupported"],
  ];
  test.each(cases)("%s", async (_name, content, code) => {
    await expect(openDump(write(content))).rejects.toMatchObject({ failure: { code } });
  });

  test("a path that does not exist", async () => {
    await expect(openDump(join(folder, "absent"))).rejects.toMatchObject({
      failure: { code: "source_missing" },
    });
  });
});

describe("plain dumps as they come", () => {
  const cases: [string, string | Buffer][] = [
    ["as pg_dump writes it", HEADER + DATA + TRAILER],
    ["without comments", DATA],
    ["with CR LF at the ends of lines", (HEADER + DATA + TRAILER).replaceAll("\n", "\r\n")],
    ["with a byte order mark", `\ufeff${HEADER}${DATA}${TRAILER}`],
    ["with a byte order mark and without comments", `\ufeff${DATA}`],
    ["with text before its header", `-- copied by hand\n\n${HEADER}${DATA}${TRAILER}`],
    ["with \\restrict", `${HEADER}\\restrict abc\n${DATA}${TRAILER}\\unrestrict abc\n`],
    [
      "with COPY text inside a function",
      `${HEADER}CREATE FUNCTION f() RETURNS text AS $x$\n${DATA.replace("Alien", "no")}$x$;\n${DATA}${TRAILER}`,
    ],
    [
      "with a row that looks like the end",
      `${HEADER}${DATA.replace("2\t\\N", "2\t\\N")}${TRAILER}`,
    ],
  ];
  test.each(cases)("%s", async (_name, content) => {
    await using dump = await openDump(write(content));
    expect(await readFilm(dump)).toBe("1\tAlien\n2\t\\N\n");
  });

  test("columns come in the order asked for", async () => {
    await using dump = await openDump(write(DATA));
    expect(await readFilm(dump, ["title", "id"])).toBe("Alien\t1\n\\N\t2\n");
    expect(await readFilm(dump, ["title"])).toBe("Alien\n\\N\n");
    expect(await readFilm(dump, [])).toBe("\n\n");
  });

  test("a column that the dump lacks is refused", async () => {
    await using dump = await openDump(write(DATA));
    await expect(readFilm(dump, ["id", "rating"])).rejects.toMatchObject({
      failure: { code: "dump_damaged" },
    });
  });

  test("a row of another width is refused", async () => {
    await using dump = await openDump(write(DATA.replace("\tAlien", "")));
    await expect(readFilm(dump, ["title"])).rejects.toMatchObject({
      failure: { code: "dump_damaged", where: "line 1" },
    });
  });

  test("statements carry their line, INSERT rows are none of them", async () => {
    const text = `CREATE TABLE film (id int);\n\nINSERT INTO film VALUES (1);\n/* x; */ CREATE VIEW v AS SELECT ';';\n${DATA}CREATE INDEX i ON film (id);\n`;
    await using dump = await openDump(write(text));
    expect(dump.ddl).toEqual([
      { text: "CREATE TABLE film (id int);", place: "line 1" },
      { text: "CREATE VIEW v AS SELECT ';';", place: "line 4" },
      { text: "CREATE INDEX i ON film (id);", place: "line 9" },
    ]);
  });

  test("the digest is that of the file", async () => {
    await using dump = await openDump(write(DATA));
    expect(await dump.digest()).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe.skipIf(!hasFixtures)("a custom archive that is cut off", () => {
  test.each([0.1, 0.3, 0.6, 0.9, 0.9999])("after %f of its bytes", async (part) => {
    const bytes = readFileSync(fixturePath("pg15/custom_gzip.dump"));
    const cut = write(bytes.subarray(0, Math.floor(bytes.length * part)));
    await expect(openDump(cut)).rejects.toMatchObject({ failure: { code: "dump_damaged" } });
  });
});

describe.skipIf(!hasFixtures)("sample scripts", () => {
  test.each(["pagila.sql", "chinook.sql"])("%s opens", async (name) => {
    await using dump = await openDump(fixturePath(`../samples/${name}`));
    expect(dump.ddl.length).toBeGreaterThan(10);
    expect(dump.blocks.length).toBeGreaterThan(10);
  });
});
