/**
 * bytea: `bytea_output = escape` brought to hex.
 */

/**
 * Hex text stays, escape text becomes hex: `a\000\\` gives `\x61005c`. No escape text begins with `\x`.
 *
 * @returns undefined when the text is neither.
 */
export function rewriteBytea(text: string): string | undefined {
  if (text.startsWith("\\x")) return text;
  const bytes = Buffer.allocUnsafe(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at += 1) {
    let byte = text.charCodeAt(at);
    if (byte > 0x7f) return undefined;
    if (byte === 0x5c && text[at + 1] === "\\") {
      at += 1;
    } else if (byte === 0x5c) {
      const octal = text.slice(at + 1, at + 4);
      if (!/^[0-3][0-7]{2}$/.test(octal)) return undefined;
      byte = Number.parseInt(octal, 8);
      at += 3;
    }
    bytes[length] = byte;
    length += 1;
  }
  return `\\x${bytes.toString("hex", 0, length)}`;
}
