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
  const bytes = (length: number): Buffer => {
    const { index } = place;
    if (index + length > place.bytes.length) throw SHORT;
    place.index += length;
    return place.bytes.subarray(index, index + length);
  };
  const byte = (): number => bytes(1)[0] ?? 0;
  const reader: FieldReader = {
    intSize: place.intSize,
    byte,
    bytes,
    int: () => {
      const negative = byte() !== 0;
      const magnitude = littleEndian(bytes(reader.intSize));
      if (!Number.isSafeInteger(magnitude)) throw place.damage("a number is out of bounds");
      return negative ? 0 - magnitude : magnitude;
    },
    text: () => {
      const length = reader.int();
      if (length === -1) return;
      if (length < 0 || length > MAX_ENTRY_BYTES) {
        throw place.damage(`a string claims a length of ${length}`);
      }
      return Buffer.from(bytes(length));
    },
  };
  return reader;
}

/** A number, least significant byte first; not exact beyond 2^53. */
export function littleEndian(bytes: Buffer): number {
  let value = 0;
  for (let index = bytes.length - 1; index >= 0; index -= 1) {
    value = value * 256 + (bytes[index] ?? 0);
  }
  return value;
}
