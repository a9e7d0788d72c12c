/**
 * A fast way over INSERT statements that are all alike: what pg_dump writes, and nothing else.
 */

const QUOTE = 0x27;
const SEMICOLON = 0x3b;
const LF = 0x0a;

/** Bytes that may stand between literals: numbers, words, commas, parentheses, white space. */
const PLAIN = new Uint8Array(256);
for (const byte of Buffer.from(
  "0123456789+-., ()\t\nabcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
)) {
  PLAIN[byte] = 1;
}

/**
 * Skips statements with this head, from `start` on; returns the place after the last one that ends in these bytes.
 * It stops before anything that needs a real lexer: comments, E'' literals, other statements. Backslashes must be plain
 * characters (`standard_conforming_strings`).
 */
export function skipInserts(bytes: Buffer, start: number, head: Buffer): number {
  for (let done = start; ; ) {
    let at = done;
    while (bytes[at] === LF) at += 1;
    // The bytes of the head are compared in place: this is done for every row.
    if (at + head.length > bytes.length) return done;
    if (bytes.compare(head, 0, head.length, at, at + head.length) !== 0) return done;
    const end = skipValues(bytes, at + head.length);
    if (end < 0) return done;
    done = end;
  }
}

/** The place after the semicolon, or -1. */
function skipValues(bytes: Buffer, start: number): number {
  for (let at = start; ; ) {
    const byte = bytes[at];
    if (byte === undefined) return -1;
    if (byte === SEMICOLON) return at + 1;
    if (byte === QUOTE) {
      // In E'' literals a backslash may escape a quote.
      if (((bytes[at - 1] ?? 0) | 0x20) === 0x65) return -1;
      const end = bytes.indexOf(QUOTE, at + 1);
      if (end < 0) return -1;
      // A doubled quote is the end of one literal and the start of the next.
      at = end + 1;
    } else {
      if (PLAIN[byte] !== 1 || (byte === 0x2d && bytes[at + 1] === 0x2d)) return -1;
      at += 1;
    }
  }
}
