/**
 * Fills templates: `{{name}}` is replaced by SQL, or by a stream of it. No loops, no conditions, no escaping decisions.
 */
import type { Sql } from "./sql.ts";

export type Filling = Sql | AsyncIterable<Sql> | Iterable<Sql>;

/**
 * The script in pieces, in order. A stream's pieces stand on lines of their own. Every placeholder must be filled and every
 * filling used; anything else is a bug.
 */
export async function* fill(
  template: string,
  fillings: Readonly<Record<string, Filling>>,
): AsyncGenerator<string> {
  const unused = new Set(Object.keys(fillings));
  for (const [index, part] of template.split(/\{\{(\w+)\}\}/).entries()) {
    if (index % 2 === 0) {
      yield part;
      continue;
    }
    const filling = fillings[part];
    if (filling === undefined) throw new Error(`the template's ${part} is not filled`);
    unused.delete(part);
    if (typeof filling === "string") {
      yield filling;
      continue;
    }
    let first = true;
    for await (const piece of filling) {
      yield first ? piece : `\n${piece}`;
      first = false;
    }
  }
  if (unused.size > 0) throw new Error(`the template has no ${[...unused].join(", ")}`);
}
