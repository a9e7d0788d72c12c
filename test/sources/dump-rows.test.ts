import { createReadStream, createWriteStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { openDump } from "../../src/sources/dump.ts";
import type { LinesRequest } from "../../src/sources/source.ts";
import { fileWriter, makeFolder } from "../support/files.ts";
import { fixturePath, hasFixtures } from "../support/fixtures.ts";

const folder = makeFolder("rows");
const write = fileWriter(folder);

const table = { schema: "public", name: "film" };
const COLUMNS = ["id", "title"];

async function read(path: string, request: Partial<LinesRequest> = {}): Promise<string> {
  await using dump = await openDump(path);
  const chunks: Buffer[] = [];
  const wanted = { table, parts: [table], columns: COLUMNS, columnsOf: () => COLUMNS, ...request };
  for await (const chunk of dump.lines(wanted)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

describe("INSERT statements become lines", () => {
  const cases: [string, string, string][] = [
    ["with columns", "INSERT INTO public.film (id, title) VALUES (1, 'a');", "1\ta\n"],
    ["without columns", "INSERT INTO public.film VALUES (1, 'a');", "1\ta\n"],
    ["columns by name", "INSERT INTO film (title, id) VALUES ('a', 1);", "1\ta\n"],
    ["several rows", "INSERT INTO film VALUES\n\t(1, 'a'),\n\t(2, 'b');", "1\ta\n2\tb\n"],
    ["NULL is not 'NULL'", "INSERT INTO film VALUES (NULL, 'NULL');", "\\N\tNULL\n"],
    ["a literal that looks like NULL", "INSERT INTO film VALUES (1, '\\N');", "1\t\\\\N\n"],
    ["the empty string", "INSERT INTO film VALUES (1, '');", "1\t\n"],
    ["booleans", "INSERT INTO film VALUES (true, false);", "t\tf\n"],
    ["bits", "INSERT INTO film VALUES (B'101', B'');", "101\t\n"],
    ["numbers as they are", "INSERT INTO film VALUES (-1.50, 1e+20);", "-1.50\t1e+20\n"],
    ["quotes", "INSERT INTO film VALUES (1, 'it''s; (x), ''''');", "1\tit's; (x), ''\n"],
    [
      "control characters",
      "INSERT INTO film VALUES (1, 'a\tb\nc\rd\\e');",
      "1\ta\\tb\\nc\\rd\\\\e\n",
    ],
    [
      "escapes",
      "INSERT INTO film VALUES (1, E'a\\tb\\'\\\\\\101\\x42\\u00e9');",
      "1\ta\\tb'\\\\ABé\n",
    ],
    ["conflicts", "INSERT INTO film VALUES (1, 'a') ON CONFLICT DO NOTHING;", "1\ta\n"],
    ["identity", "INSERT INTO film OVERRIDING SYSTEM VALUE VALUES (1, 'a');", "1\ta\n"],
    [
      "comments between",
      "INSERT INTO film VALUES (1, 'a');\n-- x; '\nINSERT INTO film VALUES (2, 'b');",
      "1\ta\n2\tb\n",
    ],
    [
      "statements between",
      "INSERT INTO film VALUES (1, 'a');\nSET x = 1;\nINSERT INTO film VALUES (2, 'b');",
      "1\ta\n2\tb\n",
    ],
    [
      "other tables between",
      "INSERT INTO film VALUES (1, 'a');\nINSERT INTO x VALUES (0);\nINSERT INTO film VALUES (2, 'b');",
      "1\ta\n2\tb\n",
    ],
    ["many alike", "INSERT INTO film VALUES (1, 'a;');\n".repeat(3), "1\ta;\n".repeat(3)],
    [
      "without standard strings",
      "SET standard_conforming_strings = off;\nINSERT INTO film VALUES (1, 'a\\\\b\\'');",
      "1\ta\\\\b'\n",
    ],
    [
      "a name with newline and quote",
      'INSERT INTO film ("id", "title") VALUES (1, \'a\');',
      "1\ta\n",
    ],
  ];
  test.each(cases)("%s", async (_name, text, lines) => {
    expect(await read(write(`CREATE TABLE film ();\n${text}\nCREATE VIEW v AS SELECT 1;\n`))).toBe(
      lines,
    );
  });

  const refused: [string, string][] = [
    ["a function call", "INSERT INTO film VALUES (1, now());"],
    ["a cast", "INSERT INTO film VALUES (1, 'a'::text);"],
    ["a row of another width", "INSERT INTO film VALUES (1);"],
    ["DEFAULT where a value is wanted", "INSERT INTO film VALUES (1, DEFAULT);"],
    [
      "an update on conflict",
      "INSERT INTO film VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET id = 1;",
    ],
  ];
  test.each(refused)("%s is refused", async (_name, text) => {
    await expect(read(write(`${text}\n`))).rejects.toMatchObject({
      failure: { code: "dump_damaged" },
    });
  });

  test("a column that shows DEFAULT is skipped when it is not wanted", async () => {
    const path = write("INSERT INTO film VALUES (1, DEFAULT, 'a');\n");
    const columnsOf = (): string[] => ["id", "generated", "title"];
    expect(await read(path, { columnsOf })).toBe("1\ta\n");
  });

  test("rows without column names need someone who knows them", async () => {
    await using dump = await openDump(write("INSERT INTO film VALUES (1, 'a');\n"));
    const lines = dump.lines({ table, parts: [table], columns: COLUMNS });
    await expect(lines[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      failure: { code: "dump_damaged" },
    });
  });

  test("a row longer than what is read at once", async () => {
    const long = "x'';".repeat(300_000);
    const path = write(`INSERT INTO film VALUES (1, '${long}'),\n\t(2, 'b');\n`);
    expect(await read(path)).toBe(`1\t${long.replaceAll("''", "'")}\n2\tb\n`);
  });
});

describe("encodings", () => {
  const cases: [string, string, string][] = [
    ["LATIN1", "e9", "é"],
    ["WIN1252", "80", "€"],
    ["LATIN9", "a4", "€"],
    ["KOI8R", "c1", "а"],
    ["EUC_JP", "a5bd", "ソ"],
    ["EUC_CN", "a1aa", "―"],
    ["SJIS", "835c", "ソ"],
    ["SJIS", "835c5c5c", "ソ\\\\"],
    ["GBK", "955c", "昞"],
    ["GB18030", "8139ee39", "㐀"],
    ["UHC", "8141", "갂"],
    ["SQL_ASCII", "c3a9", "é"],
    ["utf-8", "c3a9", "é"],
  ];
  test.each(cases)("%s %s in COPY text", async (encoding, hex, text) => {
    const head = `SET client_encoding = '${encoding}';\nCOPY film (id, title) FROM stdin;\n1\t`;
    const path = write(
      Buffer.concat([Buffer.from(head), Buffer.from(hex, "hex"), Buffer.from("\n\\.\n")]),
    );
    expect(await read(path)).toBe(`1\t${text}\n`);
  });

  test("half a character may be a backslash in literals, too", async () => {
    const path = write(
      Buffer.concat([
        Buffer.from("SET client_encoding = 'SJIS';\nSET standard_conforming_strings = off;\n"),
        Buffer.from("INSERT INTO film VALUES (1, '"),
        Buffer.from("835c", "hex"),
        Buffer.from("');\nCREATE VIEW v AS SELECT ';';\n"),
      ]),
    );
    expect(await read(path)).toBe("1\tソ\n");
  });

  test("bytes that are not valid are refused", async () => {
    const text = "SET client_encoding = 'EUC_JP';\nCOPY film (id, title) FROM stdin;\n1\t";
    const path = write(
      Buffer.concat([Buffer.from(text), Buffer.from([0xa4]), Buffer.from("\n\\.\n")]),
    );
    await expect(read(path)).rejects.toMatchObject({ failure: { code: "dump_damaged" } });
  });
});

describe("reading", () => {
  const rows = Array.from({ length: 200_000 }, (_, index) => `${index}\ttitle ${index}\n`).join("");
  const text = `COPY a (id) FROM stdin;\n1\n\\.\nCOPY film (id, title) FROM stdin;\n${rows}\\.\nCOPY b (id) FROM stdin;\n2\n\\.\n`;

  test.each([
    ["a plain file", text],
    ["a compressed file", gzipSync(text)],
  ])(
    "%s: chunks are whole lines, a reader may stop early and start again",
    async (_name, content) => {
      await using dump = await openDump(write(content));
      const request = { table, parts: [table], columns: COLUMNS };
      let chunks = 0;
      for await (const chunk of dump.lines(request)) {
        chunks += 1;
        expect(chunk.at(-1)).toBe(0x0a);
        if (chunks === 3) break;
      }
      const both = [dump.lines(request), dump.lines(request)];
      const read = await Promise.all(
        both.map(async (lines) => {
          let whole = "";
          for await (const chunk of lines) whole += chunk.toString();
          return whole;
        }),
      );
      expect(read).toEqual([rows, rows]);
      const other = { schema: "public", name: "b" };
      const last: string[] = [];
      for await (const chunk of dump.lines({ table: other, parts: [other], columns: ["id"] })) {
        last.push(chunk.toString());
      }
      expect(last).toEqual(["2\n"]);
    },
  );
});

describe.skipIf(!hasFixtures)("files around archives", () => {
  test.each(["custom_gzip.dump", "tar.tar"])("a gzipped %s", async (name) => {
    const path = join(folder, `${name}.gz`);
    await pipeline(
      createReadStream(fixturePath(`pg18/${name}`)),
      createGzip(),
      createWriteStream(path),
    );
    await using whole = await openDump(fixturePath(`pg18/${name}`));
    await using wrapped = await openDump(path);
    expect(wrapped.ddl).toEqual(whole.ddl);
    expect(wrapped.blocks.length).toBe(whole.blocks.length);
    expect(wrapped.provenance.format).toBe(`gzip-compressed ${whole.provenance.format}`);
  });

  test("a pg_dumpall file needs the name of a database", async () => {
    const opened = openDump(fixturePath("pg15/dumpall.sql"));
    await expect(opened).rejects.toMatchObject({
      failure: {
        code: "several_databases",
        databases: expect.arrayContaining(["template1", "nasty", "nasty_latin1", 'we"ird db=é']),
      },
    });
  });

  test("a pg_dumpall file does not hold every database", async () => {
    const opened = openDump(fixturePath("pg15/dumpall.sql"), { database: "shop" });
    await expect(opened).rejects.toMatchObject({
      failure: { code: "several_databases", wanted: "shop" },
    });
  });

  test("the toc.dat of a directory is refused with a hint", async () => {
    const opened = openDump(fixturePath("pg15/dir_gzip/toc.dat"));
    await expect(opened).rejects.toMatchObject({ failure: { code: "dump_unsupported" } });
  });

  test("a folder without toc.dat is no dump", async () => {
    await expect(openDump(folder)).rejects.toMatchObject({ failure: { code: "not_a_dump" } });
  });
});
