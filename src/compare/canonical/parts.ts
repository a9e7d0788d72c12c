/**
 * How a rewrite reaches the parts of a compound value.
 */
import type { Compound } from "../shape.ts";
import { rewriteArray } from "./arrays.ts";
import { rewriteComposite } from "./composites.ts";
import { rewriteMultirange, rewriteRange } from "./ranges.ts";
import type { Rewrite } from "./rewrite.ts";

/**
 * Rewrites the parts of a compound value and prints it around them as PostgreSQL does. `rewrites` stands beside `partsOf(shape)`;
 * a part without one keeps its text. Undefined where the value or a part gives undefined.
 */
export function rewriteParts(shape: Compound, rewrites: readonly (Rewrite | undefined)[]): Rewrite {
  const [first = keep] = rewrites;
  switch (shape.kind) {
    case "array":
      return (text) => rewriteArray(text, shape.delimiter, first);
    case "composite":
      return (text) => rewriteComposite(text, rewrites);
    case "range":
      return (text) => rewriteRange(text, first);
    case "multirange":
      return (text) => rewriteMultirange(text, first);
  }
}

function keep(text: string): string {
  return text;
}
