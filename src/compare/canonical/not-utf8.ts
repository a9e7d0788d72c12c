/**
 * Values that are not UTF-8, on their way through a canonicalizer: "char" bytes of servers before 15 become text by it.
 */

/** A sequence that looks like one character of UTF-8, or else one byte from 0x80 on; each byte as a character. */
const CHARACTER =
  /[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|[\x80-\xff]/g;

/**
 * The canonical text of a value that came as bytes that are not UTF-8; undefined if such bytes are left in it, so that it stays bytes.
 *
 * @param canonical gets the text with each stray byte as a lone surrogate U+DC80..U+DCFF.
 */
export function canonicalOfBytes(
  bytes: Buffer,
  canonical: (text: string) => string,
): string | undefined {
  const text = canonical(bytes.toString("latin1").replace(CHARACTER, decode));
  return /\p{Surrogate}/u.test(text) ? undefined : text;
}

function decode(sequence: string): string {
  const text = Buffer.from(sequence, "latin1").toString();
  if (!text.includes("\ufffd") || sequence === "\xef\xbf\xbd") return text;
  return sequence.replace(/./gs, (byte) => String.fromCharCode(0xdc00 + byte.charCodeAt(0)));
}
