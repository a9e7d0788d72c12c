/**
 * Arrays: reads what array_out prints, rewrites each element, prints it again as array_out does. Dimensions stay as they are.
 */
import type { Rewrite } from "./rewrite.ts";

/** An array being read: where reading has come to, how many braces are open, what to do with elements. */
interface Reading {
  readonly text: string;
  readonly delimiter: "," | ";";
  readonly element: Rewrite;
  at: number;
  depth: number;
}

/** Dimensions that PostgreSQL allows (MAXDIM). */
const MOST_DIMENSIONS = 6;

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
  const reading = { text, delimiter, element, at: bounds.length, depth: 0 };
  const body = readLevel(reading);
  return body !== undefined && reading.at === text.length ? bounds + body : undefined;
}

/** One pair of braces with what it holds: elements or further levels. */
function readLevel(reading: Reading): string | undefined {
  const { text, delimiter } = reading;
  if (text[reading.at] !== "{" || reading.depth === MOST_DIMENSIONS) return undefined;
  if (text[reading.at + 1] === "}") {
    reading.at += 2;
    return "{}";
  }
  reading.depth += 1;
  const items: string[] = [];
  do {
    reading.at += 1;
    const item = text[reading.at] === "{" ? readLevel(reading) : readElement(reading);
    if (item === undefined) return undefined;
    items.push(item);
  } while (text[reading.at] === delimiter);
  if (text[reading.at] !== "}") return undefined;
  reading.at += 1;
  reading.depth -= 1;
  return `{${items.join(delimiter)}}`;
}

function readElement(reading: Reading): string | undefined {
  const quoted = reading.text[reading.at] === '"';
  const value = quoted ? readQuoted(reading) : readBare(reading);
  if (value === undefined) return undefined;
  if (!quoted && isNull(value)) return "NULL";
  const rewritten = reading.element(value);
  return rewritten === undefined ? undefined : quote(rewritten, reading.delimiter);
}

/** Text between quotes; a backslash takes the next character as it is. */
function readQuoted(reading: Reading): string | undefined {
  const { text } = reading;
  let value = "";
  let from = reading.at + 1;
  for (let at = from; at < text.length; at += 1) {
    const char = text[at];
    if (char === '"') {
      reading.at = at + 1;
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

function readBare(reading: Reading): string | undefined {
  const { text, delimiter } = reading;
  const from = reading.at;
  for (; reading.at < text.length; reading.at += 1) {
    const char = text[reading.at];
    if (char === delimiter || char === "}") break;
    if (char === '"' || char === "\\" || char === "{") return undefined;
  }
  return reading.at > from ? text.slice(from, reading.at) : undefined;
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
