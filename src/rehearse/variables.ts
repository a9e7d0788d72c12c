/**
 * psql's variables in the text of a statement or meta-command.
 */
import { ident, literal } from "../script/sql.ts";

/** Literals, names and comments, which hold no variables; casts; then the three ways to name one. */
const PIECES =
  /[eE]'[^'\\]*(?:\\[\s\S][^'\\]*)*'|'[^']*'|"[^"]*"|\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$[\s\S]*?\$\1\$|--[^\n]*|\/\*[\s\S]*?\*\/|::|:'(\w+)'|:"(\w+)"|:(\w+)/g;

/** Puts values in the place of `:name`, `:'name'` and `:"name"`; unknown names stay as they are, as psql leaves them. */
export function substitute(text: string, variables: ReadonlyMap<string, string>): string {
  if (!text.includes(":")) return text;
  return text.replace(PIECES, (piece, _tag, quoted, name, plain) => {
    const value = variables.get(quoted ?? name ?? plain ?? "");
    if (value === undefined) return piece;
    if (quoted !== undefined) return literal(value);
    return name === undefined ? value : ident(value);
  });
}

/** The words of a meta-command: variables in place, quotes taken off, `:{?name}` told. */
export function argumentsOf(text: string, variables: ReadonlyMap<string, string>): string[] {
  const words = text.match(/'(?:[^']|'')*'|:'\w+'|:\{\?\w+\}|\S+/g) ?? [];
  return words.map((word) => {
    const [, asked] = /^:\{\?(\w+)\}$/.exec(word) ?? [];
    if (asked !== undefined) return variables.has(asked) ? "true" : "false";
    if (word.startsWith("'")) return word.slice(1, -1).replaceAll("''", "'");
    return substitute(word, variables);
  });
}

/** What psql takes for true and false; `undefined` for what is neither. */
export function booleanOf(word: string): boolean | undefined {
  const value = word.toLowerCase();
  if (["true", "on", "yes", "1", "t", "y"].includes(value)) return true;
  if (["false", "off", "no", "0", "f", "n"].includes(value)) return false;
  return undefined;
}
