/**
 * The rows of one large table through several connections: ranges of pages, read ahead side by side, handed on in order.
 */
import { type ChunkMemory, chunkMemory } from "./chunk-memory.ts";
import type { Lanes } from "./lanes.ts";
import type { Session } from "./session.ts";

/** Bytes of pages that one connection reads at a time. */
export const RANGE_BYTES: number = 8 * 1024 * 1024;
/** Bytes of rows that may wait for their turn. */
const AHEAD = 12 * 1024 * 1024;
/** Chunks of the range that is handed on now that may wait. */
const READY = 4;

export interface PageRanges {
  readonly lanes: Lanes;
  /** Reads too, and was taken by who calls. */
  readonly session: Session;
  /** How many ranges there are. */
  readonly count: number;
  readonly read: (session: Session, range: number, how: ReadRange) => AsyncIterable<Buffer>;
  /** Whether an error only means that another session may not read this table now. */
  readonly isRefusal: (error: unknown) => boolean;
}

/** How a range is read. */
export interface ReadRange {
  /** It is the first one that this session reads. */
  readonly isFirst: boolean;
  /** Chunks are given back to it. */
  readonly memory: ChunkMemory;
}

interface Slot {
  readonly chunks: Buffer[];
  ended: boolean;
  failure?: { readonly error: unknown };
}

interface Reading extends PageRanges {
  /** Ranges that nobody has begun, ascending. */
  readonly unread: number[];
  readonly slots: Map<number, Slot>;
  readonly workers: Set<Promise<void>>;
  readonly memory: ChunkMemory;
  /** The range that is handed on. */
  head: number;
  /** Of all slots. */
  bytes: number;
  stopped: boolean;
  readonly changes: Signal;
}

/** Chunks in the order of the pages, each valid until the next one is asked for. Memory: 12 MB and a chunk for each connection. Takes connections that nobody else uses. */
export async function* readRanges(ranges: PageRanges): AsyncGenerator<Buffer, void, void> {
  const reading: Reading = {
    ...ranges,
    unread: Array.from({ length: ranges.count }, (_, range) => range),
    slots: new Map(),
    workers: new Set(),
    memory: chunkMemory(),
    head: 0,
    bytes: 0,
    stopped: false,
    changes: signal(),
  };
  try {
    start(reading, ranges.session);
    for (; reading.head < ranges.count; reading.head += 1) {
      yield* handOn(reading);
      reading.slots.delete(reading.head);
      reading.changes.raise();
      // Not before the consumer has both of its sides: who waits for a connection must not be waited for.
      for (let more = spare(reading); more; more = spare(reading)) start(reading, more);
    }
  } finally {
    reading.stopped = true;
    reading.changes.raise();
    await Promise.all(reading.workers);
  }
}

async function* handOn(reading: Reading): AsyncGenerator<Buffer, void, void> {
  for (;;) {
    const slot = reading.slots.get(reading.head);
    const chunk = slot?.chunks.shift();
    if (chunk) {
      reading.bytes -= chunk.length;
      reading.changes.raise();
      yield chunk;
      reading.memory.giveBack(chunk);
    } else if (slot?.failure) throw slot.failure.error;
    else if (slot?.ended) return;
    else await reading.changes.next();
  }
}

function spare({ lanes, unread }: Reading): Session | undefined {
  return unread.length > 0 ? lanes.spare() : undefined;
}

function start(reading: Reading, session: Session): void {
  const worker = work(reading, session).finally(() => {
    reading.workers.delete(worker);
    if (session !== reading.session) reading.lanes.giveBack(session);
  });
  reading.workers.add(worker);
}

/** Reads range after range. Never rejects: failures lie in the slots. */
async function work(reading: Reading, session: Session): Promise<void> {
  const isHelper = session !== reading.session;
  for (let isFirst = true; !reading.stopped; isFirst = false) {
    if (isHelper && reading.lanes.isWanted) return;
    const range = reading.unread.shift();
    if (range === undefined) return;
    const slot: Slot = { chunks: [], ended: false };
    reading.slots.set(range, slot);
    try {
      const { memory } = reading;
      await fill(reading, { range, slot }, reading.read(session, range, { isFirst, memory }));
    } catch (error) {
      if (isHelper && isFirst && reading.isRefusal(error)) {
        reading.slots.delete(range);
        reading.unread.unshift(range);
        reading.unread.sort((a, b) => a - b);
        return;
      }
      slot.failure = { error };
      return;
    } finally {
      reading.changes.raise();
    }
  }
}

async function fill(
  reading: Reading,
  { range, slot }: { readonly range: number; readonly slot: Slot },
  chunks: AsyncIterable<Buffer>,
): Promise<void> {
  for await (const chunk of chunks) {
    if (reading.stopped) return;
    slot.chunks.push(chunk);
    reading.bytes += chunk.length;
    if (range === reading.head) reading.changes.raise();
    while (mustWait(reading, range, slot)) await reading.changes.next();
  }
  slot.ended = true;
}

function mustWait(reading: Reading, range: number, slot: Slot): boolean {
  if (reading.stopped) return false;
  if (range === reading.head) return slot.chunks.length >= READY;
  // The range to be handed on must have been begun, else nobody may be free to begin it.
  return reading.bytes > AHEAD && reading.slots.has(reading.head);
}

interface Signal {
  readonly raise: () => void;
  /** Resolves when something has changed. */
  readonly next: () => Promise<void>;
}

function signal(): Signal {
  let waiting: (() => void)[] = [];
  return {
    raise() {
      const woken = waiting;
      waiting = [];
      for (const wake of woken) wake();
    },
    next: () => new Promise((resolve) => waiting.push(resolve)),
  };
}
