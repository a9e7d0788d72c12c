import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { openDump } from "../../src/sources/dump.ts";
import { fileWriter, makeFolder } from "../support/files.ts";
import { fixturePath, hasFixtures } from "../support/fixtures.ts";

const write = fileWriter(makeFolder("databases"));

/** A dump as pg_dump writes it, with or without --create. */
function dump(row: string, database?: string): string {
  const create = database
    ? `CREATE DATABASE ${database} WITH TEMPLATE = template0 ENCODING = 'UTF8';\n\n\\connect ${database}\n\n`
    : "";
  return `--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 15.18\n-- Dumped by pg_dump version 15.18\n\nSET client_encoding = 'UTF8';\n\n${create}COPY public.film (id) FROM stdin;\n${row}\n\\.\n\n--\n-- PostgreSQL database dump complete\n--\n\n`;
}

async function rowsOf(path: string, database?: string): Promise<string> {
  await using source = await openDump(path, database === undefined ? {} : { database });
  const table = { schema: "public", name: "film" };
  const chunks: Buffer[] = [];
  for await (const chunk of source.lines({ table, parts: [table], columns: ["id"] })) {
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks).toString();
}

describe("a database asked for of a file with one", () => {
  const named = [
    ["a plain dump", dump("1", "shop")],
    ["a compressed plain dump", gzipSync(dump("1", "shop"))],
  ] as const;

  test.each(named)(
    "%s that names another is refused with the name it holds",
    async (_, content) => {
      const opened = openDump(write(content), { database: "crm" });
      await expect(opened).rejects.toThrow('does not hold the database "crm"; name one of: "shop"');
    },
  );

  test.each(named)("%s that names the same is read", async (_, content) => {
    expect(await rowsOf(write(content), "shop")).toBe("1\n");
  });

  test("a plain dump that names none is taken to hold it", async () => {
    expect(await rowsOf(write(dump("1")), "crm")).toBe("1\n");
  });

  test.skipIf(!hasFixtures).each(["custom_gzip.dump", "tar.tar", "dir_zstd"])(
    "%s has a name in its header",
    async (name) => {
      const path = fixturePath(`pg17/${name}`);
      await expect(openDump(path, { database: "crm" })).rejects.toMatchObject({
        failure: { code: "several_databases", databases: ["nasty"], wanted: "crm" },
      });
      await using source = await openDump(path, { database: "nasty" });
      expect(source.provenance.database).toBe("nasty");
    },
  );
});

describe("dumps behind each other in one file", () => {
  const both = dump("1", "shop") + dump("2", "crm");

  test("are listed by their databases", async () => {
    await expect(openDump(write(both))).rejects.toMatchObject({
      failure: { code: "several_databases", databases: ["shop", "crm"] },
    });
    await expect(openDump(write(both), { database: "x" })).rejects.toMatchObject({
      failure: { code: "several_databases", databases: ["shop", "crm"], wanted: "x" },
    });
  });

  test.each([
    ["shop", "1\n"],
    ["crm", "2\n"],
  ])("%s is read by its name", async (database, rows) => {
    expect(await rowsOf(write(both), database)).toBe(rows);
  });

  test.each([
    ["without names", dump("1") + dump("2"), "shop"],
    ["of the same database", dump("1", "shop") + dump("2", "shop"), "shop"],
  ])("%s are refused", async (_, content, database) => {
    for (const options of [{}, { database }]) {
      await expect(openDump(write(content), options)).rejects.toMatchObject({
        failure: { code: "dump_unsupported" },
      });
    }
  });
});
