/** Values of every type whose equality matters, for tests against a server. */
import { randomNumbers } from "./types.ts";

/** Literals by type, some of which are equal in spite of their spelling, or differ in spite of looking alike. */
const LITERALS: Readonly<Record<string, readonly string[]>> = {
  bool: ["t", "f"],
  int2: ["0", "-0", "32767", "-1"],
  int4: ["0", "007", "7", "-7"],
  int8: ["9223372036854775807", "-9223372036854775808", "0"],
  oid: ["0", "4294967295", "-1"],
  text: ["", " ", "a", "a ", "A", "é", "e\u0301", "ß", "ss", "ﬁ", "fi", "\t"],
  varchar: ["", " ", "a", "a ", "A", "é", "e\u0301"],
  "character(5)": ["", "a", "a  ", " a", "A", "a\t", "é", "abcde"],
  name: ["", "a", "a ", "A", "x".repeat(63), "x".repeat(70)],
  '"char"': ["", "a", "A", "\\303", "\\200", "é", "\\"],
  uuid: [
    "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
    "{a0eebc999c0b4ef8bb6d6bb9bd380a11}",
    "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12",
  ],
  bytea: ["", "a", "\\x61", "\\x6100", "\\\\", "\\x5c"],
  date: ["2024-01-01", "0001-01-01 BC", "0001-01-01", "infinity", "-infinity", "10000-01-01"],
  time: ["00:00", "24:00", "23:59:59.9999999", "12:00:00.5", "12:00:00.500000"],
  timetz: ["10:00+00", "11:00+01", "10:00+00:00:00", "10:00-00:00:01", "24:00+00", "00:00+00"],
  timestamp: [
    "2024-01-01",
    "2024-01-01 00:00:00.0000001",
    "2024-01-01 24:00",
    "2024-01-02",
    "infinity",
    "0044-03-15 BC",
  ],
  timestamptz: [
    "2024-01-01 00:00+00",
    "2024-01-01 05:45+05:45",
    "2023-12-31 24:00+00",
    "infinity",
    "-infinity",
    "0044-03-15 12:00+00 BC",
  ],
  bit: ["0", "1"],
  varbit: ["", "0", "00", "1", "10", "100000001"],
  inet: [
    "10.0.0.1",
    "10.0.0.1/32",
    "10.0.0.1/24",
    "10.0.0.0/24",
    "::1",
    "0:0:0:0:0:0:0:1/128",
    "::ffff:10.0.0.1",
    "::",
  ],
  cidr: ["10.0.0.0/24", "10", "10.0.0.0/8", "10.0.0.1/32", "::/0", "0.0.0.0/0"],
  macaddr: ["08:00:2b:01:02:03", "08-00-2B-01-02-03", "0800.2b01.0203", "08:00:2b:01:02:04"],
  macaddr8: ["08:00:2b:01:02:03", "08:00:2b:ff:fe:01:02:03", "08:00:2b:01:02:03:04:05"],
  "public.mood": ["sad", 'it\'s "fine"', "a,b"],
  "public.moment": ["2024-01-01 00:00+00", "2024-01-01 05:45+05:45", "infinity"],
  numeric: [
    "1",
    "1.0",
    "1.00",
    "0",
    "-0.0",
    "NaN",
    "Infinity",
    "-Infinity",
    "1e3",
    "1000",
    "-1.50",
    "-1.5",
    "0.0001",
    "1e-4",
    "123456789012345678901234567890.10",
  ],
  float4: ["0", "-0", "NaN", "Infinity", "1e-45", "0.1", "0.100000001", "16777217", "16777216"],
  float8: [
    "0",
    "-0",
    "NaN",
    "-Infinity",
    "0.1",
    "0.10000000000000001",
    "1e23",
    "9.999999999999999e22",
    "1e15",
  ],
  interval: [
    "1 mon",
    "30 days",
    "720:00",
    "1 year",
    "12 mons",
    "360 days",
    "-1 day +24:00",
    "0",
    "1 day",
    "24:00",
    "-1 mon",
    "1 mon -30 days 0.000001 sec",
    "0.000001 sec",
    "178000000 years",
    "-1 years -2 mons +3 days -04:05:06.7",
  ],
  bpchar: ["", " ", "a", "a  ", " a", "a\t", "A"],
  jsonb: [
    "1",
    "1.0",
    "[1]",
    "[1.00]",
    '"1.0"',
    '{"a":1.0,"b":[1]}',
    '{"b":[1.0],"a":1}',
    '{"a":1}',
    "[]",
    "{}",
    '""',
    '"a\\"1.0"',
    '"a\\\\"',
    "1e2",
    "100",
    "100.0",
    "-0",
    "0",
    "-0.0",
    "true",
    "null",
    '{"1.0":1}',
    '{"1":1}',
    "[[],{}]",
    "[1e-3, 0.001]",
    '["\\u00e9"]',
    '["é"]',
  ],
  money: ["$1", "$1.00", "-$1,234.5", "1234"],
  pg_lsn: ["0/0", "16/B374D848", "16/b374d848", "00016/B374D848"],
  xid8: ["0", "18446744073709551615"],
  tid: ["(0,1)", "(0,2)", "(1,1)"],
  oidvector: ["", "1", "1 2", "2 1"],
  tsvector: ["", "a b", "b a", "a:1 b", "a:1A", "a:1B", "a:1,2", "'a b'", "a", "a:1", "'a''b'"],
  regclass: ["pg_class", "pg_type", "public.log"],
  "int4[]": [
    "{}",
    "{1,2}",
    "[0:1]={1,2}",
    "[1:2]={1,2}",
    "{{1,2}}",
    "{{1},{2}}",
    "{1,NULL}",
    "{NULL}",
  ],
  "text[]": ["{}", "{a,NULL}", '{a,"NULL"}', '{"a"}', "{a}", '{""}', "{A}"],
  "numeric[]": [
    "{1.0}",
    "{1}",
    "{1.0,NULL}",
    "{1,NULL}",
    "[0:0]={1}",
    "[0:0]={1.00}",
    "{{1.0},{2}}",
    "{{1,2.0}}",
  ],
  "interval[]": ["{1 mon}", "{30 days}", "{720:00}", "{1 mon,1 day}", "{30 days,24:00}"],
  "bpchar[]": ['{"a "}', "{a}", '{"NULL "}', '{"NULL"}', "{NULL}"],
  int4range: ["[1,3]", "[1,4)", "empty", "(1,1)", "(,3]", "[,4)", "(,)"],
  numrange: ["[1.0,2)", "[1,2.00)", "[1,2]", "empty", "(1,1)", "(,1.0)", "(,1)"],
  nummultirange: ["{}", "{[1.0,2),[3,4)}", "{[1,2.0),[3,4)}", "{[1,2),[2,3)}", "{[1,3)}"],
  tstzrange: [
    '["2024-01-01 00:00+00",)',
    '["2024-01-01 05:45+05:45",)',
    "(,infinity)",
    "(,)",
    "empty",
  ],
  "public.floatrange": ["[-0,1)", "[0,1)", "[0.1,)", "[0.10000000000000001,)"],
  "public.hstore": ["", "a=>1", "a=>1,b=>2", "b=>2,a=>1", "a=>NULL", 'a=>"NULL"', "a=>1,a=>2"],
  "public.ltree": ["", "a", "a.b", "A.b", "a.b.c"],
  "public.citext": ["", "a", "A", "aB c", "AB C", "a1", "i", "I", "[", "{"],
  "public.citext[]": ["{a,NULL}", "{A,NULL}", "{A}", '{"A b"}', '{"a B"}'],
  "public.log": [
    '(1,"2024-01-01 00:00+00")',
    '(1,"2024-01-01 05:45+05:45")',
    "(1,)",
    "(,)",
    "(,infinity)",
  ],
};

