/**
 * Text as a field of COPY data, and back. One definition for the spool and for scripts, so that fields go from one to the other as they are.
 */

/** Control characters are escaped, so that a line stays one line whatever carries it. */
export function escapeField(text: string): string {
  // Looking costs a fraction of replacing nothing.
  return SPECIAL.test(text) ? text.replace(SPECIALS, escapeCharacter) : text;
}

/** What `escapeField` was given. */
export function unescapeField(field: string): string {
  return field.replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_, code, letter) =>
    code === undefined
      ? (CHARACTERS[letter] ?? letter)
      : String.fromCharCode(Number.parseInt(code, 16)),
  );
}

const SPECIAL = /[\\\u0000-\u001f\u007f]/;
const SPECIALS = /[\\\u0000-\u001f\u007f]/g;

const LETTERS: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

const CHARACTERS: Readonly<Record<string, string>> = {
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

function escapeCharacter(character: string): string {
  return LETTERS[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
}
