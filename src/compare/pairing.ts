/**
 * Pairs the lines of two sides as far as what is in memory allows. Lines that agree where both streams stand are passed over in bulk.
 * Others are looked up among those that the other side has set aside, and else set aside themselves: a symmetric hash join. Whatever
 * is found there goes first, so that after a difference the two streams come back to the same line.
 */
import { addResult, type Batch, isFull } from "./batch.ts";
import { agreeingBytes } from "./line.ts";
import {
  addPending,
  addressAt,
  clearPending,
  type Pending,
  pendingBytes,
  removePending,
} from "./pending.ts";
import {
  isInStep,
  isNear,
  nextAside,
  noteAgreement,
  noteAside,
  noteFound,
  otherOf,
  type Race,
} from "./race.ts";
import { recordBytes, recordCount, recordLength, recordStart, setRecordCount } from "./records.ts";
import { findHead, isHead, type Search, sameKey } from "./search.ts";
import {
  hasLine,
  headLine,
  isStarved,
  moveTo,
  readHead,
  type Side,
  type SideName,
} from "./side.ts";
import { type Spill, spillLine } from "./spill.ts";

/** What becomes of lines that differ. Lines are valid during the call. */
export interface Results<T> {
  /** Lines are their own keys and may be repeated; else a repeated key is a fault. */
  readonly counted: boolean;
  /** Two lines with the same key. */
  readonly pair: (before: Buffer, after: Buffer) => T;
  /** A line that only one side has, `count` times more than the other. */
  readonly alone: (side: SideName, line: Buffer, count: number) => T;
  /** A line that is left out because its side has another one, unpaired, with the same key. */
  readonly duplicate: (side: SideName, line: Buffer) => void;
}

/** Two streams on their way through each other. */
export interface Pairing<T> {
  readonly production: Side;
  readonly local: Side;
  readonly results: Results<T>;
  readonly batch: Batch<T>;
  readonly memoryBudget: number;
  /** Where lines went that were taken out of memory: a line not found there may still have a counterpart. */
  spill: Spill | undefined;
  /** Whether long lines go there instead of waiting in memory. Those of one partition do not: they would go from level to level. */
  readonly spillsLong: boolean;
  /** Bytes of lines that go there as they come, without being looked up and set aside. */
  scatter: number;
  readonly race: Race;
  readonly search: Search;
}

/** Why `advance` stopped: more must be read, the batch handed out, memory freed, or both streams have ended. */
export type Stop = "input" | "output" | "memory" | "end";

/** Pairs lines until something must be done that takes time. */
export function advance<T>(pairing: Pairing<T>): Stop {
  const { production, local, batch } = pairing;
  for (;;) {
    if (isStarved(production) || isStarved(local)) return "input";
    const both = hasLine(production) && hasLine(local);
    if (!both && !hasLine(production) && !hasLine(local)) return "end";
    if (both && passAgreeing(pairing)) continue;
    if (pairing.scatter > 0 && both && pairing.spill) {
      scatterHeads(pairing, pairing.spill);
      if (isFull(batch)) return "output";
      continue;
    }
    if (matchHead(pairing, production, local) || matchHead(pairing, local, production)) {
      if (isFull(batch)) return "output";
    } else {
      if (!both || !matchHeads(pairing)) {
        // Before it is copied: what is so long goes out as it lies.
        if (!pairing.spill && isTooLong(pairing, nextAside(pairing.race))) return "memory";
        setAside(pairing);
      }
      if (isFull(batch)) return "output";
      if (isOverBudget(pairing)) return "memory";
    }
  }
}

/** Skips the lines that agree where both sides stand. */
function passAgreeing<T>(pairing: Pairing<T>): boolean {
  const { production, local } = pairing;
  const { places } = pairing.search;
  places.left = production.chunk;
  places.leftStart = production.position;
  places.right = local.chunk;
  places.rightStart = local.position;
  const bytes = agreeingBytes(
    places,
    Math.min(production.chunk.length - production.position, local.chunk.length - local.position),
  );
  if (bytes === 0) return false;
  moveTo(production, production.position + bytes);
  moveTo(local, local.position + bytes);
  noteAgreement(pairing.race);
  return true;
}

/** Looks the side's next line up among the other side's pending ones, once. Whether it was there. */
function matchHead<T>(pairing: Pairing<T>, side: Side, other: Side): boolean {
  if (side.headEnd >= 0 || !hasLine(side)) return false;
  const { search, results } = pairing;
  readHead(side);
  if (!findHead(search, side, other)) return false;
  if (!results.counted && !isHead(search, side, other)) {
    const pendingLine = lineAt(other.pending, search.slot);
    if (side.name === "local") addPair(pairing, pendingLine, headLine(side));
    else addPair(pairing, headLine(side), pendingLine);
  }
  takeOne(other.pending, search.slot);
  moveTo(side, side.headEnd + 1);
  noteFound(pairing.race, side);
  return true;
}

/** Pairs the next lines of both sides if their keys are equal. */
function matchHeads<T>(pairing: Pairing<T>): boolean {
  const { production, local } = pairing;
  if (production.headHash !== local.headHash) return false;
  if (!sameKey(pairing.search, production.headKey, local.headKey)) return false;
  addPair(pairing, headLine(production), headLine(local));
  moveTo(production, production.headEnd + 1);
  moveTo(local, local.headEnd + 1);
  noteAgreement(pairing.race);
  return true;
}

