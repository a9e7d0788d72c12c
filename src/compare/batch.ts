/**
 * What a comparison hands out: results in batches. Knows nothing of how they were found.
 */

const FULL_BYTES = 262_144;
const FULL_ITEMS = 1_024;

/** Results not yet handed out. */
export interface Batch<T> {
  items: T[];
  /** Bytes of the lines that the results were made from. */
  bytes: number;
}

/** No results yet. */
export function createBatch<T>(): Batch<T> {
  return { items: [], bytes: 0 };
}

/** Adds a result that was made from so many bytes of lines. */
export function addResult<T>(batch: Batch<T>, result: T, bytes: number): void {
  batch.items.push(result);
  batch.bytes += bytes;
}

/** Whether the batch should be handed out before it grows further. */
export function isFull({ items, bytes }: Batch<unknown>): boolean {
  return items.length >= FULL_ITEMS || bytes >= FULL_BYTES;
}

/** Takes the results out of the batch. */
export function takeItems<T>(batch: Batch<T>): readonly T[] {
  const { items } = batch;
  batch.items = [];
  batch.bytes = 0;
  return items;
}
