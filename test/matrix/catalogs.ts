import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "vitest";
import { readCatalog } from "../../src/catalog/snapshot.ts";
import { openSource } from "../../src/sources/open.ts";
import { canDump, dumpTo } from "../support/dumps.ts";
import { createDatabase, testServer } from "../support/postgres.ts";

const folder = new URL("../cases/", import.meta.url);
const names = (await readdir(folder)).sort();

describe.concurrent("a server and its dump give the same catalog", () => {
  test.for(names)("%s", async (name, { expect, skip }) => {
    skip(!(await canDump()), "this pg_dump refuses newer servers");
    const { since = 13 } = JSON.parse(await readFile(new URL(`${name}/case.json`, folder), "utf8"));
    skip(testServer().versionNumber < since * 10_000, `needs PostgreSQL ${since}`);
    const file = new URL(`${name}/production.sql`, folder).pathname;
    await using database = await createDatabase({ file });
    const directory = await mkdtemp(join(tmpdir(), "rowpatch-matrix-"));
    try {
      const options = { env: process.env, tempDirectory: directory };
      const path = await dumpTo(join(directory, "dump"), database.url, "custom");
      await using live = await openSource(database.url, options);
      await using dump = await openSource(path, options);
      expect(await readCatalog(dump)).toEqual(await readCatalog(live));
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
