/**
 * Finds the next line of a side among pending lines, verifying what only shares its hash. Makes no object for a line.
 */
import { emptyPlaces, type Places, sameBytes } from "./line.ts";
import { emptyKey, type KeyRange } from "./line-key.ts";
import { addressAt, findSlot, findSlotAfter } from "./pending.ts";
import { recordBytes, recordLength, recordStart } from "./records.ts";
import type { Side } from "./side.ts";

/** What a search works with, and what it found. */
export interface Search {
  readonly places: Places;
  readonly recordKey: KeyRange;
  /** The slot found last. */
  slot: number;
}

/** Ready to search. */
export function createSearch(): Search {
  return { places: emptyPlaces(), recordKey: emptyKey(), slot: -1 };
}

/** Whether `owner` has a pending line with the key of the next line of `side`, a key that has been taken. Sets `slot`. */
export function findHead(search: Search, side: Side, owner: Side): boolean {
  const { pending } = owner;
  if (pending.size === 0) return false;
  let slot = findSlot(pending, side.headHash);
  while (slot >= 0) {
    const address = addressAt(pending, slot);
    const start = recordStart(address);
    const end = start + recordLength(pending.records, address) - 1;
    owner.keyOf(recordBytes(pending.records, address), start, end, search.recordKey);
    if (sameKey(search, side.headKey, search.recordKey)) {
      search.slot = slot;
      return true;
    }
    slot = findSlotAfter(pending, side.headHash, slot);
  }
  return false;
}

/** Whether the line found is the next line of `side`, byte by byte. */
export function isHead({ places, slot }: Search, side: Side, owner: Side): boolean {
  const { records } = owner.pending;
  const address = addressAt(owner.pending, slot);
  const length = side.headEnd + 1 - side.position;
  if (recordLength(records, address) !== length) return false;
  places.left = side.chunk;
  places.leftStart = side.position;
  places.right = recordBytes(records, address);
  places.rightStart = recordStart(address);
  return sameBytes(places, length);
}

/** Whether two keys are equal. */
export function sameKey({ places }: Search, left: KeyRange, right: KeyRange): boolean {
  const length = left.end - left.start;
  if (right.end - right.start !== length) return false;
  places.left = left.bytes;
  places.leftStart = left.start;
  places.right = right.bytes;
  places.rightStart = right.start;
  return sameBytes(places, length);
}
