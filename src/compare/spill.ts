/**
 * Lines that exceed the memory budget: written to a store in partitions by the hash of their key, to be paired partition by partition,
 * or in the order in which they came, to be paired as two streams are. Knows no files; the store is handed in.
 */
import { addressAt, clearPending, type HashedLine, hashAt, type Pending } from "./pending.ts";
import { recordBytes, recordCount, recordLength, recordStart } from "./records.ts";
import type { SideName } from "./side.ts";

/** Temporary storage for lines. */
export interface SpillStore {
  /** Appends a chunk of whole lines to a partition, at once: waiting for promises would cost more than most writes. */
  write(partition: number, chunk: Buffer): void;
  /**
   * The chunks of a partition as they were written, each valid until the next one is asked for; nothing for one never written to.
   * Called after the last write, once for each partition; two may be read at the same time.
   */
  read(partition: number): AsyncIterable<Buffer>;
  /** Frees what the store holds. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Parts that the lines of one side are divided into at one level. */
const PARTITIONS = 64;

/** Lines still together after so many divisions share at least 24 of 32 bits of their hash: they are few, and kept in memory. */
export const LEVELS = 5;

const PARTITION_BITS = 6;
const HASH_BITS = 32;
const MAX_BUFFER_BYTES = 65_536;
const MIN_BUFFER_BYTES = 1_024;

/** The spilled lines of both sides at one level. */
export interface Spill {
  readonly store: SpillStore;
  readonly level: number;
  /** Of each side; those of local follow those of production. One alone keeps lines in the order in which they came. */
  readonly partitions: number;
  readonly bufferBytes: number;
  /** The partitions that have lines. */
  readonly occupied: Set<number>;
  /** By partition: lines that await their write, and how many bytes of them. */
  readonly buffers: Buffer[];
  readonly used: number[];
}

export interface SpillOptions {
  readonly level: number;
  readonly memoryBudget: number;
  /** Lines stay in the order in which they came: both sides are expected to have theirs in much the same one. */
  readonly inOrder: boolean;
}

/** Nothing spilled yet. Its buffers take up to 8 MiB, less for a small budget. */
export function createSpill(
  store: SpillStore,
  { level, memoryBudget, inOrder }: SpillOptions,
): Spill {
  const fair = Math.floor(memoryBudget / (32 * PARTITIONS));
  const bufferBytes = Math.min(MAX_BUFFER_BYTES, Math.max(MIN_BUFFER_BYTES, fair));
  const partitions = inOrder ? 1 : PARTITIONS;
  const used = Array.from({ length: 2 * partitions }, () => 0);
  return { store, level, partitions, bufferBytes, occupied: new Set(), buffers: [], used };
}

/** Moves all pending lines of a side out of memory. A line is written as often as it counts. */
export function spillPending(spill: Spill, side: SideName, pending: Pending): void {
  if (spill.partitions === 1) {
    for (const address of addressesInOrder(pending)) {
      putRecord(spill, partitionOf(spill, side, 0), { pending, address });
    }
  } else {
    for (let slot = 0; slot < pending.slots.length; slot += 2) {
      const address = addressAt(pending, slot);
      if (address === 0) continue;
      putRecord(spill, partitionOf(spill, side, hashAt(pending, slot)), { pending, address });
    }
  }
  clearPending(pending);
}

/** Records get ascending addresses, but for those that take the place of one that was freed. */
function addressesInOrder(pending: Pending): Int32Array {
  const addresses = new Int32Array(pending.size);
  let count = 0;
  for (let slot = 0; slot < pending.slots.length; slot += 2) {
    const address = addressAt(pending, slot);
    if (address === 0) continue;
    addresses[count] = address;
    count += 1;
  }
  return addresses.sort();
}

function putRecord(
  spill: Spill,
  partition: number,
  { pending: { records }, address }: { readonly pending: Pending; readonly address: number },
): void {
  const start = recordStart(address);
  const line = {
    bytes: recordBytes(records, address),
    start,
    end: start + recordLength(records, address),
  };
  for (let left = recordCount(records, address); left > 0; left -= 1) {
    putBytes(spill, partition, line);
  }
}

/** Puts out one line of a side that is not pending. */
export function spillLine(
  spill: Spill,
  side: SideName,
  { chunk, start, end, hash }: HashedLine,
): void {
  putBytes(spill, partitionOf(spill, side, hash), { bytes: chunk, start, end: end + 1 });
}

/** Writes what is still buffered. */
export function finishSpill(spill: Spill): void {
  for (let partition = 0; partition < spill.used.length; partition += 1) {
    writeBuffer(spill, partition);
  }
  spill.buffers.length = 0;
}

function partitionOf({ level, partitions }: Spill, side: SideName, hash: number): number {
  const first = side === "production" ? 0 : partitions;
  if (partitions === 1) return first;
  const shift = HASH_BITS - PARTITION_BITS * (level + 1);
  return first + ((hash >>> shift) & (PARTITIONS - 1));
}

/** A line with its LF. */
interface Line {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Puts the line into its partition's buffer; one longer than a buffer is written as it lies. */
function putBytes(spill: Spill, partition: number, { bytes, start, end }: Line): void {
  const length = end - start;
  if ((spill.used[partition] ?? 0) + length > spill.bufferBytes) writeBuffer(spill, partition);
  if (length > spill.bufferBytes) {
    spill.occupied.add(partition);
    spill.store.write(partition, bytes.subarray(start, end));
    return;
  }
  const used = spill.used[partition] ?? 0;
  bytes.copy(bufferOf(spill, partition), used, start, end);
  spill.used[partition] = used + length;
}

function writeBuffer(spill: Spill, partition: number): void {
  const used = spill.used[partition] ?? 0;
  if (used === 0) return;
  spill.occupied.add(partition);
  spill.store.write(partition, bufferOf(spill, partition).subarray(0, used));
  spill.used[partition] = 0;
}

function bufferOf(spill: Spill, partition: number): Buffer {
  const buffer = spill.buffers[partition] ?? Buffer.allocUnsafeSlow(spill.bufferBytes);
  spill.buffers[partition] = buffer;
  return buffer;
}
