/**
 * The column types of random schemas, each with values that have gone wrong somewhere, as text that PostgreSQL reads.
 */

/** One column type. */
export interface ColumnType {
  /** As CREATE TABLE takes it, collation included. */
  readonly sql: string;
  /** As a cast takes it. */
  readonly cast: string;
  readonly values: readonly string[];
  /** Whether unique indexes, keys and foreign keys take it. */
  readonly indexed: boolean;
  /** Another spelling that the type takes for the same value; `$` stands for the column. */
  readonly respelled?: string;
  /** The same text exactly for values that the type takes for the same; `$` stands for the column. */
  readonly canonical?: string;
  /** Expressions for unique indexes and generated columns, with the type that they give; `$` stands for the column. */
  readonly expressions?: readonly { readonly sql: string; readonly type: string }[];
}

const LONG = "long ".repeat(1700);

const TEXTS = [
  ...[
    "",
    "a",
    "A",
    "b",
    "B",
    "ab",
    "é",
    "straße",
    "STRASSE",
    "NULL",
    "\\N",
    "\\",
    "\\.",
    "'",
    "''",
  ],
  ...['"', "a'b\\'c", "$$", "$rowpatch$", "$_$", "; DROP TABLE t; --", "/*", "*/", "-- x", ":name"],
  ...[":'x'", "`id`", "%s", "%", "{}", "\t", "a\nb", "\r\n", " lead", "trail ", "😀", "\u202e"],
  ...["x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "true", "1", "01", "\\x41", "\u0001"],
];
const WORDS = TEXTS.filter((text) => text.length < 12 && !text.endsWith(" "));
const SMALL = Array.from({ length: 24 }, (_, n) => String(n - 2));

type More = Partial<ColumnType>;

function type(cast: string, values: readonly string[], more: More = {}): ColumnType {
  const { indexed = true, sql = cast, ...rest } = more;
  return { sql, cast, values, indexed, ...rest };
}

const NUMBERS = {
  expressions: [
    { sql: "($ / 2)", type: "" },
    { sql: "coalesce($, 0)", type: "" },
  ],
} as const;
const STRINGS = {
  expressions: [
    { sql: "lower($)", type: "text" },
    { sql: "length($)", type: "int4" },
    { sql: "coalesce($, 'none')", type: "" },
  ],
} as const;
const CASELESS = { respelled: "upper($::text)", canonical: "lower($::text)" };

/** Every type by its name here. */
export const TYPES: Readonly<Record<string, ColumnType>> = {
  int4: type("int4", [...SMALL, "2147483647", "-2147483648"], NUMBERS),
  int8: type("int8", [...SMALL, "9223372036854775807", "-9223372036854775808"], NUMBERS),
  int2: type("int2", [...SMALL, "32767", "-32768"], NUMBERS),
  numeric: type(
    "numeric",
    [...SMALL, "1.0", "1.00", "0.10", "NaN", "1e30", "-0.000001", "12345678901234567890.5"],
    { respelled: "$ + 0.000", canonical: "trim_scale($)::text" },
  ),
  numeric82: type("numeric(8,2)", [...SMALL, "0.01", "999999.99", "-999999.99", "NaN"]),
  float4: type("float4", [...SMALL, "0.1", "-0", "1e-38", "NaN", "Infinity", "3.4028235e38"], {
    canonical: "($ + 0)::text",
  }),
  float8: type(
    "float8",
    [...SMALL, "0.1", "0.30000000000000004", "-0", "5e-324", "NaN", "-Infinity", "1e22"],
    { canonical: "($ + 0)::text" },
  ),
  text: type("text", [...TEXTS, LONG], STRINGS),
  varchar: type("varchar(12)", WORDS, STRINGS),
  char: type(
    "char(5)",
    WORDS.filter((text) => [...text].length <= 5),
  ),
  char1: type('"char"', ["a", "b", "c", "'", "\\", "", "1", "2", "3"]),
  name: type("name", WORDS),
  citext: type("citext", WORDS, CASELESS),
  caseless: type("text", WORDS, { ...CASELESS, sql: 'text COLLATE "Case less"' }),
  uuid: type(
    "uuid",
    SMALL.map((_, n) => `00000000-0000-4000-8000-0000000000${String(10 + n)}`),
  ),
  bytea: type("bytea", ["\\x", "\\x00", "\\x5c", "\\x27", "\\xff", "\\x0a0d", "\\x01", "\\x02"]),
  bool: type("bool", ["t", "f"]),
  date: type("date", [
    ...["2024-02-29", "2024-03-01", "0044-03-15 BC", "infinity", "-infinity", "9999-12-31"],
    ...["1900-01-01", "2000-01-01", "2001-01-01", "2002-01-01"],
  ]),
  time: type("time", ["00:00", "24:00", "12:34:56.000001", "12:34:56", "01:00", "02:00"]),
  timetz: type("timetz", ["00:00+00", "00:00+05:45", "12:34:56.000001-08", "01:00+00"]),
  timestamp: type("timestamp", [
    ...["2024-01-01 00:00:00", "2024-01-01 00:00:00.000001", "infinity", "0001-01-01 BC"],
    ...["2001-01-01", "2002-01-01", "2003-01-01", "2024-10-27 02:30"],
  ]),
  timestamptz: type("timestamptz", [
    ...["2024-01-01 00:00:00+00", "2024-01-01 00:00:00.000001+00", "-infinity", "0044-03-15 BC"],
    ...["2024-10-27 02:30+02", "2024-10-27 02:30+01", "1890-01-01 00:00:00+00", "2003-01-01"],
  ]),
  interval: type(
    "interval",
    ["1 mon", "30 days", "25 hours", "1 day 1 hour", "-1 day +01:00", "0"],
    {
      canonical: "extract(epoch FROM $)::text",
    },
  ),
  json: type(
    "json",
    ['{"a":1}', '{"a": 1}', '{"a":1,"a":2}', "null", '"x"', "[1, 2]", '"\\u00e9"'],
    {
      indexed: false,
    },
  ),
  jsonb: type("jsonb", ['{"a":1}', '{"a":1.0}', "null", '"x"', "[]", "{}", '{"b":[1,null]}'], {
    indexed: false,
  }),
  xml: type("xml", ["<a/>", "<a></a>", "text", '<?xml version="1.0"?><a/>', ""], {
    indexed: false,
  }),
  bit: type("bit(4)", ["0000", "0001", "1111", "0101", "1000"]),
  varbit: type("varbit", ["", "0", "00", "1", "10", "101"]),
  inet: type("inet", ["10.0.0.1", "10.0.0.1/24", "::1", "10.0.0.2", "10.0.0.3"]),
  cidr: type("cidr", ["10.0.0.0/8", "10.0.0.0/24", "::/0", "10.1.0.0/16"]),
  macaddr: type("macaddr", ["08:00:2b:01:02:03", "08:00:2b:01:02:04", "00:00:00:00:00:00"]),
  money: type("money", ["0.01", "-1", "1234.56", "92233720368547758.07", "1", "2", "3"]),
  oid: type("oid", ["0", "1", "4294967295", "2", "3"]),
  point: type("point", ["(0,0)", "(-0,0)", "(1,2)", "(0.1,1e300)"], { indexed: false }),
  box: type("box", ["(1,1),(0,0)", "(2,0.5),(0,0)", "(3,3),(1,1)"], { indexed: false }),
  circle: type("circle", ["<(0,0),1>", "<(1,0),1>"], { indexed: false }),
  path: type("path", ["[(0,0),(1,1)]", "((0,0),(1,1))", "[(0,0),(2,2)]"], { indexed: false }),
  int4range: type("int4range", [
    "[1,3)",
    "[3,5)",
    "[5,9)",
    "[20,30)",
    "empty",
    "(,0)",
    "[100,)",
    "[1,9)",
  ]),
  numrange: type("numrange", ["[1.0,2)", "[1.00,2)", "empty", "(,)"], { indexed: false }),
  tstzrange: type("tstzrange", ["[2024-01-01,2024-02-01)", "[2024-02-01,infinity)", "empty"], {
    indexed: false,
  }),
  ints: type("int4[]", ["{}", "{1,2}", "{NULL}", "[0:1]={1,2}", "{{1},{2}}", "{3}", "{4}"]),
  texts: type("text[]", ["{}", "{NULL}", '{"NULL"}', '{"a b","\\"","\\\\"}', "{x}", '{""}', "{y}"]),
  tsvector: type("tsvector", ["'a':1 'b'", "", "'it''s':2A"], { indexed: false }),
  hstore: type("hstore", ["a=>1", "", '"q\\"x"=>NULL', "a=>NULL"], { indexed: false }),
  mood: type('"Mood x"', ["sad", "it's", "ok", 'q"', "", "NULL"]),
  moods: type('"Mood x"[]', ["{}", "{sad,ok}", '{"it\'s",NULL,"NULL"}'], { indexed: false }),
  posint: type("posint", ["1", "2", "3", "4", "5", "6", "7", "8", "9", "2147483647"], NUMBERS),
  label: type("label", ["a", "A", "b", "c'd", "e\\f", "x1", "x2", "x3", "x4"], STRINGS),
  pair: type("pair", ["(1,a)", "(1,)", '(,"")', '(2,"a,""b\\\\c")'], { indexed: false }),
  pairs: type("pair[]", ["{}", '{"(1,a)"}', '{NULL,"(,)"}'], { indexed: false }),
};

/** What the types need, run once in the template. */
export const PRELUDE = `CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION btree_gist;
CREATE COLLATION "Case less" (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TYPE "Mood x" AS ENUM ('sad', 'it''s', 'ok', 'q"', '', 'NULL');
CREATE DOMAIN posint AS int CHECK (VALUE > 0);
CREATE DOMAIN label AS text NOT NULL DEFAULT 'a' CHECK (length(VALUE) < 20);
CREATE TYPE pair AS (x int, y text);
CREATE SCHEMA "Odd ""schema";`;

/** The type of a name. */
export function typeOf(name: string): ColumnType {
  const found = TYPES[name];
  if (!found) throw new Error(`there is no type ${name}`);
  return found;
}

/** An expression of {@link ColumnType} over a column. */
export function over(expression: string, column: string): string {
  return expression.replaceAll("$", () => column);
}
