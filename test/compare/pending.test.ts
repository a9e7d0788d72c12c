import { describe, expect, test } from "vitest";
import {
  addPending,
  addressAt,
  clearPending,
  createPending,
  findSlot,
  findSlotAfter,
  pendingBytes,
  removePending,
} from "../../src/compare/pending.ts";
import { recordBytes, recordLength, recordStart, slabPool } from "../../src/compare/records.ts";
import { randomFrom } from "./lines.ts";

function add(pending: ReturnType<typeof createPending>, text: string, hash: number): void {
  const chunk = Buffer.from(`${text}\n`);
  addPending(pending, { chunk, start: 0, end: chunk.length - 1, hash });
}

/** The slot of the line, found by its hash. */
function slotOf(pending: ReturnType<typeof createPending>, text: string, hash: number): number {
  let slot = findSlot(pending, hash);
  while (slot >= 0 && textAt(pending, slot) !== text) slot = findSlotAfter(pending, hash, slot);
  return slot;
}

function textAt({ records, ...table }: ReturnType<typeof createPending>, slot: number): string {
  const address = addressAt({ records, ...table }, slot);
  const start = recordStart(address);
  return recordBytes(records, address).toString(
    "latin1",
    start,
    start + recordLength(records, address) - 1,
  );
}

describe("pending lines", () => {
  test("are found as long as they are there, whatever hashes they share", () => {
    const random = randomFrom(7);
    const pending = createPending(slabPool(1_000_000));
    const expected = new Map<string, number>();
    for (let step = 0; step < 60_000; step += 1) {
      // Few hashes, of both signs, many of which share their last bits.
      const id = random(step < 30_000 ? 3_000 : 300);
      const hash = Math.imul(id % 97, 0x1000_0400) | (id % 5);
      const text = `${id}:${"x".repeat(id % 200)}`;
      if (expected.has(text)) {
        removePending(pending, slotOf(pending, text, hash));
        expected.delete(text);
      } else {
        expect(slotOf(pending, text, hash)).toBe(-1);
        add(pending, text, hash);
        expected.set(text, hash);
      }
    }
    expect(pending.size).toBe(expected.size);
    for (const [text, hash] of expected)
      expect(slotOf(pending, text, hash)).toBeGreaterThanOrEqual(0);
  });

  test("give their memory to the lines that come after them", () => {
    const pending = createPending(slabPool(1_000_000));
    for (let id = 0; id < 500; id += 1) add(pending, `${id} ${"x".repeat(id % 300)}`, id);
    const before = pendingBytes(pending);
    for (let id = 500; id < 20_000; id += 1) {
      const gone = id - 500;
      removePending(pending, slotOf(pending, `${gone} ${"x".repeat(gone % 300)}`, gone));
      add(pending, `${id} ${"x".repeat(id % 300)}`, id);
    }
    expect(pending.size).toBe(500);
    expect(pendingBytes(pending)).toBeLessThan(1.5 * before);
  });

  test.each([1, 100, 1_000, 70_000, 2_000_000])(
    "of %i bytes take little more than that",
    (bytes) => {
      const pool = slabPool(256 * 1024 * 1024);
      const pending = createPending(pool);
      const count = Math.ceil(4_000_000 / (bytes + 100));
      for (let id = 0; id < count; id += 1) add(pending, "x".repeat(bytes), id);
      expect(pendingBytes(pending)).toBeLessThan(count * (1.125 * bytes + 50));
      expect(pendingBytes(pending)).toBeGreaterThan(count * bytes);
    },
  );

  test("cleared, give all memory back", () => {
    const pool = slabPool(1_000_000);
    const pending = createPending(pool);
    for (let round = 0; round < 20; round += 1) {
      for (let id = 0; id < 2_000; id += 1) add(pending, `${id}`, Math.imul(id, 0x9e37_79b1));
      clearPending(pending);
      expect(pending.size).toBe(0);
      expect(findSlot(pending, Math.imul(7, 0x9e37_79b1))).toBe(-1);
    }
    for (let round = 0; round < 20; round += 1) clearPending(pending);
    expect(pendingBytes(pending)).toBe(0);
    expect(pool.free.length * pool.slabBytes).toBeLessThan(100_000);
  });
});
