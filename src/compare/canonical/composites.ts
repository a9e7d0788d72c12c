/**
 * Composites: reads what record_out prints, rewrites fields, prints it again as record_out does.
 */
import { readCell, writeCell } from "./cells.ts";
import type { Rewrite } from "./rewrite.ts";

/**
 * The row with its fields rewritten; `(1,)` holds NULL, `(1,"")` the empty string. A field without a rewrite keeps its text.
 *
 * @returns undefined when the text is no row of as many fields as there are `rewrites`, or a field has no other form.
 */
export function rewriteComposite(
  text: string,
  rewrites: readonly (Rewrite | undefined)[],
): string | undefined {
  if (rewrites.length === 0) return text === "()" ? text : undefined;
  const fields: string[] = [];
  let at = 0;
  for (const [index, rewrite] of rewrites.entries()) {
    if (text[at] !== (index === 0 ? "(" : ",")) return undefined;
    const cell = readCell(text, at + 1, ",)");
    if (!cell) return undefined;
    const value = cell.value === null || !rewrite ? cell.value : rewrite(cell.value);
    if (value === undefined) return undefined;
    fields.push(value === null ? "" : writeCell(value, /[(),]/));
    at = cell.end;
  }
  return text[at] === ")" && at === text.length - 1 ? `(${fields.join(",")})` : undefined;
}
