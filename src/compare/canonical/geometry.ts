/**
 * Geometric types and cube: their coordinates are float8 texts between brackets and commas.
 */
import { rewriteFloat8 } from "./floats.ts";

/** The text with each coordinate in shortest form: `<(0.10000000000000001,2),3>` gives `<(0.1,2),3>`. Undefined when one is no number. */
export function rewriteGeometry(text: string): string | undefined {
  let sound = true;
  const rewritten = text.replace(/[^()[\]{}<>, ]+/g, (coordinate) => {
    const float = rewriteFloat8(coordinate);
    sound &&= float !== undefined;
    return float ?? coordinate;
  });
  return sound ? rewritten : undefined;
}
