/** Streams of lines for tests: seeded randomness, chunks of any size, storage that only remembers. */
import type { SpillStore } from "../../src/compare/spill.ts";

/** Numbers from 0 up to, not including, `below`; the same for the same seed. See: Steele, Lea, Flood, SplitMix. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) % below;
  };
}

/** The items in random order. */
export function shuffled<T>(items: readonly T[], random: (below: number) => number): T[] {
  const result = [...items];
  for (let at = result.length - 1; at > 0; at -= 1) {
    const other = random(at + 1);
    const [a, b] = [result[at], result[other]];
    if (a !== undefined && b !== undefined) [result[at], result[other]] = [b, a];
  }
  return result;
}

/**
 * The lines in chunks of `size()` lines each. A chunk is overwritten as soon as the next one is asked for, as the contract of a
 * stream of lines allows.
 */
export async function* chunksOf(
  lines: readonly string[],
  size: () => number,
): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < lines.length; ) {
    const next = Math.min(lines.length, at + size());
    const text = lines.slice(at, next).map((line) => `${line}\n`);
    const chunk = Buffer.from(text.join(""), "latin1");
    yield chunk;
    chunk.fill("?\t");
    at = next;
  }
}

/** What went into temporary storage. */
export interface Spills {
  made: number;
  open: number;
  bytes: number;
  /** How often lines of both sides were kept in the order in which they came: in the first two partitions, no others. */
  inOrder: number;
  /** The most bytes that were written between two chunks of the streams. */
  largestBurst: number;
  burst: number;
}

export function noSpills(): Spills {
  return { made: 0, open: 0, bytes: 0, inOrder: 0, largestBurst: 0, burst: 0 };
}

/** Storage in memory, with a tally of its use. */
export function memorySpill(spills: Spills): () => SpillStore {
  return () => {
    const partitions = new Map<number, Buffer[]>();
    let highest = 0;
    spills.made += 1;
    spills.open += 1;
    return {
      write(partition, chunk) {
        highest = Math.max(highest, partition);
        spills.bytes += chunk.length;
        spills.burst += chunk.length;
        spills.largestBurst = Math.max(spills.largestBurst, spills.burst);
        const chunks = partitions.get(partition) ?? [];
        chunks.push(Buffer.from(chunk));
        partitions.set(partition, chunks);
      },
      async *read(partition) {
        for (const chunk of partitions.get(partition) ?? []) {
          yield chunk;
          chunk.fill("?\t");
          spills.burst = 0;
        }
        partitions.delete(partition);
      },
      async [Symbol.asyncDispose]() {
        spills.open -= 1;
        if (highest === 1) spills.inOrder += 1;
        partitions.clear();
      },
    };
  };
}
