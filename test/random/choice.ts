/**
 * Choices that depend on a seed alone.
 */

/** A source of choices; the same seed gives the same ones on every machine. */
export interface Choice {
  /** From 0 to below `limit`. */
  readonly below: (limit: number) => number;
  /** From `low` to `high`, both included. */
  readonly between: (low: number, high: number) => number;
  /** True in `percent` of all cases. */
  readonly chance: (percent: number) => boolean;
  /** @throws where there is nothing to pick. */
  readonly pick: <T>(items: readonly T[]) => T;
  /** `count` different ones, in random order; fewer where there are not so many. */
  readonly some: <T>(items: readonly T[], count: number) => T[];
  /** A short text, hardly ever the same. */
  readonly salt: () => string;
}

/** Mulberry32: small, and good enough to vary tests. */
export function choiceOf(seed: number): Choice {
  let state = (seed * 2654435761) >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  const pick = <T>(items: readonly T[]): T => {
    const [item] = items.slice(below(items.length));
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  };
  return {
    below,
    between: (low, high) => low + below(high - low + 1),
    chance: (percent) => next() * 100 < percent,
    pick,
    some: (items, count) => {
      const left = [...items];
      const found = [];
      while (left.length > 0 && found.length < count)
        found.push(...left.splice(below(left.length), 1));
      return found;
    },
    salt: () => below(4294967296).toString(36),
  };
}
