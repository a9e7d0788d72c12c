/**
 * SQL text: the only place that quotes. Everything else builds `Sql` from these pieces, so a bare string cannot slip in.
 */
import pgFormat from "pg-format";
import { escapeField } from "../changeset/copy-field.ts";
import { type LongWriter, longMark } from "../changeset/long-texts.ts";
import { type Datum, isLong, type LongText } from "../compare/change.ts";
import { printable, type QualifiedName, quoteIdentifier } from "../names.ts";

declare const brand: unique symbol;

/** Text that is safe to stand in a script. */
export type Sql = string & { readonly [brand]: true };

/** Template tag: text of this program around pieces that are SQL already. Numbers are written as they are. */
export function sql(strings: TemplateStringsArray, ...pieces: readonly (Sql | number)[]): Sql {
  return String.raw({ raw: strings }, ...pieces) as Sql;
}

/** Pieces with a separator between them. */
export function join(pieces: readonly Sql[], separator: string): Sql {
  return pieces.join(separator) as Sql;
}

/** Pieces on lines of their own, each with its line end; nothing at all for none. */
export function lines(pieces: readonly Sql[]): Sql {
  return pieces.map((piece) => `${piece}\n`).join("") as Sql;
}

/**
 * An identifier, always quoted: reserved words differ between versions, and quoted names are simple to grep. Characters that hide text
 * or end lines are escaped, `U&"..."`: what the reviewer reads is what runs.
 */
export function ident(name: string): Sql {
  if (name.search(UNSAFE) < 0) return quoteIdentifier(name) as Sql;
  const escaped = name.replaceAll("\\", "\\\\").replace(UNSAFE, unicodeEscape);
  return `U&${quoteIdentifier(escaped)}` as Sql;
}

function unicodeEscape(character: string): string {
  return `\\${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** A word of this program's own lists, written bare. */
export function keyword(word: string): Sql {
  if (!/^[a-z0-9 ]+$/.test(word)) throw new Error(`not a keyword: ${word}`);
  return word as Sql;
}

/** A schema-qualified name. */
export function qualified(name: QualifiedName): Sql {
  return `${ident(name.schema)}.${ident(name.name)}` as Sql;
}

/** Control, bidirectional, zero-width and line-separator characters: they hide text, end lines, or are changed in transit. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/**
 * A string literal on one line. Text with a backslash or an unsafe character becomes `E'...'`, which means the same
 * whatever `standard_conforming_strings` says; what the reviewer reads is what runs.
 */
export function literal(text: string | null): Sql {
  if (text === null) return "NULL" as Sql;
  // pg-format puts a blank before E'...'.
  const quoted = pgFormat.literal(text).trimStart();
  if (quoted.search(UNSAFE) < 0) return quoted as Sql;
  const escaped = quoted.replace(UNSAFE, escapeCharacter);
  return (escaped.startsWith("E") ? escaped : `E${escaped}`) as Sql;
}

/** The same for a text that is too long for memory: a mark, see `LONG_WRITERS`. */
export function longLiteral(text: LongText): Sql {
  return longMark(text, "literal") as Sql;
}

/** How long texts stand in scripts: as `literal` and `copyLine` write shorter ones. */
export const LONG_WRITERS: Readonly<Record<"copy" | "literal", LongWriter>> = {
  copy: function* (read) {
    for (const piece of read()) yield escapeField(piece);
  },
  literal: function* (read) {
    let escaped = false;
    for (const piece of read()) escaped ||= piece.includes("\\") || piece.search(UNSAFE) >= 0;
    yield escaped ? "E'" : "'";
    for (const piece of read()) {
      const quoted = piece.replaceAll("'", "''");
      yield escaped ? quoted.replaceAll("\\", "\\\\").replace(UNSAFE, escapeCharacter) : quoted;
    }
    yield "'";
  },
};

function escapeCharacter(character: string): string {
  return SHORT_ESCAPES[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Lines of comment. Text from outside is made printable: a line break in a name must not end the comment. */
export function comment(...lines: readonly string[]): Sql {
  return lines.map((line) => `-- ${printable(line)}`.trimEnd()).join("\n") as Sql;
}

/** A DO block whose dollar quote does not occur in its body. */
export function doBlock(tag: string, body: Sql): Sql {
  let quote = `$${tag}$`;
  for (let n = 1; body.includes(quote); n += 1) quote = `$${tag}${n}$`;
  return `DO ${quote}\n${body}\n${quote};` as Sql;
}

/** One line of COPY data: fields joined by TAB, NULL as `\\N`. Control characters are escaped, so it stays one line whatever carries it. */
export function copyLine(values: readonly Datum[]): Sql {
  let line = "";
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] ?? null;
    if (index > 0) line += "\t";
    if (value === null) line += "\\N";
    else if (isLong(value)) line += longMark(value, "copy");
    else if (typeof value !== "string")
      throw new Error("bytes that are not text cannot travel as COPY data");
    else line += escapeField(value);
  }
  return line as Sql;
}

/** A line of COPY data that stands from there on in a line whose fields are COPY text. */
export function copiedRest(line: string, start: number): Sql {
  return line.slice(start) as Sql;
}

/** A line of COPY data from fields that are COPY text already: each is a part of `parts`, or what stands in its place. */
export function copiedFields(parts: readonly string[], recipe: readonly (number | Sql)[]): Sql {
  let line = "";
  for (let index = 0; index < recipe.length; index += 1) {
    const place = recipe[index] ?? 0;
    if (index > 0) line += "\t";
    line += typeof place === "number" ? parts[place] : place;
  }
  return line as Sql;
}
