/** What a server says of all pairs of a type's values. */
import type { Typed } from "../../src/compare/shape.ts";
import { askJson } from "./json.ts";
import { literalsOf } from "./literals.ts";
import { typeOf } from "./types.ts";

export interface Pair {
  /** Both as PostgreSQL prints them in UTC. */
  readonly a: string;
  readonly b: string;
  /** Whether `=` takes them for equal. */
  readonly equal: boolean;
}

/** All pairs of the literals of a type. */
export async function askPairs(
  url: string,
  type: string,
  collation = "",
): Promise<readonly Pair[]> {
  const pairs = await askJson(
    url,
    `SET TimeZone = 'UTC';
     WITH v AS (SELECT j::${type} AS v FROM json_array_elements_text($json$${JSON.stringify(literalsOf(type))}$json$) j)
     SELECT json_agg(json_build_object('a', format('%s', a.v), 'b', format('%s', b.v), 'equal', a.v = b.v ${collation}))
     FROM v a, v b`,
  );
  return pairs as readonly Pair[];
}

/** A column of such a type. */
export function columnOf(type: string): Typed {
  return { type: typeOf(type.replaceAll('"', "")) };
}