/** Spills the next lines of both sides unless they are a pair. Nothing is pending. */
function scatterHeads<T>(pairing: Pairing<T>, spill: Spill): void {
  const { production, local } = pairing;
  readHead(production);
  readHead(local);
  if (matchHeads(pairing)) return;
  for (const side of [production, local]) {
    pairing.scatter -= side.headEnd - side.position;
    spillHead(spill, side);
    moveTo(side, side.headEnd + 1);
  }
}

function spillHead(spill: Spill, { name, chunk, position, headEnd, headHash }: Side): void {
  const line = { chunk, start: position, end: headEnd, hash: headHash };
  spillLine(spill, name, line);
}

/** Sets the next line of one side aside. Nothing that is in memory matches it. */
function setAside<T>(pairing: Pairing<T>): void {
  const { race, results, search } = pairing;
  const side = nextAside(race);
  if (findHead(search, side, side)) {
    if (results.counted) countAgain(side.pending, search.slot);
    else results.duplicate(side.name, headLine(side));
  } else if (pairing.spill && isForSpill(pairing, pairing.spill, side)) {
    spillHead(pairing.spill, side);
  } else if (!results.counted && !hasLine(otherOf(race, side))) {
    // Nor was anything spilled.
    addAlone(pairing, side.name, { line: headLine(side), count: 1 });
  } else {
    const { chunk, position, headEnd, headHash } = side;
    addPending(side.pending, { chunk, start: position, end: headEnd, hash: headHash });
  }
  moveTo(side, side.headEnd + 1);
  noteAside(race, side);
}

/** The other stream has ended, so that only what was spilled can match; or its line is expected there, too; or it takes too much memory. */
function isForSpill<T>(pairing: Pairing<T>, spill: Spill, side: Side): boolean {
  const { race } = pairing;
  return !hasLine(otherOf(race, side)) || isQueued(spill, race) || isTooLong(pairing, side);
}

/** Lines of so many bytes do not wait in memory, or of more where there is plenty. */
const LONG_LINE = 4 * 1024 * 1024;
const LONG_SHARE = 1 / 16;

/** Whether the side's next line, whose key has been taken, is not to wait in memory. Not where the other stream has ended: then it need not wait. */
function isTooLong<T>({ memoryBudget, race, spillsLong }: Pairing<T>, side: Side): boolean {
  const length = side.headEnd - side.position;
  if (!spillsLong || length <= LONG_LINE || length <= memoryBudget * LONG_SHARE) return false;
  return hasLine(otherOf(race, side));
}

/** Whether lines whose counterparts are far away go out at once, in the order in which they come. */
function isQueued(spill: Spill, race: Race): boolean {
  return spill.partitions === 1 && isNear(race);
}

function countAgain(pending: Pending, slot: number): void {
  const address = addressAt(pending, slot);
  setRecordCount(pending.records, address, recordCount(pending.records, address) + 1);
}

function takeOne(pending: Pending, slot: number): void {
  const address = addressAt(pending, slot);
  const count = recordCount(pending.records, address);
  if (count > 1) setRecordCount(pending.records, address, count - 1);
  else removePending(pending, slot);
}

/** What lines may take of the budget whose waiting gains little: no more than needed to write large blocks. */
const WAITING = 0.3;

/** Chunks beyond this hold a long line, and little room is left beside them. */
const USUAL = 1024 * 1024;

function large({ chunk }: Side): number {
  return chunk.length > USUAL ? chunk.length : 0;
}

function isOverBudget<T>({ production, local, memoryBudget, race }: Pairing<T>): boolean {
  const { lent } = production.pending.records.pool;
  const bytes =
    pendingBytes(production.pending) +
    pendingBytes(local.pending) +
    large(production) +
    large(local);
  if (bytes <= WAITING * memoryBudget - lent) return false;
  // One line cannot be divided further.
  if (production.pending.size + local.pending.size <= 1) return false;
  return bytes > memoryBudget - lent || isInStep(race);
}

/** Hands out lines that are pending when nothing can match them any more, batch by batch. */
export function* drain<T>(pairing: Pairing<T>): Generator<void> {
  for (const { name, pending } of [pairing.production, pairing.local]) {
    for (let slot = 0; slot < pending.slots.length; slot += 2) {
      const address = addressAt(pending, slot);
      if (address === 0) continue;
      const count = recordCount(pending.records, address);
      addAlone(pairing, name, { line: lineAt(pending, slot), count });
      if (isFull(pairing.batch)) yield;
    }
    clearPending(pending);
  }
}

/** A pending line without its LF. Valid until the table changes. */
function lineAt(pending: Pending, slot: number): Buffer {
  const { records } = pending;
  const address = addressAt(pending, slot);
  const start = recordStart(address);
  return recordBytes(records, address).subarray(start, start + recordLength(records, address) - 1);
}

function addPair<T>({ batch, results }: Pairing<T>, before: Buffer, after: Buffer): void {
  addResult(batch, results.pair(before, after), before.length + after.length);
}

function addAlone<T>(
  { batch, results }: Pairing<T>,
  side: SideName,
  { line, count }: { readonly line: Buffer; readonly count: number },
): void {
  addResult(batch, results.alone(side, line, count), line.length);
}
