/**
 * The numbers and strings that archives are made of. Every one comes from an untrusted file.
 */

import type { Window } from "../bytes.ts";
import type { Damage } from "../copy-text.ts";

/** Longest string of a table of contents, and most bytes of one entry. */
const MAX_ENTRY_BYTES = 256 * 2 ** 20;

/** Thrown to say that the bytes in memory end within a field; `readFields` gets more and starts again. */
const SHORT: unique symbol = Symbol("short");

/** Reads fields one after the other. */
export interface FieldReader {
  /** Bytes of a number's magnitude; the header tells. */
  intSize: number;
  readonly byte: () => number;
  /** A sign byte and a magnitude, least significant byte first. */
  readonly int: () => number;
  /** A string's bytes, copied; undefined for NULL, which is not the empty string. */
  readonly text: () => Buffer | undefined;
  /** The same for a string that nobody needs: whether it is one. */
  readonly skip: () => boolean;
  readonly bytes: (length: number) => Buffer;
}

/** How fields are read, and where. */
export interface FieldPlace {
  readonly window: Window;
  readonly at: number;
  readonly intSize: number;
  readonly damage: Damage;
}

/**
 * What `read` makes of the fields at a position, and the position after them. `read` may be called more than once.
 *
 * @throws what `damage` makes, if the file ends before or a number is out of bounds.
 */
export async function readFields<T>(
  { window, at, intSize, damage }: FieldPlace,
  read: (reader: FieldReader) => T,
): Promise<{ readonly value: T; readonly next: number }> {
  await window.hold(at, 1);
  for (;;) {
    const place = { bytes: window.bytes, index: at - window.base, intSize, damage };
    const reader = fieldReader(place);
    try {
      const value = read(reader);
      return { value, next: window.base + place.index };
    } catch (error) {
      if (error !== SHORT) throw error;
    }
    if (window.final) throw damage("the file ends here");
    if (window.bytes.length - (at - window.base) > MAX_ENTRY_BYTES) {
      throw damage("an entry is longer than 256 MiB");
    }
    await window.refill(at);
  }
}

interface ReaderPlace {
  readonly bytes: Buffer;
  index: number;
  readonly intSize: number;
  readonly damage: Damage;
}

function fieldReader(place: ReaderPlace): FieldReader {
  /** Where so many bytes start. */
  const pass = (length: number): number => {
    const { index } = place;
    if (index + length > place.bytes.length) throw SHORT;
    place.index += length;
    return index;
  };
  const bytes = (length: number): Buffer => {
    const start = pass(length);
    return place.bytes.subarray(start, start + length);
  };
  const stringLength = (): number => {
    const length = reader.int();
    if (length < -1 || length > MAX_ENTRY_BYTES) {
      throw place.damage(`a string claims a length of ${length}`);
    }
    return length;
  };
  const reader: FieldReader = {
    intSize: place.intSize,
    byte: () => place.bytes[pass(1)] ?? 0,
    bytes,
    int: () => {
      const negative = reader.byte() !== 0;
      const start = pass(reader.intSize);
      const magnitude = littleEndian(place.bytes, start, start + reader.intSize);
      if (!Number.isSafeInteger(magnitude)) throw place.damage("a number is out of bounds");
      return negative ? 0 - magnitude : magnitude;
    },
    text: () => {
      const length = stringLength();
      return length < 0 ? undefined : Buffer.from(bytes(length));
    },
    skip: () => {
      const length = stringLength();
      if (length > 0) pass(length);
      return length >= 0;
    },
  };
  return reader;
}

/** A number, least significant byte first; not exact beyond 2^53. */
export function littleEndian(bytes: Buffer, start = 0, end: number = bytes.length): number {
  let value = 0;
  for (let index = end - 1; index >= start; index -= 1) {
    value = value * 256 + (bytes[index] ?? 0);
  }
  return value;
}
