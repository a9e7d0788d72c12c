/**
 * XXH32, the checksum of LZ4 frames. See: xxHash fast digest algorithm, "XXH32 algorithm description".
 */

const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;
const PRIME_5 = 0x165667b1;
const STRIPE = 16;

/** A checksum that is fed piece by piece, with seed 0. */
export interface XxHash32 {
  readonly update: (bytes: Buffer) => void;
  /** The unsigned result for all bytes so far. */
  readonly digest: () => number;
}

/** Starts a checksum. */
export function xxHash32(): XxHash32 {
  const lanes = [PRIME_1 + PRIME_2, PRIME_2, 0, 0 - PRIME_1];
  let rest: Buffer = Buffer.alloc(0);
  let total = 0;
  return {
    update: (bytes) => {
      total += bytes.length;
      const input = rest.length > 0 ? Buffer.concat([rest, bytes]) : bytes;
      const end = input.length - (input.length % STRIPE);
      mixStripes(lanes, input, end);
      rest = Buffer.from(input.subarray(end));
    },
    digest: () => finish(lanes, rest, total),
  };
}

/** The checksum of one piece. */
export function xxHash32Of(bytes: Buffer): number {
  const hash = xxHash32();
  hash.update(bytes);
  return hash.digest();
}

function mixStripes(lanes: number[], input: Buffer, end: number): void {
  let [a = 0, b = 0, c = 0, d = 0] = lanes;
  for (let at = 0; at < end; at += STRIPE) {
    a = mixLane(a, input.readInt32LE(at));
    b = mixLane(b, input.readInt32LE(at + 4));
    c = mixLane(c, input.readInt32LE(at + 8));
    d = mixLane(d, input.readInt32LE(at + 12));
  }
  lanes.splice(0, 4, a, b, c, d);
}

function mixLane(lane: number, word: number): number {
  return Math.imul(rotate((lane + Math.imul(word, PRIME_2)) | 0, 13), PRIME_1);
}

function finish(lanes: readonly number[], rest: Buffer, total: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = lanes;
  let hash =
    total >= STRIPE ? rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18) : PRIME_5;
  hash = (hash + total) | 0;
  let at = 0;
  for (; at + 4 <= rest.length; at += 4) {
    hash = Math.imul(rotate((hash + Math.imul(rest.readInt32LE(at), PRIME_3)) | 0, 17), PRIME_4);
  }
  for (; at < rest.length; at += 1) {
    hash = Math.imul(rotate((hash + Math.imul(rest[at] ?? 0, PRIME_5)) | 0, 11), PRIME_1);
  }
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
