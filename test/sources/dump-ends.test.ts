import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { openDump } from "../../src/sources/dump.ts";
import { fixturePath, hasFixtures } from "../support/fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "rowpatch-ends-"));
afterAll(() => rmSync(folder, { recursive: true }));

const has = (program: string): boolean => spawnSync(program, ["--version"]).status === 0;

/** With a checksum at its end. */
function encode(program: string, flags: readonly string[]): (content: Buffer) => Buffer {
  return (input) => spawnSync(program, flags, { input, maxBuffer: 2 ** 26 }).stdout;
}

const CODINGS = [
  { suffix: "gz", available: true, encode: (content: Buffer) => gzipSync(content), checked: 8 },
  { suffix: "lz4", available: has("lz4"), encode: encode("lz4", ["-q", "-c"]), checked: 4 },
  {
    suffix: "zst",
    available: has("zstd"),
    encode: encode("zstd", ["-q", "-c", "--check"]),
    checked: 4,
  },
];

/** The data of public.escapes. */
const FILE = "4114.dat";
const ESCAPES = { schema: "public", name: "escapes" };

/** Short, and long enough for a thread. */
const SIZES: readonly (readonly [string, () => Buffer])[] = [
  ["short", () => readFileSync(fixturePath(`pg17/dir_none/${FILE}`))],
  [
    "over 1 MiB",
    () => {
      let state = 1;
      const digits = Array.from({ length: 400_000 }, (_, index) => {
        state = (state * 48271) % 2147483647;
        return index % 3 === 2 ? `${state}\n` : `${state}\t`;
      });
      return Buffer.from(`${digits.join("").replace(/\n[^\n]*$/, "\n")}\\.\n\n\n`);
    },
  ],
];

async function lengthOf(path: string): Promise<number> {
  await using dump = await openDump(path);
  const columns = dump.blocks.find(({ table }) => table.name === ESCAPES.name)?.columns ?? [];
  let length = 0;
  const request = { table: ESCAPES, parts: [ESCAPES], columns };
  for await (const chunk of dump.lines(request)) length += chunk.length;
  return length;
}

const damaged = { failure: { code: "dump_damaged" } };

describe.skipIf(!hasFixtures)(
  "the end of a table's file is read, after the end of its rows",
  () => {
    for (const { suffix, available, encode: encoded, checked } of CODINGS) {
      test.skipIf(!available).each(SIZES)(`${suffix}, %s`, async (size, make) => {
        const path = join(folder, `${suffix}-${size.replaceAll(" ", "-")}`);
        cpSync(fixturePath("pg17/dir_none"), path, { recursive: true });
        rmSync(join(path, FILE), { force: true });
        const content = make();
        const file = encoded(content);
        const put = (bytes: Buffer): void => writeFileSync(join(path, `${FILE}.${suffix}`), bytes);
        put(file);
        expect(await lengthOf(path)).toBe(content.length - "\\.\n\n\n".length);
        for (let cut = 1; cut <= checked; cut += 1) {
          put(file.subarray(0, -cut));
          await expect(lengthOf(path)).rejects.toMatchObject(damaged);
          const changed = Buffer.from(file);
          changed[file.length - cut] = (changed[file.length - cut] ?? 0) ^ 1;
          put(changed);
          await expect(lengthOf(path)).rejects.toMatchObject(damaged);
        }
        put(encoded(Buffer.concat([content, Buffer.from("7\tx\ty\n")])));
        await expect(lengthOf(path)).rejects.toThrow("something follows the line \\.");
      });
    }
  },
);
