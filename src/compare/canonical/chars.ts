/**
 * "char", the one-byte type: servers before 15 print a byte from 0x80 on as it is, later ones as a backslash and three octal digits.
 */

/**
 * A single character U+0080..U+00FF stands for that byte, and so does a lone surrogate U+DC80..U+DCFF (a byte that is not UTF-8, kept);
 * a blank after it is pg_dump's padding in INSERT data. Everything else stays: `\303`, ASCII, the empty string for byte 0.
 */
export function rewriteChar(text: string): string {
  const [, char] = /^([\u0080-\u00ff\udc80-\udcff]) ?$/.exec(text) ?? [];
  return char ? `\\${(char.charCodeAt(0) & 0xff).toString(8)}` : text;
}
