/**
 * Encodings of dumps, by PostgreSQL's names, and how their bytes become UTF-8. Knows no dump format.
 */

/** How the bytes of a dump are read. */
export interface Encoding {
  /** As PostgreSQL spells it. */
  readonly name: string;
  /** UTF-8 for bytes that end with a whole character; absent if bytes are taken as they are. */
  readonly toUtf8?: (bytes: Buffer) => Buffer;
  /** Of encodings whose second bytes may be backslashes (0x5C), as in SJIS: true for the first byte of a pair. */
  readonly leads?: (byte: number) => boolean;
}

/** What dumps are in before they say otherwise. */
export const UTF8: Encoding = { name: "UTF8" };

const ENCODINGS: readonly Encoding[] = [
  UTF8,
  // Bytes of no known encoding: they are kept as they are.
  { name: "SQL_ASCII" },
  { name: "LATIN1", toUtf8: (bytes) => Buffer.from(bytes.toString("latin1")) },
];

const ALIASES: Readonly<Record<string, string>> = {
  unicode: "utf8",
  iso88591: "latin1",
};

/** The encoding with this name in any spelling that PostgreSQL accepts, such as `UTF8`, `utf-8`, `iso_8859_1`. */
export function findEncoding(name: string): Encoding | undefined {
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const wanted = ALIASES[plain] ?? plain;
  return ENCODINGS.find((encoding) => encoding.name.toLowerCase().replaceAll("_", "") === wanted);
}

/** Bytes of the dump as text. Bytes that are not valid become U+FFFD. */
export function decodeText(encoding: Encoding, bytes: Buffer): string {
  return (encoding.toUtf8?.(bytes) ?? bytes).toString("utf8");
}
