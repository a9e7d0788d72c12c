/**
 * Tokens of the few statements that a reader of dumps must understand: COPY, INSERT heads, SET, setval. Reads no DDL.
 */
import type { QualifiedName } from "../../names.ts";

export type Token =
  /** A keyword or unquoted name, folded to lower case as PostgreSQL does. */
  | { readonly kind: "word"; readonly text: string; readonly end: number }
  /** A quoted name, unquoted. */
  | { readonly kind: "name"; readonly text: string; readonly end: number }
  /** A literal's value. */
  | { readonly kind: "string"; readonly text: string; readonly end: number }
  /** A number or a single character. */
  | { readonly kind: "symbol"; readonly text: string; readonly end: number };

const SPACE = /\s*/y;
const NAME = /"((?:[^"]|"")*)"/y;
const PLAIN_STRING = /[nN]?'((?:[^']|'')*)'/y;
const ESCAPE_STRING = /[eEnN]?'((?:[^'\\]|''|\\[\s\S])*)'/y;
const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;
const NUMBER = /[+-]?\d+(?:\.\d*)?|[\s\S]/y;

/** The tokens of a statement, `end` being the offset in `text` after each. Comments are not understood. */
export function* tokens(text: string, standardStrings: boolean): Generator<Token, void, undefined> {
  for (let at = skip(SPACE, text, 0); at < text.length; ) {
    const token = tokenAt(text, at, standardStrings);
    yield token;
    at = skip(SPACE, text, token.end);
  }
}

function tokenAt(text: string, at: number, standardStrings: boolean): Token {
  const name = match(NAME, text, at);
  if (name) return { kind: "name", text: name.body.replaceAll('""', '"'), end: name.end };
  const escapes = !standardStrings || /[eE]'/y.test(text.slice(at, at + 2));
  const literal = match(escapes ? ESCAPE_STRING : PLAIN_STRING, text, at);
  if (literal) {
    return { kind: "string", text: unescapeLiteral(literal.body, escapes), end: literal.end };
  }
  const word = match(WORD, text, at);
  if (word) return { kind: "word", text: foldCase(word.body), end: word.end };
  const symbol = match(NUMBER, text, at);
  return { kind: "symbol", text: symbol?.body ?? "", end: symbol?.end ?? text.length };
}

function match(
  pattern: RegExp,
  text: string,
  at: number,
): { readonly body: string; readonly end: number } | undefined {
  pattern.lastIndex = at;
  const found = pattern.exec(text);
  if (!found) return;
  return { body: found[1] ?? found[0], end: pattern.lastIndex };
}

function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  pattern.exec(text);
  return Math.max(pattern.lastIndex, at);
}

function unescapeLiteral(body: string, escapes: boolean): string {
  if (!escapes) return body.replaceAll("''", "'");
  return body.replace(/''|\\([\s\S])/g, (_, escaped?: string) => escaped ?? "'");
}

/** PostgreSQL folds ASCII letters of unquoted names and leaves others. */
function foldCase(word: string): string {
  return word.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Walks over tokens; what it does not find it leaves in place. */
export interface TokenReader {
  readonly peek: () => Token | undefined;
  readonly next: () => Token | undefined;
  /** Takes the words or symbols if they come next, all of them. */
  readonly take: (...texts: readonly string[]) => boolean;
  /** Takes an identifier, quoted or not. */
  readonly identifier: () => string | undefined;
  /** Takes `name` or `schema.name`. */
  readonly qualified: (defaultSchema: string) => QualifiedName | undefined;
}

/** A reader of a statement's tokens. */
export function readTokens(text: string, standardStrings: boolean): TokenReader {
  const all = tokens(text, standardStrings);
  const ahead: Token[] = [];
  const peekAt = (index: number): Token | undefined => {
    while (ahead.length <= index) {
      const { done, value } = all.next();
      if (done) return;
      ahead.push(value);
    }
    return ahead[index];
  };
  const next = (): Token | undefined => {
    peekAt(0);
    return ahead.shift();
  };
  const take = (...texts: readonly string[]): boolean => {
    const found = texts.every((text, index) => {
      const token = peekAt(index);
      return (token?.kind === "word" || token?.kind === "symbol") && token.text === text;
    });
    if (found) ahead.splice(0, texts.length);
    return found;
  };
  const identifier = (): string | undefined => {
    const token = peekAt(0);
    return token?.kind === "word" || token?.kind === "name" ? next()?.text : undefined;
  };
  const qualified = (defaultSchema: string): QualifiedName | undefined => {
    const first = identifier();
    if (first === undefined) return;
    if (!take(".")) return { schema: defaultSchema, name: first };
    const second = identifier();
    return second === undefined ? undefined : { schema: first, name: second };
  };
  return { peek: () => peekAt(0), next, take, identifier, qualified };
}
