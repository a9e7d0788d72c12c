/**
 * Numbers as keys: one text for all that `=` takes for the same number.
 */
import { rewriteFloat4, rewriteFloat8 } from "../canonical/floats.ts";

/** numeric without its scale: `1.00` and `1` give `1`. NaN and infinities stay. Undefined for no numeric. */
export function numericKey(text: string): string | undefined {
  if (text === "NaN" || text === "Infinity" || text === "-Infinity") return text;
  const match = /^(-?)(\d+)(?:\.(\d*))?$/.exec(text);
  if (!match) return undefined;
  const [, sign = "", digits = "", fraction = ""] = match;
  const whole = digits.replace(/^0+(?=\d)/, "");
  const rest = trimZeros(fraction);
  if (whole === "0" && rest === "") return "0";
  return rest === "" ? sign + whole : `${sign}${whole}.${rest}`;
}

/** float8 in canonical text, with minus zero as zero. Undefined for no float8. */
export function float8Key(text: string): string | undefined {
  return positiveZero(rewriteFloat8(text));
}

/** float4 in canonical text, with minus zero as zero. Undefined for no float4. */
export function float4Key(text: string): string | undefined {
  return positiveZero(rewriteFloat4(text));
}

function positiveZero(text: string | undefined): string | undefined {
  return text === "-0" ? "0" : text;
}

/** A loop, since a pattern would look at each zero of a long fraction anew. */
function trimZeros(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === "0") end -= 1;
  return digits.slice(0, end);
}
