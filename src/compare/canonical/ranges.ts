/**
 * Ranges and multiranges: reads what range_out prints, rewrites both bounds, prints it again as range_out does.
 */
import { readCell, writeCell } from "./cells.ts";
import type { Rewrite } from "./rewrite.ts";

/** The range with its bounds rewritten; a missing bound stays missing. Undefined when the text is no range or a bound has no other form. */
export function rewriteRange(text: string, bound: Rewrite): string | undefined {
  const range = readRange(text, 0, bound);
  return range?.end === text.length ? range.text : undefined;
}

/** The same for `{range,range}`. */
export function rewriteMultirange(text: string, bound: Rewrite): string | undefined {
  if (text === "{}") return text;
  const ranges: string[] = [];
  let at = 0;
  do {
    if (text[at] !== (at === 0 ? "{" : ",")) return undefined;
    const range = readRange(text, at + 1, bound);
    if (!range) return undefined;
    ranges.push(range.text);
    at = range.end;
  } while (text[at] !== "}");
  return at === text.length - 1 ? `{${ranges.join(",")}}` : undefined;
}

function readRange(
  text: string,
  at: number,
  bound: Rewrite,
): { readonly text: string; readonly end: number } | undefined {
  if (text.startsWith("empty", at)) return { text: "empty", end: at + 5 };
  const open = text[at];
  if (open !== "[" && open !== "(") return undefined;
  const lower = readCell(text, at + 1, ",)]");
  if (!lower || text[lower.end] !== ",") return undefined;
  const upper = readCell(text, lower.end + 1, ",)]");
  if (!upper || text[upper.end] === ",") return undefined;
  const from = writeBound(lower.value, bound);
  const to = writeBound(upper.value, bound);
  if (from === undefined || to === undefined) return undefined;
  return { text: `${open}${from},${to}${text.charAt(upper.end)}`, end: upper.end + 1 };
}

function writeBound(value: string | null, bound: Rewrite): string | undefined {
  if (value === null) return "";
  const rewritten = bound(value);
  return rewritten === undefined ? undefined : writeCell(rewritten, /[()[\],]/);
}
