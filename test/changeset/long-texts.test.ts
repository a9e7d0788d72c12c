import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { writeLong } from "../../src/changeset/codec.ts";
import { escapeField } from "../../src/changeset/copy-field.ts";
import { longMark, longTexts, withLongTexts } from "../../src/changeset/long-texts.ts";
import { type Datum, isLong, LONG_BYTES, type LongText } from "../../src/compare/change.ts";
import { longField } from "../../src/compare/long-fields.ts";
import { comparableLine } from "../../src/rehearse/matching.ts";
import { LONG_WRITERS, literal } from "../../src/script/sql.ts";
import { createDatabase, hasServer } from "../support/postgres.ts";
import { prove } from "../support/proof.ts";
import { inPublic } from "../support/schema.ts";
import { scriptsOf } from "../support/scripts.ts";

const directory = mkdtempSync(join(tmpdir(), "long-texts-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** Characters of one to four bytes, so that they lie across the ends of pieces, and all that some file escapes. */
const PLAIN = "plain text, nothing to escape. ";
const NASTY = "a'b\"c\\d\n\r\t\b\f\v\u0001\u007fäß€😀\u2028\u202e$$ ";
const TEXTS: readonly (readonly [string, string])[] = [
  ["plain", PLAIN.repeat(20_000)],
  ["with quotes", "it's ".repeat(100_000)],
  ["nasty", NASTY.repeat(15_001)],
  ["plain, its last character nasty", `${PLAIN.repeat(20_000)}\\`],
  ["of four bytes a character, after one", `x${"😀".repeat(100_000)}`],
];

describe("a long text", () => {
  const texts = longTexts(join(directory, "unit"));
  const putAside = (pieces: Iterable<Buffer>): LongText => texts.add(inPublic("page"), pieces);
  const stored = (text: string): LongText => putAside([Buffer.from(text)]);

  async function written(text: string): Promise<string> {
    const piecesOf = async function* () {
      yield text;
    };
    let all = "";
    const writers = { ...LONG_WRITERS, json: writeLong };
    for await (const piece of withLongTexts(piecesOf(), texts, writers)) all += piece;
    return all;
  }

  test.each(TEXTS)("%s stands in files as a short one does", async (_, text) => {
    const value = stored(text);
    expect(value.long.characters).toBe(text.length);
    const marks = `<${longMark(value, "copy")}|${longMark(value, "literal")}>`;
    expect(await written(marks)).toBe(`<${escapeField(text)}|${literal(text)}>`);
    const json = await written(`"${longMark(value, "json")}"`);
    expect(JSON.parse(json)).toBe(text);
    expect(json).not.toMatch(/[\u2028\u2029]/);
  });

  test("is the same text exactly if its digest is", () => {
    expect(stored(PLAIN).long.sha256).toBe(stored(PLAIN).long.sha256);
    expect(stored(PLAIN).long.sha256).not.toBe(stored(`${PLAIN}.`).long.sha256);
  });

  test("matches the same text of a bundle, and no other one", () => {
    const table = { table: inPublic("page"), columns: ["id", "body"], key: ["id"] };
    const line = (body: Datum): string =>
      comparableLine(table, { kind: "insert", key: ["1"], after: ["1", body] });
    const text = "ä".repeat(LONG_BYTES);
    expect(line(text)).toBe(line(stored(text)));
    expect(line(`${text}.`)).not.toBe(line(stored(text)));
    expect(line(text).length).toBeLessThan(300);
  });

  test("that PostgreSQL would not read in a statement is refused with table and size", async () => {
    const place = { position: 0, bytes: 600_000_000 };
    const unread = { ...texts, some: () => true, read: function* () {} };
    stored("first");
    const value = { long: { ...place, characters: 0, sha256: "" } };
    const refused = async (mark: string) => {
      const pieces = async function* () {
        yield mark;
      };
      for await (const _ of withLongTexts(pieces(), unread, LONG_WRITERS));
    };
    await expect(refused(longMark(value, "literal"))).rejects.toMatchObject({
      failure: { code: "row_too_large", table: inPublic("page"), for: "script" },
      message: expect.stringMatching(/public\.page .*600 MB.*--ignore-column.*--exclude/),
    });
    await refused(longMark(value, "copy"));
  });

  const fields = { putAside, canonical: [undefined], kept: new Set<number>() };
  const read = (value: unknown): string =>
    typeof value === "object" && isLong(value as LongText)
      ? [...texts.read((value as LongText).long)].join("")
      : String(value);

  test.each(TEXTS)("%s is what its field of COPY text stands for", (_, text) => {
    const escaped = text.replace(/[\\\b\f\n\r\t\v]/g, (character) =>
      character === "\\" ? "\\\\" : `\\${"btnvfr"["\b\t\n\v\f\r".indexOf(character)]}`,
    );
    const value = longField(fields, 0, Buffer.from(escaped));
    expect(isLong(value)).toBe(true);
    expect(read(value)).toBe(text);
  });

  test("is long by its own length, however its field is spelled", () => {
    const limit = Buffer.from("\\n".repeat(LONG_BYTES));
    expect(longField(fields, 0, limit)).toBe("\n".repeat(LONG_BYTES));
    const more = Buffer.concat([limit, Buffer.from("x")]);
    expect(isLong(longField(fields, 0, more))).toBe(true);
  });

  test("of a key stays a string", () => {
    const kept = { ...fields, kept: new Set([0]) };
    const text = "k".repeat(2 * LONG_BYTES);
    expect(longField(kept, 0, Buffer.from(text))).toBe(text);
  });

  test("that is bytea in its old form and in hex is the same", () => {
    const canonical = [
      (text: string) => (text.startsWith("\\x") ? text : `\\x${Buffer.from(text).toString("hex")}`),
    ];
    const bytes = "a".repeat(LONG_BYTES);
    const old = longField({ ...fields, canonical }, 0, Buffer.from(bytes));
    const hex = Buffer.from(`\\\\x${Buffer.from(bytes).toString("hex")}`);
    const now = longField({ ...fields, canonical }, 0, hex);
    if (!isLong(old) || !isLong(now)) throw new Error("they are not long");
    expect(old.long.sha256).toBe(now.long.sha256);
  });
});

const PAGES = `
CREATE TABLE page (id int PRIMARY KEY, body text, file bytea, tree jsonb, tags text[]);
CREATE FUNCTION nasty(n int) RETURNS text IMMUTABLE LANGUAGE sql AS
  $f$ SELECT repeat(E'a''b"c\\\\d\\n\\r\\t\\u0001äß€😀\\u2028$$' || n, 9000) $f$;
INSERT INTO page SELECT n, nasty(n), convert_to(nasty(n), 'UTF8'), jsonb_build_object('of', nasty(n)), ARRAY[nasty(n), NULL]
  FROM generate_series(1, 3) AS n;`;
const EDITED = `${PAGES}
UPDATE page SET body = body || '.', file = file || '\\x00', tree = tree || '{"more": 1}', tags = tags || 'x'::text WHERE id = 1;
UPDATE page SET body = NULL, file = '', tree = NULL WHERE id = 2;
DELETE FROM page WHERE id = 3;
INSERT INTO page SELECT 5, nasty(5), convert_to(nasty(5), 'UTF8'), to_jsonb(nasty(5)), ARRAY[nasty(5)];`;

describe.skipIf(!hasServer).concurrent("long values of every form", { timeout: 120_000 }, () => {
  test.each([
    ["as COPY data", { bulkThreshold: 0 }],
    ["in statements", { bulkThreshold: 1000 }],
    ["in lists", { temporaryTables: false, bulkThreshold: 0 }],
  ])("go to production and back, %s", async (_, scriptOptions) => {
    await using production = await createDatabase(PAGES);
    await using local = await createDatabase(EDITED);
    const sides = { production: production.url, local: local.url };
    const options = { deletes: "apply", memory: 1024 * 1024 } as const;
    await using files = await scriptsOf(sides, options, scriptOptions);
    expect(files.found.changes).toEqual({ "public.page": { insert: 1, update: 2, delete: 1 } });
    await prove({ production, local, files, options });
  });

  test("are recognised under a new key", async () => {
    await using production = await createDatabase(PAGES);
    await using local = await createDatabase(`${PAGES} UPDATE page SET id = 9 WHERE id = 1;`);
    const sides = { production: production.url, local: local.url };
    await using files = await scriptsOf(sides, { deletes: "withhold" });
    expect(files.found.findings).toContain("keys_changed");
  });

  test("of a table without a key are withheld", async () => {
    const keyless = (text: string) => text.replace("PRIMARY KEY", "");
    await using production = await createDatabase(keyless(PAGES));
    await using local = await createDatabase(keyless(EDITED));
    const sides = { production: production.url, local: local.url };
    await using files = await scriptsOf(sides, { memory: 1024 * 1024 });
    expect(files.found.withheld).toEqual({ "public.page": { insert: 3, delete: 3 } });
  });
});
