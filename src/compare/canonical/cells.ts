/**
 * The quoting that composites and ranges share: record_out and range_out write quotes and backslashes of a quoted text twice.
 */

/** One field or bound; `value` is null where nothing stands, which is not the empty string `""`. */
export interface Cell {
  readonly value: string | null;
  /** Index of the character that ended the cell. */
  readonly end: number;
}

/**
 * Reads from `at` up to an unquoted character of `terminators`, as record_in and range_in do: quotes may open anywhere, a
 * backslash takes the next character, two quotes within quotes are one.
 *
 * @returns undefined when the text ends before.
 */
export function readCell(text: string, at: number, terminators: string): Cell | undefined {
  let value: string | null = null;
  let quoted = false;
  for (let index = at; index < text.length; index += 1) {
    const char = text.charAt(index);
    if (!quoted && terminators.includes(char)) return { value, end: index };
    if (char === "\\") {
      index += 1;
      if (index === text.length) return undefined;
      value = (value ?? "") + text.charAt(index);
    } else if (char !== '"') {
      value = (value ?? "") + char;
    } else if (quoted && text[index + 1] === '"') {
      index += 1;
      value = `${value ?? ""}"`;
    } else {
      quoted = !quoted;
      value ??= "";
    }
  }
  return undefined;
}

/** Quotes a field or bound if it is empty or holds one of `special`, quotes, backslashes or blanks. */
export function writeCell(value: string, special: RegExp): string {
  const plain = value !== "" && !special.test(value) && !/["\\ \t\n\v\f\r]/.test(value);
  return plain ? value : `"${value.replace(/["\\]/g, "$&$&")}"`;
}
