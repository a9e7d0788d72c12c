import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { changeBytes, contentOf, cutOff, FLIPS, numbers, TRUNCATIONS } from "../support/damage.ts";
import { fixturePath, hasFixtures } from "../support/fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "rowpatch-fuzz-made-"));
afterAll(() => rmSync(folder, { recursive: true }));

function run(program: string, flags: readonly string[], input: Buffer): Buffer {
  const { status, stdout } = spawnSync(program, flags, { input, maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`${program} failed`);
  return stdout;
}

const has = (program: string): boolean => spawnSync(program, ["--version"]).status === 0;

interface Coding {
  readonly name: "gz" | "lz4" | "zst";
  readonly available: boolean;
  readonly encode: (content: Buffer) => Buffer;
}

const GZIP: Coding = { name: "gz", available: true, encode: (content) => gzipSync(content) };
/** As pg_dump writes it: linked blocks of 64 KB without checksums. */
const LZ4: Coding = {
  name: "lz4",
  available: has("lz4"),
  encode: (content) => run("lz4", ["-q", "-c", "-BD", "-B4", "--no-frame-crc"], content),
};
const ZSTD: Coding = {
  name: "zst",
  available: has("zstd"),
  encode: (content) => run("zstd", ["-q", "-c", "-1", "--no-check"], content),
};

describe.skipIf(!hasFixtures)("a damaged tar that someone compressed fails as foreseen", () => {
  for (const { name, available, encode } of [GZIP, LZ4, ZSTD]) {
    const original = (): Buffer => encode(readFileSync(fixturePath("pg17/tar.tar")));
    test.skipIf(!available)(`tar.${name} cut off is never taken for whole`, async () => {
      await cutOff({ path: join(folder, "cut"), original: original(), count: TRUNCATIONS });
    });
    test.skipIf(!available)(`tar.${name} with a byte changed`, async () => {
      await changeBytes({ path: join(folder, "flip"), original: original(), count: FLIPS });
    });
  }
});

/** Rows of three columns that compress to about half, over 1 MiB: what is decoded in a thread. */
function manyRows(): string {
  const rows: string[] = [];
  for (let id = 1; id <= 32_000; id += 1) {
    const digest = createHash("sha256").update(String(id)).digest("hex");
    rows.push(`${id}\t${digest}\t${id % 3 === 0 ? "\\N" : digest.slice(0, 30)}\n`);
  }
  return `${rows.join("")}\\.\n`;
}

const PLAIN = `--
-- PostgreSQL database dump
--

CREATE TABLE public.film (id integer, title text, note text);
COPY public.film (id, title, note) FROM stdin;
${manyRows()}
--
-- PostgreSQL database dump complete
--
`;

/** What is decoded in a thread takes longer. */
const FEWER = 8;

describe("a damaged dump that is decoded in a thread fails as foreseen", () => {
  for (const { name, available, encode } of [LZ4, ZSTD]) {
    const original = (): Buffer => {
      const bytes = encode(Buffer.from(PLAIN));
      expect(bytes.length).toBeGreaterThan(2 ** 20);
      return bytes;
    };
    test.skipIf(!available)(`plain.sql.${name} cut off is never taken for whole`, async () => {
      const count = Math.ceil(TRUNCATIONS / FEWER);
      await cutOff({ path: join(folder, "cut"), original: original(), count });
    });
    test.skipIf(!available)(`plain.sql.${name} with a byte changed`, async () => {
      const count = Math.ceil(FLIPS / FEWER);
      await changeBytes({ path: join(folder, "flip"), original: original(), count });
    });
    test.skipIf(!available || !hasFixtures)(`a directory with ${name} damaged`, async () => {
      const path = join(folder, `directory-${name}`);
      cpSync(fixturePath("pg17/dir_none"), path, { recursive: true });
      const file = join(path, `${ESCAPES}.${name}`);
      rmSync(join(path, ESCAPES));
      const content = encode(Buffer.from(`${manyRows()}\n\n`));
      expect(content.length).toBeGreaterThan(2 ** 20);
      writeFileSync(file, content);
      const whole = await contentOf(path, Number.POSITIVE_INFINITY);
      expect(whole).not.toBe("failure");
      const random = numbers(5);
      for (let count = 0; count < Math.ceil(FLIPS / FEWER); count += 1) {
        const at = random(content.length);
        const bytes = Buffer.from(content.subarray(0, count % 3 === 0 ? at : content.length));
        if (count % 3 > 0) bytes[at] = (bytes[at] ?? 0) ^ (1 + random(255));
        writeFileSync(file, bytes);
        const found = await contentOf(path, Number.POSITIVE_INFINITY);
        expect(found).toMatch(count % 3 === 0 ? /^failure$/ : /^(?:failure|[0-9a-f]{32})$/);
      }
    });
  }
});

/** The data of a table with three columns in that fixture. */
const ESCAPES = "4114.dat";