/** Random values of types whose text hides most. */
const random = randomNumbers(7);
const MORE: Readonly<Record<string, () => string>> = {
  numeric: () => `${pick(["", "-"])}${int(20)}.${int(3)}${"0".repeat(int(3))}`,
  interval: () =>
    `${int(3) - 1} mons ${int(90) - 45} days ${pick(["", "-"])}${int(50)}:00:${pick(["00", "00.5"])}`,
  jsonb: () => randomJson(3),
  tsvector: () =>
    `${pick(["a", "b"])}:${1 + int(2)}${pick(["", "A", "B"])} ${pick(["", "a", "c:1"])}`,
  "public.hstore": () =>
    `${pick(["a", "b"])}=>${pick(["1", "NULL", '"NULL"'])},${pick(["a", "c"])}=>2`,
};

function int(below: number): number {
  return Math.floor(random() * below);
}

function pick(choices: readonly string[]): string {
  return choices[int(choices.length)] ?? "";
}

function randomJson(depth: number): string {
  const kind = depth > 0 ? int(4) : 2 + int(2);
  if (kind === 0) return `[${randomJson(depth - 1)},${randomJson(depth - 1)}]`;
  if (kind === 1) return `{"${pick(["a", "1.0"])}":${randomJson(depth - 1)}}`;
  return kind === 2 ? `${int(2)}${pick(["", ".0", ".00", "e0"])}` : pick(['"1.0"', '"1"', "null"]);
}

/** The types that have literals here; `"char"` with its quotes. */
export const LITERAL_TYPES: readonly string[] = Object.keys(LITERALS);

/** Literals of a type, random ones among them. */
export function literalsOf(type: string): readonly string[] {
  const more = MORE[type];
  return [...(LITERALS[type] ?? []), ...(more ? Array.from({ length: 50 }, more) : [])];
}
