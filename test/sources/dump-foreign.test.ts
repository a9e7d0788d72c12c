import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { openDump } from "../../src/sources/dump.ts";
import { run } from "../cli/run.ts";

const folder = mkdtempSync(join(tmpdir(), "rowpatch-foreign-"));
afterAll(() => rmSync(folder, { recursive: true }));

const README = readFileSync(new URL("../../README.md", import.meta.url));
const HEADER = "--\n-- PostgreSQL database dump\n--\n\nSET client_encoding = 'UTF8';\n";
const NEW_DUMP = "make one with pg_dump -Fc or plain pg_dump";
const BY_FILE = "make the dump again with pg_dump -f FILE, which needs no >";
const ONLY_POSTGRES = "rowpatch compares PostgreSQL databases only";

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
const utf16 = (text: string): Buffer => Buffer.from(text, "utf16le");

/** A file, what it is instead of a dump, and what to do. */
const FILES: readonly (readonly [string, Buffer, string, string])[] = [
  ["Markdown", README, "it is a text that does not begin as SQL does", NEW_DUMP],
  ["prose", bytes("Dear all,\n"), "it is a text that does not begin as SQL does", NEW_DUMP],
  ["CSV", bytes("id,title\n1,Alien\n"), "it is a text that does not begin as SQL does", NEW_DUMP],
  ["an object of JSON", bytes('{\n  "a": "it\'s"\n}\n'), "it looks like JSON", NEW_DUMP],
  ["an array of JSON", bytes('[{"a": 1}]'), "it looks like JSON", NEW_DUMP],
  ["a compressed text", gzipSync(README), "it is a text that does not begin as SQL does", NEW_DUMP],
  ["only comments", bytes("-- x\n"), "it holds no statement that a dump would hold", NEW_DUMP],
  [
    "a web page",
    bytes("<!DOCTYPE html>\n<title>Sign in</title>\n"),
    "it is a web page or XML, as a download without permission gives",
    "download the dump again",
  ],
  [
    "what a failed pg_dump said",
    bytes('pg_dump: error: connection to server at "db" failed\n'),
    "it begins with a message of the program that was to write it",
    "see what the message says, and make the dump again with pg_dump -f FILE",
  ],
  ["a PNG image", bytes("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "it is an image", NEW_DUMP],
  ["a PDF document", bytes("%PDF-1.7\n\0"), "it is a PDF document", NEW_DUMP],
  ["SQLite", bytes("SQLite format 3\0\x10"), "it is a SQLite database", ONLY_POSTGRES],
  [
    "mysqldump",
    bytes("-- MySQL dump 10.13  Distrib 8.0.36\n--\nCREATE TABLE `film` (`id` int);\n"),
    "it is a dump of MySQL or MariaDB",
    ONLY_POSTGRES,
  ],
  [
    "mariadb-dump",
    bytes("/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\nCREATE TABLE `a`;\n"),
    "it is a dump of MySQL or MariaDB",
    ONLY_POSTGRES,
  ],
  [
    "a zip file",
    bytes("PK\x03\x04\x14\0"),
    "it is a zip file",
    "unpack it and name the dump inside",
  ],
  [
    "xz",
    bytes("\xfd7zXZ\0\0\x04"),
    "it is compressed with xz",
    "decompress it with xz -d and name what it gives",
  ],
  [
    "bzip2",
    bytes("BZh91AY&SY\0"),
    "it is compressed with bzip2",
    "decompress it with bzip2 -d and name what it gives",
  ],
  [
    "a pointer of Git LFS",
    bytes("version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 9\n"),
    "it is a pointer of Git LFS and not the file itself",
    "fetch that with git lfs pull",
  ],
  ["zeros", Buffer.alloc(9000), "it begins with nothing but zero bytes", "copy the file again"],
  [
    "a plain dump by PowerShell's >",
    utf16(`\ufeff${HEADER}`),
    "it is UTF-16 text, which PowerShell's > makes of a dump",
    BY_FILE,
  ],
  [
    "a custom archive by PowerShell's >",
    utf16("\ufeffPGDMP\x01\x0e\0"),
    "it is a custom archive that PowerShell's > turned into text, which cannot be undone",
    BY_FILE,
  ],
  [
    "UTF-16 without its mark",
    utf16(HEADER),
    "it is UTF-16 text without a byte order mark",
    BY_FILE,
  ],
  ["a program", bytes("\x7fELF\x02\x01\0\0"), "it holds bytes that no text has", NEW_DUMP],
];

const SERVER_FILES =
  "start a server from it and dump that with pg_dump -Fc, or name the running server's URL";
const ITSELF = "name the dump itself: a file, or the folder that has toc.dat";

const FOLDERS: readonly (readonly [string, readonly string[], string, string])[] = [
  ["an empty folder", [], "it holds no files", ITSELF],
  ["a folder of other files", ["README.md"], "it holds no toc.dat", ITSELF],
  ["a folder around a dump", ["shop/toc.dat"], "it holds no files", ITSELF],
  [
    "pg_basebackup",
    ["PG_VERSION", "backup_label", "backup_manifest", "base/1/112", "global/pg_control"],
    "it is a copy of a server's files, as pg_basebackup makes it",
    SERVER_FILES,
  ],
  [
    "pg_basebackup in tars",
    ["base.tar.gz", "pg_wal.tar.gz"],
    "it is a copy of a server's files, as pg_basebackup makes it",
    SERVER_FILES,
  ],
  [
    "a directory dump without toc.dat",
    ["3340.dat.gz", "blobs.toc"],
    "it holds data of a directory dump, but no toc.dat",
    "copy the whole folder again, or make a new dump",
  ],
  [
    "a pg_dumpall that is no text",
    ["toc.glo", "map.dat", "databases/5.dmp"],
    "it is a pg_dumpall in a format of its own",
    "name one of the archives in its folder databases",
  ],
  [
    "a bundle",
    ["MANIFEST", "deploy.sql", "changes.jsonl"],
    "it is a bundle that rowpatch wrote",
    "name the dump or database that it was made from",
  ],
];

describe("what is no dump is told from a damaged one", () => {
  test.each(FILES)("%s", async (name, content, reason, remedy) => {
    const path = join(folder, name.replaceAll(/\W/g, "-"));
    writeFileSync(path, content);
    await expect(openDump(path)).rejects.toThrow(
      `${path} is not a PostgreSQL dump: ${reason}; ${remedy}`,
    );
  });

  test.each(FOLDERS)("%s", async (name, files, reason, remedy) => {
    const path = join(folder, name.replaceAll(/\W/g, "-"));
    mkdirSync(path);
    for (const file of files) {
      mkdirSync(dirname(join(path, file)), { recursive: true });
      writeFileSync(join(path, file), "");
    }
    await expect(openDump(path)).rejects.toThrow(
      `${path} is not a PostgreSQL dump: ${reason}; ${remedy}`,
    );
  });

  test("an empty file", async () => {
    writeFileSync(join(folder, "empty"), "");
    await expect(openDump(join(folder, "empty"))).rejects.toThrow(
      "is empty; a dump that pg_dump finished is never empty: make it again",
    );
  });

  test("a dump that is cut off stays a damaged dump", async () => {
    writeFileSync(join(folder, "cut"), `${HEADER}CREATE TABLE public.film (id integer,`);
    await expect(openDump(join(folder, "cut"))).rejects.toMatchObject({
      failure: { code: "dump_damaged" },
    });
  });

  test("inspect says so and gives the next command", async () => {
    const path = join(folder, "README.md");
    writeFileSync(path, README);
    expect(await run(["inspect", path])).toEqual({
      code: 2,
      stdout: "",
      stderr: `rowpatch: ${path} is not a PostgreSQL dump: it is a text that does not begin as SQL does; ${NEW_DUMP}\npg_dump -Fc -f production.dump "$URL"\n`,
    });
  });
});
