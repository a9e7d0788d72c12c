/**
 * Encodings of dumps, by PostgreSQL's names, and how their bytes become UTF-8. Knows no dump format. The only importer
 * of iconv-lite, whose tables were compared with convert() of PostgreSQL 15 for every character of one and two bytes.
 */
import { createRequire } from "node:module";
import type { ChunkMap, Damage } from "./copy-text.ts";

const load = createRequire(import.meta.url);

/** Loaded by the first dump that needs it: hardly any does. */
function iconv(): typeof import("iconv-lite") {
  return load("iconv-lite");
}

/** How the bytes of a dump are read. */
export interface Encoding {
  /** As PostgreSQL spells it. */
  readonly name: string;
  /** Text for bytes that end with a whole character, U+FFFD where they are not valid; absent for UTF-8 and unknown bytes. */
  readonly decode?: (bytes: Buffer) => string;
  /** Of encodings whose second bytes may be backslashes (0x5C), as in SJIS: true for the first byte of a pair. */
  readonly leads?: (byte: number) => boolean;
}

/** What dumps are in before they say otherwise. */
export const UTF8: Encoding = { name: "UTF8" };

/** PostgreSQL's names and those of iconv-lite. */
const TABLES: Readonly<Record<string, string>> = {
  LATIN2: "iso-8859-2",
  LATIN3: "iso-8859-3",
  LATIN4: "iso-8859-4",
  LATIN5: "iso-8859-9",
  LATIN6: "iso-8859-10",
  LATIN7: "iso-8859-13",
  LATIN8: "iso-8859-14",
  LATIN9: "iso-8859-15",
  LATIN10: "iso-8859-16",
  ISO_8859_5: "iso-8859-5",
  ISO_8859_6: "iso-8859-6",
  ISO_8859_7: "iso-8859-7",
  ISO_8859_8: "iso-8859-8",
  WIN1250: "windows-1250",
  WIN1251: "windows-1251",
  WIN1252: "windows-1252",
  WIN1253: "windows-1253",
  WIN1254: "windows-1254",
  WIN1255: "windows-1255",
  WIN1256: "windows-1256",
  WIN1257: "windows-1257",
  WIN1258: "windows-1258",
  WIN866: "cp866",
  WIN874: "windows-874",
  KOI8R: "koi8-r",
  KOI8U: "koi8-u",
  EUC_JP: "euc-jp",
  EUC_KR: "euc-kr",
  SJIS: "shift_jis",
  GBK: "gbk",
  GB18030: "gb18030",
  UHC: "cp949",
};

// BIG5, JOHAB, EUC_TW, EUC_JIS_2004, SHIFT_JIS_2004 and MULE_INTERNAL are left out: no table here agrees with PostgreSQL.
const ENCODINGS: readonly Encoding[] = [
  UTF8,
  // Bytes of no known encoding: they are kept as they are.
  { name: "SQL_ASCII" },
  { name: "LATIN1", decode: (bytes) => bytes.toString("latin1") },
  { name: "EUC_CN", decode: decodeEucCn },
  ...Object.entries(TABLES).map(([name, table]) => fromTable(name, table)),
];

function fromTable(name: string, table: string): Encoding {
  const decode = (bytes: Buffer): string => iconv().decode(bytes, table);
  const leads = { SJIS: leadsSjis, GBK: leadsPair, GB18030: leadsPair, UHC: leadsPair }[name];
  return leads ? { name, decode, leads } : { name, decode };
}

/** Two characters are others in PostgreSQL than in the usual table. */
function decodeEucCn(bytes: Buffer): string {
  return iconv().decode(bytes, "gbk").replaceAll("\u00b7", "\u30fb").replaceAll("\u2014", "\u2015");
}

/** Bytes from 0xA1 to 0xDF are katakana of their own. */
function leadsSjis(byte: number): boolean {
  return (byte >= 0x81 && byte <= 0x9f) || (byte >= 0xe0 && byte <= 0xfc);
}

function leadsPair(byte: number): boolean {
  return byte >= 0x81 && byte <= 0xfe;
}

/** Other spellings, in lower case without separators. See: PostgreSQL docs, "Character Set Support". */
const ALIASES: Readonly<Record<string, string>> = {
  unicode: "utf8",
  iso88591: "latin1",
  iso88592: "latin2",
  iso88593: "latin3",
  iso88594: "latin4",
  iso88599: "latin5",
  iso885910: "latin6",
  iso885913: "latin7",
  iso885914: "latin8",
  iso885915: "latin9",
  iso885916: "latin10",
  koi8: "koi8r",
  windows1250: "win1250",
  windows1251: "win1251",
  windows1252: "win1252",
  windows1253: "win1253",
  windows1254: "win1254",
  windows1255: "win1255",
  windows1256: "win1256",
  windows1257: "win1257",
  windows1258: "win1258",
  windows866: "win866",
  windows874: "win874",
  win: "win1251",
  alt: "win866",
  tcvn: "win1258",
  vscii: "win1258",
  abc: "win1258",
  shiftjis: "sjis",
  mskanji: "sjis",
  win932: "sjis",
  windows932: "sjis",
  win936: "gbk",
  windows936: "gbk",
  win949: "uhc",
  windows949: "uhc",
};

/** The encoding with this name in any spelling that PostgreSQL accepts, such as `UTF8`, `utf-8`, `iso_8859_1`. */
export function findEncoding(name: string): Encoding | undefined {
  const plain = squeeze(name);
  const wanted = ALIASES[plain] ?? plain;
  return ENCODINGS.find((encoding) => squeeze(encoding.name) === wanted);
}

function squeeze(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}

/** Bytes of the dump as text. Bytes that are not valid become U+FFFD. */
export function decodeText(encoding: Encoding, bytes: Buffer): string {
  return encoding.decode?.(bytes) ?? bytes.toString("utf8");
}

/**
 * Turns whole lines into UTF-8; absent if they are taken as they are.
 *
 * It throws what `damage` makes for bytes that are not valid: a replacement character would look like data.
 */
export function utf8Map({ name, decode }: Encoding, damage: Damage): ChunkMap | undefined {
  if (!decode) return;
  return (chunk) => {
    const text = decode(chunk);
    if (text.includes("\ufffd")) throw damage(`it holds bytes that are not valid in ${name}`);
    return Buffer.from(text);
  };
}

/**
 * Whether the encoding of this name holds every character of a text; undefined where that is not known here: encodings of several
 * bytes a character, and unknown ones. UTF8 holds all.
 */
export function canEncode(name: string): ((text: string) => boolean) | undefined {
  const encoding = findEncoding(name);
  if (encoding?.name === "UTF8") return () => true;
  const table = encoding?.name === "LATIN1" ? "latin1" : TABLES[encoding?.name ?? ""];
  if (table === undefined || MULTIBYTE.has(encoding?.name ?? "")) return undefined;
  const holds = iconv().decode(
    Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
    encoding?.name === "LATIN1" ? "iso-8859-1" : table,
  );
  const characters = new Set(holds);
  characters.delete("\ufffd");
  return (text) => /^[\0-\x7f]*$/.test(text) || [...text].every((char) => characters.has(char));
}

/** Encodings of TABLES with characters of several bytes. */
const MULTIBYTE: ReadonlySet<string> = new Set("EUC_JP EUC_KR SJIS GBK GB18030 UHC".split(" "));
