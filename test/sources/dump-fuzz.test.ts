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
import { changeBytes, contentOf, cutOff, FLIPS, numbers, TRUNCATIONS } from "../support/damage.ts";
import { fixturePath, hasFixtures } from "../support/fixtures.ts";

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
    const original = readFileSync(fixturePath(name));
    await cutOff({ path: join(folder, "cut"), original, count: TRUNCATIONS });
  });

  test.each(FORMATS)("%s with a byte changed", async (name) => {
    const original = readFileSync(fixturePath(name));
    await changeBytes({ path: join(folder, "flip"), original, count: FLIPS });
  });

  test.each(DIRECTORIES)("%s with a file cut off or missing", async (name) => {
    const path = join(folder, "directory");
    const whole = await contentOf(fixturePath(name), Number.POSITIVE_INFINITY);
    expect(whole).not.toBe("failure");
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
