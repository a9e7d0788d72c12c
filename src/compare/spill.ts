/**
 * Lines that exceed the memory budget: written to a store in partitions by the hash of their key, to be paired partition by partition.
 * Knows no files; the store is handed in.
 */
import { addressAt, clearPending, hashAt, type Pending } from "./pending.ts";
import { recordBytes, recordCount, recordLength, recordStart } from "./records.ts";

/** Temporary storage for lines. */
export interface SpillStore {
  /** Appends a chunk of whole lines to a partition. The chunk is read until the promise resolves; one write at a time. */
  write(partition: number, chunk: Buffer): Promise<void>;
  /**
   * The chunks of a partition as they were written, each valid until the next one is asked for; nothing for one never written to.
   * Called after the last write, once for each partition; two may be read at the same time.
   */
  read(partition: number): AsyncIterable<Buffer>;
  /** Frees what the store holds. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Parts that the lines of one side are divided into at one level. */
export const PARTITIONS = 64;

/** Lines still together after so many divisions share 30 of 32 bits of their hash: they are few, and kept in memory. */
export const LEVELS = 5;

const PARTITION_BITS = 6;
const HASH_BITS = 32;
const MAX_BUFFER_BYTES = 65_536;
const MIN_BUFFER_BYTES = 1_024;

/** The spilled lines of both sides at one level. */
export interface Spill {
  readonly store: SpillStore;
  readonly level: number;
  readonly bufferBytes: number;
  /** The partitions that have lines. */
  readonly occupied: Set<number>;
  /** By partition: lines that await their write, and how many bytes of them. */
  readonly buffers: Buffer[];
  readonly used: number[];
}

/** Nothing spilled yet. Its buffers take up to 8 MiB, less for a small budget. */
export function createSpill(store: SpillStore, level: number, memoryBudget: number): Spill {
  const fair = Math.floor(memoryBudget / (32 * PARTITIONS));
  const bufferBytes = Math.min(MAX_BUFFER_BYTES, Math.max(MIN_BUFFER_BYTES, fair));
  const used = Array.from({ length: 2 * PARTITIONS }, () => 0);
  return { store, level, bufferBytes, occupied: new Set(), buffers: [], used };
}

/** Moves all pending lines into the partitions from `first` on. A line is written as often as it counts. */
export async function spillPending(spill: Spill, first: number, pending: Pending): Promise<void> {
  const shift = HASH_BITS - PARTITION_BITS * (spill.level + 1);
  for (let slot = 0; slot < pending.slots.length; slot += 2) {
    const address = addressAt(pending, slot);
    if (address === 0) continue;
    const hash = hashAt(pending, slot);
    const partition = first + ((hash >>> shift) & (PARTITIONS - 1));
    for (let left = recordCount(pending.records, address); left > 0; left -= 1) {
      if (!putRecord(spill, partition, { pending, address })) {
        await writeRecord(spill, partition, { pending, address });
      }
    }
  }
  clearPending(pending);
}

/** Writes what is still buffered. */
export async function finishSpill(spill: Spill): Promise<void> {
  for (let partition = 0; partition < spill.used.length; partition += 1) {
    await writeBuffer(spill, partition);
  }
  spill.buffers.length = 0;
}

interface Place {
  readonly pending: Pending;
  readonly address: number;
}

/** Puts the record into its partition's buffer if there is room. */
function putRecord(spill: Spill, partition: number, { pending, address }: Place): boolean {
  const length = recordLength(pending.records, address);
  const used = spill.used[partition] ?? 0;
  if (used + length > spill.bufferBytes) return false;
  const buffer = bufferOf(spill, partition);
  const start = recordStart(address);
  recordBytes(pending.records, address).copy(buffer, used, start, start + length);
  spill.used[partition] = used + length;
  return true;
}

/** Makes room and puts the record there; one longer than a buffer is written as it lies. */
async function writeRecord(spill: Spill, partition: number, place: Place): Promise<void> {
  await writeBuffer(spill, partition);
  if (putRecord(spill, partition, place)) return;
  const { records } = place.pending;
  spill.occupied.add(partition);
  const start = recordStart(place.address);
  const end = start + recordLength(records, place.address);
  await spill.store.write(partition, recordBytes(records, place.address).subarray(start, end));
}

async function writeBuffer(spill: Spill, partition: number): Promise<void> {
  const used = spill.used[partition] ?? 0;
  if (used === 0) return;
  spill.occupied.add(partition);
  await spill.store.write(partition, bufferOf(spill, partition).subarray(0, used));
  spill.used[partition] = 0;
}

function bufferOf(spill: Spill, partition: number): Buffer {
  const buffer = spill.buffers[partition] ?? Buffer.allocUnsafeSlow(spill.bufferBytes);
  spill.buffers[partition] = buffer;
  return buffer;
}
