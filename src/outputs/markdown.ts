/**
 * Text from outside in Markdown: names, messages and values that cannot start markup, links or HTML, whatever they hold.
 */
import { printable } from "../names.ts";

declare const brand: unique symbol;

/** Text that is safe to stand in a Markdown document. */
export type Markdown = string & { readonly [brand]: true };

/** Template tag: text of this program around pieces that are Markdown already. Numbers are written as they are. */
export function markdown(
  strings: TemplateStringsArray,
  ...pieces: readonly (Markdown | number)[]
): Markdown {
  return String.raw({ raw: strings }, ...pieces) as Markdown;
}

/** Text on one line that shows as it is. */
export function text(value: string): Markdown {
  const escaped = printable(value)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replace(/[\\`*[\]|~$#]/g, "\\$&")
    // Within a word an underscore is plain; bare addresses would become links.
    .replace(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, "\\_")
    .replace(/:(?=\/\/)|@|(?<=\b(?:mailto|xmpp)):/gi, "\\$&")
    .replace(/\bwww\./gi, (match) => match.replace(".", "\\."));
  return escaped as Markdown;
}

/** A name or command in a code span; text where a code span could be left. */
export function code(value: string): Markdown {
  const line = printable(value);
  if (line.trim() === "" || /[`|\\]/.test(line)) return text(line);
  return `\`${line}\`` as Markdown;
}

/** A table. Cells are Markdown, so a pipe of a value is escaped already. */
export function table(
  columns: readonly { readonly title: string; readonly right?: boolean }[],
  rows: readonly (readonly Markdown[])[],
): Markdown {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    line(columns.map(({ title }) => title)),
    line(columns.map(({ right }) => (right ? "---:" : "---"))),
    ...rows.map(line),
  ].join("\n") as Markdown;
}
