/**
 * Storage for copies of lines that come and go in any order: records in large slabs, so that millions of them cost the garbage
 * collector nothing. Knows bytes; knows no keys.
 */
import { releaseLarge } from "../sources/large-memory.ts";

/** Records start at multiples of this many bytes: the line's length and its count, then the line with its LF. */
const UNIT = 16;
const WORDS_PER_UNIT = UNIT / 4;
const HEADER = 8;

/** An address is a slab's number times 2^16 plus the unit within it. Slabs are numbered from 1, so 0 is no record. */
const SLAB_SHIFT = 16;
const UNIT_MASK = 0xffff;
const MAX_SLABS = 0x7fff;
const MAX_SLAB_BYTES = UNIT << SLAB_SHIFT;
const MIN_SLAB_BYTES = UNIT << 8;

/** A piece of memory, as bytes and as words. */
export interface Slab {
  readonly bytes: Buffer;
  readonly words: Uint32Array;
}

/** Slabs that nobody uses at the moment, for all who share one memory budget: lines that wait, and what is made of those that differ. */
export interface SlabPool {
  readonly slabBytes: number;
  readonly free: Slab[];
  /** Bytes that others than records hold, so that records do with less. Whoever takes slabs for something else keeps count here. */
  lent: number;
}

/** Records of one side; only the functions below change it. */
export interface Records {
  readonly pool: SlabPool;
  /** By number; one without slab was given back. */
  readonly slabs: (Slab | undefined)[];
  /** Numbers in `slabs` to be taken again. */
  readonly vacant: number[];
  /** The slab that new records are put into, and its next free unit. */
  current: number;
  nextUnit: number;
  /** Of each size class: the first freed record, or 0. Its length word holds the address of the next one. */
  readonly freed: Int32Array;
  /** Bytes taken, those of freed records included. */
  bytes: number;
}

/** A pool of slabs whose size suits the budget: a small part of it, at most 1 MiB. */
export function slabPool(memoryBudget: number): SlabPool {
  let slabBytes = MAX_SLAB_BYTES;
  while (slabBytes > MIN_SLAB_BYTES && slabBytes > memoryBudget / 64) slabBytes /= 2;
  return { slabBytes, free: [], lent: 0 };
}

/** A slab of the pool, a new one if none is free. It is pushed to `free` by whoever needs it no more. */
export function takeSlab(pool: SlabPool): Slab {
  const { free, slabBytes } = pool;
  if (free.length === 0 && slabBytes === MAX_SLAB_BYTES) addArena(pool);
  return free.pop() ?? createSlab(slabBytes);
}

/** More than 32 MiB: only pieces so large go back to the system for sure when they are freed; their pages are taken as they are used. */
const ARENA_SLABS = 33;

function addArena({ free, slabBytes }: SlabPool): void {
  const arena = new ArrayBuffer(ARENA_SLABS * slabBytes);
  for (let at = arena.byteLength - slabBytes; at >= 0; at -= slabBytes) {
    const bytes = Buffer.from(arena, at, slabBytes);
    free.push({ bytes, words: new Uint32Array(arena, at, slabBytes >>> 2) });
  }
}

/** No records yet. */
export function createRecords(pool: SlabPool): Records {
  return {
    pool,
    slabs: [undefined],
    vacant: [],
    current: 0,
    nextUnit: pool.slabBytes / UNIT,
    freed: new Int32Array(128),
    bytes: 0,
  };
}

/** Copies the line from `start` up to its LF at `end` into a new record with count 1. Returns its address, not 0. */
export function addRecord(records: Records, line: Buffer, start: number, end: number): number {
  const length = end + 1 - start;
  const address = allocate(records, HEADER + length);
  const { bytes, words } = slabOf(records, address);
  const unit = address & UNIT_MASK;
  words[unit * WORDS_PER_UNIT] = length;
  words[unit * WORDS_PER_UNIT + 1] = 1;
  line.copy(bytes, unit * UNIT + HEADER, start, end + 1);
  return address;
}

