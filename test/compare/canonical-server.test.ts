/** canonical(text under odd settings) is the text under the pinned settings: asked of a real server. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canonicalizer } from "../../src/compare/canonical.ts";
import { createDatabase, hasServer, type TestDatabase } from "../support/postgres.ts";
import { askJson } from "./json.ts";
import { randomNumbers, SAMPLE_CATALOG, SAMPLE_TYPES_SQL, typeOf } from "./types.ts";

const PINNED = "SET TimeZone = 'UTC'; SET bytea_output = hex; SET extra_float_digits = 1;";

/** Columns of the table of samples. */
const COLUMNS = {
  at: "timestamptz",
  data: "bytea",
  moments: "timestamptz[]",
  grid: "public.moments",
  bounded: "tstzmultirange",
  span: "tstzrange",
  datas: "bytea[]",
  entry: "public.entry",
  entries: "public.entry[]",
  logged: "public.log",
};

/** Instants from 4713 BC to year 294276, most of them since 1800; bytes of all values; texts of characters that quoting cares for. */
const SAMPLES = `
SET TimeZone = 'UTC';
SELECT setseed(0.25);
CREATE FUNCTION instant() RETURNS timestamptz VOLATILE LANGUAGE sql AS $$
  SELECT CASE WHEN random() < 0.05 THEN 'infinity' WHEN random() < 0.05 THEN '-infinity'
    WHEN random() < 0.2 THEN timestamptz '4712-01-01 BC' + random() * 299000 * interval '365 days'
    WHEN random() < 0.5 THEN date_trunc('second', timestamptz '1800-01-01' + random() * 250 * interval '365 days')
    ELSE timestamptz '1800-01-01' + random() * 250 * interval '365 days' END $$;
CREATE FUNCTION bytes() RETURNS bytea VOLATILE LANGUAGE sql AS $$
  SELECT coalesce(string_agg(set_byte('\\x00', 0, CASE WHEN random() < 0.3 THEN 92 ELSE floor(random() * 256)::int END), ''), '')
  FROM generate_series(1, floor(random() * 9)::int) $$;
CREATE FUNCTION letters() RETURNS text VOLATILE LANGUAGE sql AS $$
  SELECT coalesce(string_agg(substr(E'a,"\\\\ ()[]{};NULnul\\t\\n\\u00e9\\u00a0\\U0001f600', 1 + floor(random() * 25)::int, 1), ''), '')
  FROM generate_series(1, floor(random() * 6)::int) $$;
CREATE FUNCTION entry() RETURNS entry VOLATILE LANGUAGE sql AS $$
  SELECT (nullif(instant(), 'infinity'), nullif(letters(), 'a'), nullif(bytes(), ''), ARRAY[instant(), NULL])::entry $$;
CREATE FUNCTION span() RETURNS tstzrange VOLATILE LANGUAGE sql AS $$
  SELECT tstzrange(nullif(least(a, b), '-infinity'), greatest(a, b), '[]') FROM (SELECT instant() AS a, instant() AS b) ab $$;
CREATE TABLE samples AS
  SELECT n, instant() AS at, bytes() AS data, ARRAY[instant(), NULL, instant()] AS moments,
    ('[0:1][-1:0]={{"' || instant() || '",NULL},{"' || instant() || '",infinity}}')::moments AS grid,
    tstzmultirange(span(), span()) AS bounded, span() AS span, ARRAY[bytes(), NULL, bytes(), 'NULL'] AS datas,
    entry() AS entry, ARRAY[entry(), NULL, entry()] AS entries, (n, instant())::log AS logged
  FROM generate_series(1, 1000) n;
`;

/** All samples as text, row by row, under the given settings. */
async function printed(url: string, settings: string): Promise<string[][]> {
  const columns = Object.keys(COLUMNS).map((name) => `format('%s', ${name})`);
  const rows = await askJson(
    url,
    `${settings} SELECT json_agg(json_build_array(${columns.join(", ")}) ORDER BY n) FROM samples`,
  );
  return rows as string[][];
}

