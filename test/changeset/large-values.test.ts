import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type Datum, isLong } from "../../src/compare/change.ts";
import { compare } from "../../src/pipeline.ts";
import { canDump, dumpTo } from "../support/dumps.ts";
import { createDatabase, hasServer, type TestDatabase } from "../support/postgres.ts";
import { requestOf } from "../support/scripts.ts";

/** Beyond every buffer and beyond the memory that is granted below. */
const BYTES = 100_000_000;
const PRODUCTION = `
CREATE TABLE page (id int PRIMARY KEY, title text NOT NULL, body text NOT NULL);
INSERT INTO page VALUES (1, 'equal', repeat('e', 1000000)), (2, 'large in production', repeat('p', ${BYTES})),
  (3, 'large in local', 'short'), (4, 'small', 'small');`;
const LOCAL = `${PRODUCTION}
UPDATE page SET body = 'short' WHERE id = 2;
UPDATE page SET body = repeat('l', ${BYTES}) WHERE id = 3;`;

function lengthOf(value: Datum): number {
  return isLong(value) ? value.long.characters : String(value).length;
}

describe.skipIf(!hasServer)("values of 100 MB", () => {
  let databases: { readonly production: TestDatabase; readonly local: TestDatabase };
  beforeAll(async () => {
    databases = {
      production: await createDatabase(PRODUCTION),
      local: await createDatabase(LOCAL),
    };
    return async () => {
      for (const database of Object.values(databases)) await database[Symbol.asyncDispose]();
    };
  });

  test.for(["live", "custom"] as const)(
    "are compared on either side, production %s",
    async (kind, { skip }) => {
      if (kind !== "live" && !(await canDump())) skip("pg_dump does not read this server");
      const tempDirectory = await mkdtemp(join(tmpdir(), "large-"));
      const { production, local } = databases;
      const path = join(tempDirectory, "production");
      try {
        const sides = {
          production: kind === "live" ? production.url : await dumpTo(path, production.url, kind),
          local: local.url,
        };
        const options = { memory: 16 * 1024 * 1024, env: {} };
        await using comparison = await compare(requestOf(sides, options, tempDirectory));
        const [page] = comparison.changeset.tables;
        const lengths: unknown[] = [];
        if (page) {
          for await (const change of comparison.changeset.changes(page.table)) {
            if (change.kind !== "update") throw new Error(`a ${change.kind} was found`);
            const { key, before, after } = change;
            lengths.push([...key, ...[before, after].map(([body]) => lengthOf(body ?? null))]);
          }
        }
        expect(lengths).toEqual([
          ["2", BYTES, "short".length],
          ["3", "short".length, BYTES],
        ]);
      } finally {
        await rm(tempDirectory, { recursive: true });
      }
    },
  );
});
