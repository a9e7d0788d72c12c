import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dumpTo } from "./support/dumps.ts";
import { createDatabase, hasServer, type TestDatabase } from "./support/postgres.ts";
import { prove } from "./support/proof.ts";
import { type Found, type Options, scriptsOf } from "./support/scripts.ts";

const shared = new URL("../../shared/", import.meta.url);

interface Sample {
  readonly name: string;
  readonly file: URL;
  /** Statements that psql must not run: they would leave the test's own database. */
  readonly without?: RegExp;
  readonly options: Options;
  /** Rows inserted, updated and deleted by test/samples/, and tables touched. */
  readonly changes: { insert: number; update: number; delete: number; tables: number };
}

const SAMPLES: readonly Sample[] = [
  {
    name: "Pagila",
    file: new URL("samples/pagila.sql", shared),
    options: { deletes: "apply", triggers: "disable" },
    changes: { insert: 21, update: 143, delete: 24, tables: 14 },
  },
  {
    name: "Chinook",
    file: new URL("samples/chinook.sql", shared),
    without: /^(DROP DATABASE IF EXISTS|CREATE DATABASE|\\c) chinook;$/gm,
    options: { deletes: "apply" },
    changes: { insert: 21, update: 39, delete: 13, tables: 11 },
  },
  {
    name: "nasty",
    file: new URL("fixtures/src/nasty.sql", shared),
    options: { deletes: "apply", triggers: "disable", rules: "disable" },
    changes: { insert: 165, update: 226, delete: 153, tables: 47 },
  },
];

describe.skipIf(!hasServer)("samples", { timeout: 180_000 }, () => {
  for (const { name, file, without, options, changes } of SAMPLES) {
    describe.skipIf(!existsSync(file))(name, () => {
      let directory: string;
      let production: TestDatabase;
      let local: TestDatabase;
      let live: Found;
      beforeAll(async () => {
        directory = await mkdtemp(join(tmpdir(), "rowpatch-samples-"));
        const path = join(directory, "sample.sql");
        await writeFile(path, (await readFile(file, "utf8")).replaceAll(without ?? /^$/g, ""));
        production = await createDatabase({ file: path });
        const edits = new URL(`samples/${name.toLowerCase()}.sql`, import.meta.url).pathname;
        local = await createDatabase({ template: production.name, file: edits });
      });
      afterAll(async () => {
        await local?.[Symbol.asyncDispose]();
        await production?.[Symbol.asyncDispose]();
        await rm(directory, { recursive: true });
      });

      test("live databases", async () => {
        await using files = await scriptsOf(
          { production: production.url, local: local.url },
          options,
        );
        live = files.found;
        const counts = Object.values(live.changes);
        const sum = (kind: "insert" | "update" | "delete") =>
          counts.reduce((total, count) => total + (count[kind] ?? 0), 0);
        expect({
          insert: sum("insert"),
          update: sum("update"),
          delete: sum("delete"),
          tables: counts.length,
        }).toEqual(changes);
      });

      test.for(["plain", "custom"] as const)("a %s dump of production", async (format) => {
        const dump = await dumpTo(join(directory, `production.${format}`), production.url, format);
        await using files = await scriptsOf({ production: dump, local: local.url }, options);
        expect(files.found.lines).toEqual(live.lines);
        await prove({ production, local, files, options });
      });

      test("the way back, from a dump of local", async () => {
        const dump = await dumpTo(join(directory, "local.dump"), local.url, "custom");
        await using files = await scriptsOf({ production: dump, local: production.url }, options);
        await prove({ production: local, local: production, files, options });
      });
    });
  }
});