describe.skipIf(!hasServer)("canonical text", () => {
  let database: TestDatabase;
  /** All samples under the pinned settings. */
  let pinned: string[][];
  beforeAll(async () => {
    database = await createDatabase(`${SAMPLE_TYPES_SQL}${SAMPLES}`);
    pinned = await printed(database.url, PINNED);
  });
  afterAll(() => database[Symbol.asyncDispose]());

  test.each([
    ["Asia/Kathmandu", "escape"],
    ["America/Los_Angeles", "escape"],
    ["Africa/Monrovia", "hex"],
    ["Europe/Amsterdam", "escape"],
    ["Pacific/Apia", "hex"],
    ["Australia/Lord_Howe", "hex"],
    ["<-0315>3:15", "hex"],
    ["UTC", "escape"],
  ])(
    "what TimeZone %s and bytea_output %s print is as under the pinned settings",
    async (zone, output) => {
      const odd = await printed(
        database.url,
        `SET TimeZone = '${zone}'; SET bytea_output = ${output};`,
      );
      const rewrites = Object.values(COLUMNS).map((type) => rewriteOf(type));
      expect(odd).not.toEqual(pinned);
      expect(odd.map((row) => row.map((text, at) => rewrites[at]?.(text)))).toEqual(pinned);
      expect(pinned.map((row) => row.map((text, at) => rewrites[at]?.(text)))).toEqual(pinned);
    },
  );

  test.each([
    ["float8", 17, (a: string) => a],
    ["float4", 9, (a: string) => a],
    ["float8[]", 17, (a: string, b: string) => `[2:4]={${a},NULL,${b}}`],
    ["float4[]", 9, (a: string, b: string) => `{{${a}},{${b}}}`],
    ["public.floatrange", 17, (a: string) => `[${a},)`],
    ["public.floatmultirange", 17, (a: string) => `{(,${a}]}`],
    ["point", 17, (a: string, b: string) => `(${a},${b})`],
    ["point[]", 17, (a: string, b: string) => `{"(${a},${b})",NULL}`],
    ["path", 17, (a: string, b: string) => `[(${a},${b}),(${b},${a})]`],
    ["polygon", 17, (a: string, b: string) => `((${a},${b}),(${b},${a}))`],
    ["lseg", 17, (a: string, b: string) => `[(${a},${b}),(${b},${a})]`],
    ["public.cube", 17, (a: string, b: string) => `(${a}, ${b})`],
  ] as const)("%s with the digits that servers before 12 print", async (type, digits, compose) => {
    const values = floatTexts(type.startsWith("float4") ? 4 : 8, digits);
    const old = values.map((text, at) => compose(text, values[at - 1] ?? "0"));
    const now = await askJson(
      database.url,
      `${PINNED} SELECT json_agg(format('%s', v::${type}) ORDER BY n)
       FROM json_array_elements_text($json$${JSON.stringify(old)}$json$) WITH ORDINALITY AS j(v, n)`,
    );
    const rewrite = rewriteOf(type);
    expect(old.map((text) => rewrite(text))).toEqual(now);
    expect((now as string[]).map((text) => rewrite(text))).toEqual(now);
  });
});

function rewriteOf(type: string): (text: string) => string {
  return canonicalizer(typeOf(type), SAMPLE_CATALOG) ?? expect.fail(`${type} has no canonicalizer`);
}

/** Floats of all magnitudes: random bits, short decimals, powers of two, denormal values, and those halfway between decimals. */
function floatTexts(bytes: 4 | 8, digits: number): string[] {
  const random = randomNumbers(bytes);
  const view = new DataView(new ArrayBuffer(8));
  const bits = bytes === 8 ? 53 : 24;
  const range = bytes === 8 ? 300 : 36;
  const makers: ((n: number) => number)[] = [
    () => {
      view.setUint32(0, random() * 2 ** 32);
      view.setUint32(4, random() * 2 ** 32);
      return bytes === 8 ? view.getFloat64(0) : view.getFloat32(0);
    },
    () => Number(`${Math.floor(random() * 99999)}e${Math.floor(random() * range) - range / 2}`),
    (n) => 2 ** ((n % (bytes === 8 ? 2098 : 277)) - (bytes === 8 ? 1074 : 149)),
    () => Math.floor(random() * 2 ** 20) * 2 ** (bytes === 8 ? -1074 : -149),
    () => Math.floor(2 ** bits * (random() / 2 + 0.5)) * 2 ** -Math.floor(random() * 10),
    () => -Math.floor(2 ** bits * random()) * 2 ** Math.floor(random() * 70),
  ];
  return Array.from({ length: 3000 }, (_, n) => makers[n % makers.length]?.(n) ?? 0)
    .map((value) => (bytes === 8 ? value : Math.fround(value)))
    .filter((value) => Number.isFinite(value))
    .map((value) => (Object.is(value, -0) ? "-0" : value.toExponential(digits - 1)));
}
