/**
 * One statement of a dump as text that is cut at the parser's locations. Knows bytes, tokens and parentheses, no meaning.
 */
import { quoteIdentifier, scanTokens, type Token } from "../parser.ts";

/** A statement as {@link trimStatement} leaves it. Offsets count UTF-8 bytes, as the parser's locations do. */
export interface SqlText {
  readonly text: string;
  /** In bytes. */
  readonly length: number;
  /** The text from one offset to another (default: to the end). */
  slice(from: number, to?: number): string;
}

/**
 * A trimmed statement with needless quotes taken off: dumps made with `--quote-all-identifiers` then read like any other.
 *
 *     CREATE TABLE "public"."user" ("id" "public"."mood");   CREATE TABLE public."user" (id public.mood)
 */
export function sqlText(statement: string): SqlText {
  const text = withoutNeedlessQuotes(statement);
  const bytes = Buffer.from(text);
  if (bytes.length === text.length) {
    return { text, length: text.length, slice: (from, to) => text.slice(from, to) };
  }
  return { text, length: bytes.length, slice: (from, to) => bytes.toString("utf8", from, to) };
}

/** The statement without blanks, comments before it, and the semicolon after it. */
export function trimStatement(statement: string): string {
  const text = statement.replace(/^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/, "").trimEnd();
  return text.endsWith(";") ? text.slice(0, -1).trimEnd() : text;
}

function withoutNeedlessQuotes(text: string): string {
  if (!/"[a-z_][a-z0-9_]*"/.test(text)) return text;
  const sql = Buffer.from(text);
  const parts: string[] = [];
  let done = 0;
  const tokens = scanTokens(text);
  for (const [index, { start, end, text: token }] of tokens.entries()) {
    const plain = token.startsWith("'") ? unquotedConstant(tokens, index) : unquotedName(token);
    if (plain === token) continue;
    parts.push(sql.toString("utf8", done, start), plain);
    done = end;
  }
  return parts.length === 0 ? text : parts.join("") + sql.toString("utf8", done);
}

function unquotedName(token: string): string {
  const name = token.slice(1, -1);
  const plain = token.startsWith('"') && /^[a-z_][a-z0-9_]*$/.test(name);
  return plain && quoteIdentifier(name) === name ? name : token;
}

/** Names of tables, functions and the like stand in constants too: `'"public"."film_id_seq"'::regclass`. */
function unquotedConstant(tokens: readonly Token[], index: number): string {
  const [constant = "", cast, type = ""] = tokens.slice(index, index + 3).map(({ text }) => text);
  if (cast !== "::" || !/^"?reg[a-z]+"?$/.test(type)) return constant;
  const names = constant.slice(1, -1).replaceAll("''", "'");
  return `'${withoutNeedlessQuotes(names).replaceAll("'", "''")}'`;
}

/** The text of a list item or clause that starts at `from`, up to what follows it: `next` where known, else found by its parentheses. */
export function sliceItem(sql: SqlText, from: number, next?: number): string {
  const text = sql.slice(from, next).trimEnd();
  if (next === undefined || /--|\/\*/.test(text)) return firstItem(text).trimEnd();
  return text.endsWith(",") ? text.slice(0, -1).trimEnd() : text;
}

/** The text before the first comma or closing parenthesis outside its own parentheses. */
function firstItem(text: string): string {
  // Text without quotes and comments needs no lexer: this is the end of nearly every CREATE TABLE.
  if (/['"$]|--|\/\*/.test(text)) return firstItemByTokens(text);
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (depth === 0 && (char === "," || char === ")")) return text.slice(0, at);
    if (char === "(" || char === "[") depth += 1;
    else if (char === ")" || char === "]") depth -= 1;
  }
  return text;
}

function firstItemByTokens(text: string): string {
  let depth = 0;
  let end = 0;
  for (const token of scanTokens(text)) {
    if (depth === 0 && (token.text === "," || token.text === ")")) break;
    depth += nesting(token);
    end = token.end;
  }
  return Buffer.from(text).toString("utf8", 0, end);
}

/** Offsets of the first parenthesised group at or after `from`, without its parentheses. */
export function groupAfter(
  sql: SqlText,
  from: number,
  limit: number = sql.length,
): { readonly start: number; readonly end: number } | undefined {
  let depth = 0;
  let start: number | undefined;
  for (const token of scanTokens(sql.slice(from, limit))) {
    depth += nesting(token);
    if (start === undefined && token.text === "(") start = from + token.end;
    else if (start !== undefined && depth === 0) return { start, end: from + token.start };
  }
  return undefined;
}

/** The offset after the last of these words, the first time they stand one after the other outside parentheses. */
export function afterWords(
  sql: SqlText,
  words: readonly string[],
  from: number = 0,
): number | undefined {
  let depth = 0;
  let matched = 0;
  for (const token of scanTokens(sql.slice(from))) {
    depth += nesting(token);
    const word = token.text.toUpperCase();
    matched = depth === 0 && word === words[matched] ? matched + 1 : word === words[0] ? 1 : 0;
    if (matched === words.length) return from + token.end;
  }
  return undefined;
}

/** The text without this word and the parenthesised group after it, where both stand outside other parentheses. */
export function withoutGroup(text: string, word: string): string {
  const bytes = Buffer.from(text);
  let depth = 0;
  let from: number | undefined;
  for (const token of scanTokens(text)) {
    if (depth === 0 && token.text.toUpperCase() === word) from = token.start;
    depth += nesting(token);
    if (from !== undefined && depth === 0 && token.text === ")") {
      return `${bytes.toString("utf8", 0, from).trimEnd()}${bytes.toString("utf8", token.end)}`;
    }
  }
  return text;
}

/** How much deeper in brackets the text is after this token. */
export function nesting({ text }: Token): number {
  if (text === "(" || text === "[") return 1;
  return text === ")" || text === "]" ? -1 : 0;
}
