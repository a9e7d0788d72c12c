/**
 * SQL written under `standard_conforming_strings = off`, as it would be written under `on`.
 */

/** Literals that escape, plain literals (1), quoted names, dollar quotes (tag: 2), comments. */
const TOKEN =
  /[eE]'(?:[^'\\]|''|\\[\s\S])*'|'((?:[^'\\]|''|\\[\s\S])*)'|"(?:[^"]|"")*"|\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$[\s\S]*?\$\2\$|--[^\n]*|\/\*[\s\S]*?\*\//g;

/**
 * The same statement for a parser that takes backslashes in plain literals as they are.
 *
 *     DEFAULT 'C:\\temp'   DEFAULT 'C:\temp'
 *     DEFAULT 'a\nb'       DEFAULT E'a\nb'
 */
export function standardLiterals(text: string): string {
  return text.replace(TOKEN, (token: string, body?: string) => {
    if (!body?.includes("\\")) return token;
    const doubled = body.replaceAll("\\\\", "");
    return doubled.includes("\\") ? `E'${body}'` : `'${body.replaceAll("\\\\", "\\")}'`;
  });
}
