/**
 * The lines of one side that wait for their counterpart: an open-addressing table from the hash of a key to a record.
 * Two keys may share a hash; whoever looks up verifies.
 */
import {
  addRecord,
  createRecords,
  freeAllRecords,
  freeRecord,
  outOfAddresses,
  type Records,
  type SlabPool,
} from "./records.ts";

const FIRST_WORDS = 512;

/** A hash table with linear probing. Only the functions below change it. */
export interface Pending {
  readonly records: Records;
  /** Two words a slot: the hash, and the record's address or 0. Side by side, as each access to a large table waits for memory. */
  slots: Int32Array;
  /** Lines held, repetitions not counted. */
  size: number;
}

/** An empty table. */
export function createPending(pool: SlabPool): Pending {
  return { records: createRecords(pool), slots: new Int32Array(FIRST_WORDS), size: 0 };
}

/** Memory that depends on what was put in. */
export function pendingBytes({ records, slots }: Pending): number {
  if (outOfAddresses(records)) return Number.POSITIVE_INFINITY;
  return records.bytes + (slots.length > FIRST_WORDS ? slots.byteLength : 0);
}

/** The first slot with this hash, or -1. */
export function findSlot(pending: Pending, hash: number): number {
  return findFrom(pending, hash, hash << 1);
}

/** The next slot with the same hash after one that was found, or -1. */
export function findSlotAfter(pending: Pending, hash: number, slot: number): number {
  return findFrom(pending, hash, slot + 2);
}

function findFrom({ slots }: Pending, hash: number, from: number): number {
  const mask = slots.length - 1;
  for (let slot = from & mask; slots[slot + 1] !== 0; slot = (slot + 2) & mask) {
    if (slots[slot] === hash) return slot;
  }
  return -1;
}

/** The address in a slot, 0 if it is empty. Slots are the even numbers below the length of `slots`. */
export function addressAt({ slots }: Pending, slot: number): number {
  return slots[slot + 1] ?? 0;
}

/** The hash in a slot that is not empty. */
export function hashAt({ slots }: Pending, slot: number): number {
  return slots[slot] ?? 0;
}

/** A line from `start` up to its LF at `end`, with the hash of its key. */
export interface HashedLine {
  readonly chunk: Buffer;
  readonly start: number;
  readonly end: number;
  readonly hash: number;
}

/** Puts a copy of the line in, whether or not its key is there. */
export function addPending(pending: Pending, { chunk, start, end, hash }: HashedLine): void {
  if (8 * pending.size >= 3 * pending.slots.length) grow(pending);
  put(pending.slots, hash, addRecord(pending.records, chunk, start, end));
  pending.size += 1;
}

/** Takes the line out of a slot. Slots behind it may move. */
export function removePending(pending: Pending, slot: number): void {
  pending.size -= 1;
  if (pending.size === 0) {
    pending.slots[slot + 1] = 0;
    freeAllRecords(pending.records);
    return;
  }
  freeRecord(pending.records, addressAt(pending, slot));
  closeGap(pending.slots, slot);
}

/** Takes everything out. A table that was mostly empty gets smaller, so that it does not hold memory that the other side needs. */
export function clearPending(pending: Pending): void {
  const { slots, size } = pending;
  const isSparse = slots.length > FIRST_WORDS && 8 * size < slots.length;
  if (isSparse) pending.slots = new Int32Array(slots.length / 2);
  else slots.fill(0);
  pending.size = 0;
  freeAllRecords(pending.records);
}

function put(slots: Int32Array, hash: number, address: number): void {
  const mask = slots.length - 1;
  let slot = (hash << 1) & mask;
  while (slots[slot + 1] !== 0) slot = (slot + 2) & mask;
  slots[slot] = hash;
  slots[slot + 1] = address;
}

/** Moves later entries of the same run forward, so that a search never meets a hole before its goal. */
function closeGap(slots: Int32Array, slot: number): void {
  const mask = slots.length - 1;
  let hole = slot;
  for (let next = (hole + 2) & mask; slots[next + 1] !== 0; next = (next + 2) & mask) {
    const hash = slots[next] ?? 0;
    const fromHome = (next - (hash << 1)) & mask;
    if (fromHome < ((next - hole) & mask)) continue;
    slots[hole] = hash;
    slots[hole + 1] = slots[next + 1] ?? 0;
    hole = next;
  }
  slots[hole + 1] = 0;
}

function grow(pending: Pending): void {
  const { slots } = pending;
  const larger = new Int32Array(2 * slots.length);
  for (let slot = 0; slot < slots.length; slot += 2) {
    const address = slots[slot + 1] ?? 0;
    if (address !== 0) put(larger, slots[slot] ?? 0, address);
  }
  pending.slots = larger;
}
