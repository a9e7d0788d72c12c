/**
 * What a comparison hands out: results in batches, with copies of lines that stay valid. Knows nothing of how they were found.
 */

const SLAB_BYTES = 65_536;
const FULL_BYTES = 262_144;
const FULL_ITEMS = 1_024;

/** Results not yet handed out. */
export interface Batch<T> {
  items: T[];
  /** Bytes of lines that the items hold. */
  bytes: number;
  /** Copies of short lines share memory; what is behind `used` is free. */
  slab: Buffer;
  used: number;
}

/** No results yet. */
export function createBatch<T>(): Batch<T> {
  return { items: [], bytes: 0, slab: Buffer.alloc(0), used: 0 };
}

/** A copy of the line that outlives it. It shares memory with up to 64 KiB of its neighbours. */
export function keepLine(batch: Batch<unknown>, line: Buffer): Buffer {
  batch.bytes += line.length;
  if (line.length > SLAB_BYTES / 8) return Buffer.from(line);
  if (batch.used + line.length > batch.slab.length) {
    batch.slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    batch.used = 0;
  }
  const start = batch.used;
  batch.used += line.copy(batch.slab, start);
  return batch.slab.subarray(start, batch.used);
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
