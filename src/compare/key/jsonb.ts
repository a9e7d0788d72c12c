/**
 * jsonb as a key: its text is in one form already, but for the scale of its numbers.
 */
import { numericKey } from "./numbers.ts";

/**
 * The text with each number in its shortest form: `{"a": 1.0}` gives `{"a": 1}`; strings are left alone.
 *
 * @returns undefined when a string does not end or a number is none.
 */
export function jsonbKey(text: string): string | undefined {
  const parts: string[] = [];
  let at = 0;
  while (at < text.length) {
    const end = text[at] === '"' ? endOfString(text, at) : text.indexOf('"', at);
    if (end === undefined) return undefined;
    const part = text.slice(at, end < 0 ? text.length : end);
    const key = part.startsWith('"') ? part : shortNumbers(part);
    if (key === undefined) return undefined;
    parts.push(key);
    at += part.length;
  }
  return parts.join("");
}

function endOfString(text: string, start: number): number | undefined {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return undefined;
}

function shortNumbers(text: string): string | undefined {
  let sound = true;
  const rewritten = text.replace(/[-\d][^\s,:\]}]*/g, (number) => {
    const key = numericKey(number);
    sound &&= key !== undefined;
    return key ?? number;
  });
  return sound ? rewritten : undefined;
}
