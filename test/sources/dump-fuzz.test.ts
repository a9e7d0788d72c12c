import { createHash } from "node:crypto";
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ExpectedError } from "../../src/errors.ts";
import { openDump } from "../../src/sources/dump.ts";
import type { DumpSource } from "../../src/sources/source.ts";
import { columnLookup, fixturePath, hasFixtures, readExpected } from "../support/fixtures.ts";

/** How often each format is damaged; ROWPATCH_FUZZ multiplies it. */
const TIMES = Number(process.env["ROWPATCH_FUZZ"] ?? 1);
const TRUNCATIONS = Math.round(16 * TIMES);
const FLIPS = Math.round(30 * TIMES);
/** Blocks of the large fixtures whose rows are read. */
const BLOCKS_READ = 8;

const FORMATS = [
  "pg15/latin1_native.sql",
  "pg15/latin1_inserts_scs_off.sql",
  "pg15/sqlascii.dump",
  "pg13/custom_tables_subset.dump",
  "pg17/custom_none.dump",
  "pg17/custom_lz4.dump",
  "pg17/custom_zstd.dump",
  "pg17/custom_inserts.dump",
  "pg17/custom_stdout_redirect.dump",
  "pg17/tar.tar",
  "pg17/plain.sql.gz",
  "pg17/plain.sql.lz4",
  "pg17/plain.sql.zst",
];
const DIRECTORIES = ["pg17/dir_none", "pg17/dir_gzip", "pg17/dir_lz4", "pg17/dir_zstd"];

const folder = mkdtempSync(join(tmpdir(), "rowpatch-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(!hasFixtures)("a damaged dump fails as foreseen", () => {
  test.each(FORMATS)("%s cut off is never taken for whole", async (name) => {
    const path = join(folder, "cut");
    const bytes = readFileSync(fixturePath(name));
    const whole = await contentOf(fixturePath(name));
    const random = numbers(1);
    for (let count = 0; count < TRUNCATIONS; count += 1) {
      // Half of them near the end, where formats have their marks.
      const near = count % 2 === 0;
      const length = near ? bytes.length - 1 - (count >> 1) : random(bytes.length);
      writeFileSync(path, bytes.subarray(0, length));
      const content = await contentOf(path);
      expect([content, length]).toSatisfy(() => content === "failure" || content === whole);
    }
  });

  test.each(FORMATS)("%s with a byte changed", async (name) => {
    const path = join(folder, "flip");
    const original = readFileSync(fixturePath(name));
    const random = numbers(2);
    for (let count = 0; count < FLIPS; count += 1) {
      const bytes = Buffer.from(original);
      // Headers and tables of contents break in more ways than rows do.
      const at = random(count % 2 === 0 ? Math.min(2000, bytes.length) : bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 + random(255));
      writeFileSync(path, bytes);
      expect(await contentOf(path)).toMatch(/^(?:failure|[0-9a-f]{32})$/);
    }
  });

  test.each(DIRECTORIES)("%s with a file cut off or missing", async (name) => {
    const path = join(folder, "directory");
    const whole = await contentOf(fixturePath(name), Number.POSITIVE_INFINITY);
    const names = readdirSync(fixturePath(name)).filter((file) => !/^blob/.test(file));
    const random = numbers(3);
    for (let count = 0; count < TRUNCATIONS; count += 1) {
      cpSync(fixturePath(name), path, { recursive: true });
      const file = join(path, names[random(names.length)] ?? "toc.dat");
      const size = statSync(file).size;
      const cut = readFileSync(file).subarray(0, random(size));
      rmSync(file);
      if (count % 5 > 0) writeFileSync(file, cut);
      const content = await contentOf(path, Number.POSITIVE_INFINITY);
      expect([content, file, cut.length]).toSatisfy(
        () => content === "failure" || content === whole,
      );
      rmSync(path, { recursive: true });
    }
  });

  test.each(DIRECTORIES)("%s with a byte of a file changed", async (name) => {
    const path = join(folder, "flipped");
    cpSync(fixturePath(name), path, { recursive: true });
    const names = readdirSync(path).filter((file) => !/^blob/.test(file));
    const random = numbers(4);
    for (let count = 0; count < FLIPS; count += 1) {
      // Every second time the table of contents, on which all else depends.
      const file = join(path, count % 2 === 0 ? "toc.dat" : (names[random(names.length)] ?? ""));
      const original = readFileSync(file);
      const bytes = Buffer.from(original);
      const at = random(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 + random(255));
      writeFileSync(file, bytes);
      expect(await contentOf(path, Number.POSITIVE_INFINITY)).toMatch(/^(?:failure|[0-9a-f]{32})$/);
      writeFileSync(file, original);
    }
    rmSync(path, { recursive: true });
  });
});

const columnsOf = columnLookup(
  hasFixtures ? readExpected("pg17/expected.nasty.json") : { tables: {}, not_dumped: {} },
);

/** A digest of everything that was read, or `failure`. Any other error is a bug and comes out. */
async function contentOf(path: string, blocks: number = BLOCKS_READ): Promise<string> {
  try {
    await using dump = await openDump(path);
    return await digestOf(dump, blocks);
  } catch (error) {
    if (error instanceof ExpectedError) return "failure";
    throw error;
  }
}

async function digestOf(dump: DumpSource, blocks: number): Promise<string> {
  const hash = createHash("md5");
  hash.update(JSON.stringify([dump.ddl, dump.largeObjects, await dump.sequences()]));
  for (const { table, columns, positional } of dump.blocks) {
    hash.update(JSON.stringify([table, columns, positional]));
  }
  for (const { table, columns, positional } of dump.blocks.slice(0, blocks)) {
    const wanted = positional ? (columnsOf(table)?.slice(0, 1) ?? []) : columns;
    const request = { table, parts: [table], columns: wanted, columnsOf };
    for await (const chunk of dump.lines(request)) hash.update(chunk);
  }
  return hash.digest("hex");
}

/** Numbers below a limit, the same for the same seed. */
function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state * 48271) % 2147483647;
    return state % Math.max(limit, 1);
  };
}
