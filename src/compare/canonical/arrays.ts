/**
 * Arrays: reads what array_out prints, rewrites each element, prints it again as array_out does. Dimensions stay as they are.
 */
import type { Rewrite } from "./rewrite.ts";

/** Where reading has come to. */
interface Cursor {
  readonly text: string;
  at: number;
}

/**
 * The array with each element rewritten.
 *
 *     [0:1]={a,NULL}      lower bounds are kept, NULL is no element text
 *     {"NULL","a b",""}   quoted exactly where array_out quotes
 *
 * @returns undefined when the text is no array or an element has no other form.
 */
export function rewriteArray(
  text: string,
  delimiter: "," | ";",
  element: Rewrite,
): string | undefined {
  const bounds = /^(?:\[-?\d+:-?\d+\])+=/.exec(text)?.[0] ?? "";
  const cursor = { text, at: bounds.length };
  const body = readLevel(cursor, delimiter, element);
  if (body === undefined || cursor.at !== text.length) return undefined;
  return bounds + body;
}

/** One pair of braces with what it holds: elements or further levels. */
function readLevel(cursor: Cursor, delimiter: "," | ";", element: Rewrite): string | undefined {
  const { text } = cursor;
  if (text[cursor.at] !== "{") return undefined;
  cursor.at += 1;
  if (text[cursor.at] === "}") {
    cursor.at += 1;
    return "{}";
  }
  const items: string[] = [];
  for (;;) {
    const item =
      text[cursor.at] === "{"
        ? readLevel(cursor, delimiter, element)
        : readElement(cursor, delimiter, element);
    if (item === undefined) return undefined;
    items.push(item);
    const next = text[cursor.at];
    cursor.at += 1;
    if (next === "}") return `{${items.join(delimiter)}}`;
    if (next !== delimiter) return undefined;
  }
}

function readElement(cursor: Cursor, delimiter: "," | ";", element: Rewrite): string | undefined {
  const quoted = cursor.text[cursor.at] === '"';
  const value = quoted ? readQuoted(cursor) : readBare(cursor, delimiter);
  if (value === undefined) return undefined;
  if (!quoted && isNull(value)) return "NULL";
  const rewritten = element(value);
  return rewritten === undefined ? undefined : quote(rewritten, delimiter);
}

/** Text between quotes; a backslash takes the next character as it is. */
function readQuoted(cursor: Cursor): string | undefined {
  const { text } = cursor;
  let value = "";
  let from = cursor.at + 1;
  for (let at = from; at < text.length; at += 1) {
    const char = text[at];
    if (char === '"') {
      cursor.at = at + 1;
      return value + text.slice(from, at);
    }
    if (char === "\\") {
      value += text.slice(from, at);
      at += 1;
      from = at;
    }
  }
  return undefined;
}

function readBare(cursor: Cursor, delimiter: "," | ";"): string | undefined {
  const { text } = cursor;
  const from = cursor.at;
  while (cursor.at < text.length) {
    const char = text[cursor.at];
    if (char === delimiter || char === "}") break;
    if (char === '"' || char === "\\" || char === "{") return undefined;
    cursor.at += 1;
  }
  return cursor.at > from ? text.slice(from, cursor.at) : undefined;
}

function quote(value: string, delimiter: "," | ";"): string {
  const plain =
    value !== "" &&
    !isNull(value) &&
    !value.includes(delimiter) &&
    !/["\\{} \t\n\v\f\r]/.test(value);
  return plain ? value : `"${value.replace(/["\\]/g, "\\$&")}"`;
}

function isNull(value: string): boolean {
  return value.length === 4 && value.toUpperCase() === "NULL";
}