/** Gives a record's memory back. */
export function freeRecord(records: Records, address: number): void {
  const size = HEADER + recordLength(records, address);
  if (isLarge(records, size)) {
    releaseLarge(slabOf(records, address).bytes);
    records.slabs[address >>> SLAB_SHIFT] = undefined;
    records.vacant.push(address >>> SLAB_SHIFT);
    records.bytes -= size;
    return;
  }
  const sizeClass = classOf(Math.ceil(size / UNIT));
  const { words } = slabOf(records, address);
  words[(address & UNIT_MASK) * WORDS_PER_UNIT] = records.freed[sizeClass] ?? 0;
  records.freed[sizeClass] = address;
}

/** Gives the memory of all records back to the pool. */
export function freeAllRecords(records: Records): void {
  const { pool, slabs } = records;
  for (const slab of slabs) {
    if (slab?.bytes.length === pool.slabBytes) pool.free.push(slab);
    else if (slab) releaseLarge(slab.bytes);
  }
  slabs.length = 1;
  records.vacant.length = 0;
  records.current = 0;
  records.nextUnit = pool.slabBytes / UNIT;
  records.freed.fill(0);
  records.bytes = 0;
}

/** Whether no more record may be added, however much memory is left. */
export function outOfAddresses({ slabs, vacant }: Records): boolean {
  return slabs.length >= MAX_SLABS && vacant.length === 0;
}

/** The memory in which the record's line lies, from `recordStart` on. */
export function recordBytes(records: Records, address: number): Buffer {
  return slabOf(records, address).bytes;
}

/** Where the record's line starts in `recordBytes`. */
export function recordStart(address: number): number {
  return (address & UNIT_MASK) * UNIT + HEADER;
}

/** Length of the record's line, LF included. */
export function recordLength(records: Records, address: number): number {
  return slabOf(records, address).words[(address & UNIT_MASK) * WORDS_PER_UNIT] ?? 0;
}

/** How many times the line counts. */
export function recordCount(records: Records, address: number): number {
  return slabOf(records, address).words[(address & UNIT_MASK) * WORDS_PER_UNIT + 1] ?? 0;
}

/** Lets the line count that many times. */
export function setRecordCount(records: Records, address: number, count: number): void {
  slabOf(records, address).words[(address & UNIT_MASK) * WORDS_PER_UNIT + 1] = count;
}

function slabOf({ slabs }: Records, address: number): Slab {
  const slab = slabs[address >>> SLAB_SHIFT];
  if (!slab) throw new Error(`no record at ${address}`);
  return slab;
}

function allocate(records: Records, size: number): number {
  if (isLarge(records, size)) {
    records.bytes += size;
    return addSlab(records, createSlab(size)) << SLAB_SHIFT;
  }
  const needed = Math.ceil(size / UNIT);
  const sizeClass = classOf(needed);
  const freed = records.freed[sizeClass] ?? 0;
  if (freed !== 0) {
    records.freed[sizeClass] = recordLength(records, freed);
    return freed;
  }
  const units = unitsOf(needed);
  const { pool } = records;
  if (records.nextUnit + units > pool.slabBytes / UNIT) {
    records.current = addSlab(records, takeSlab(pool));
    records.nextUnit = 0;
  }
  const address = (records.current << SLAB_SHIFT) | records.nextUnit;
  records.nextUnit += units;
  records.bytes += units * UNIT;
  return address;
}

/** Larger records get a slab of their own, so that slabs are never left half empty. */
function isLarge({ pool }: Records, size: number): boolean {
  return size > pool.slabBytes / 16;
}

function addSlab(records: Records, slab: Slab): number {
  const number = records.vacant.pop() ?? records.slabs.length;
  records.slabs[number] = slab;
  return number;
}

/** A slab of any size, of no pool. */
export function createSlab(size: number): Slab {
  const bytes = Buffer.allocUnsafeSlow(size);
  return { bytes, words: new Uint32Array(bytes.buffer, 0, size >>> 2) };
}

/** Records of one class are interchangeable. Sizes come in eight steps for each power of two. */
function classOf(units: number): number {
  const exponent = stepExponent(units);
  return exponent * 8 + ((units + (1 << exponent) - 1) >>> exponent);
}

/** The units that every record of the class takes: `units` rounded up, by at most an eighth. */
function unitsOf(units: number): number {
  const exponent = stepExponent(units);
  return ((units + (1 << exponent) - 1) >>> exponent) << exponent;
}

function stepExponent(units: number): number {
  return Math.max(0, 28 - Math.clz32(units));
}
