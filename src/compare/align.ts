/**
 * Pairs two streams of COPY lines of one table, in whatever order they come, within a memory budget. Knows keys only as bytes and
 * opens nothing: streams and spill storage are handed in.
 */
import { type Batch, createBatch, takeItems } from "./batch.ts";
import { type KeyOf, wholeLine } from "./line-key.ts";
import { advance, drain, type Pairing, type Results } from "./pairing.ts";
import { createPending, type Pending } from "./pending.ts";
import { isInStep, isShuffled, sideToSpill, startRace } from "./race.ts";
import { type SlabPool, slabPool } from "./records.ts";
import { createSearch } from "./search.ts";
import { closeSides, createSide, readOn, type SideName } from "./side.ts";
import {
  createSpill,
  finishSpill,
  LEVELS,
  type Spill,
  type SpillStore,
  spillPending,
} from "./spill.ts";

/** Makes a result of the lines of one key that differ, without LF; a side may have no such line. They are valid during the call. */
export type TakeLines<T> = (before: Buffer | undefined, after: Buffer | undefined) => T;

/** A line, without LF, that is not equally often on both sides. It stays valid. */
export interface LineSurplus {
  readonly line: Buffer;
  /** Positive: so many times more often in local; negative: in production. Never 0. */
  readonly surplus: number;
}

/** The two streams: chunks of whole lines that end with LF, each chunk valid until the next one is asked for. */
export interface LineStreams {
  readonly production: AsyncIterable<Buffer>;
  readonly local: AsyncIterable<Buffer>;
}

/** How any two streams are paired. */
export interface PairingOptions {
  /** Bytes of lines kept in memory, with their table; what exceeds it is spilled. */
  readonly memoryBudget: number;
  /** Memory made by `slabPool` for that budget: used again from table to table, and shared with whom it lends to. Else there is a new one. */
  readonly pool?: SlabPool;
  /** Makes storage for lines that exceed the memory budget; called when they do. It is disposed of before the result ends. */
  readonly spill: () => SpillStore;
  /** Its reason is thrown at the next chunk. */
  readonly signal?: AbortSignal;
  /** Called for every chunk read. */
  readonly onRead?: (side: SideName, bytes: number) => void;
}

/** How lines are paired by key. */
export interface AlignOptions extends PairingOptions {
  readonly productionKey: KeyOf;
  readonly localKey: KeyOf;
  /**
   * Called for a line that is left out because its side has another unpaired one with the same key; the line is valid during the
   * call. What is said of such a key is incomplete: the table cannot be compared by this key. Lines that are equal on both sides are
   * passed over unseen, and lines that follow when the other side has ended are yielded unseen: a key without unique index needs a
   * look at keys that are yielded twice as well.
   */
  readonly onDuplicateKey: (side: SideName, line: Buffer) => void;
}

/**
 * Yields, in batches and in no particular order, what `take` makes of the lines whose key is on both sides but whose bytes differ, and
 * of those whose key is on one side only. It never sees lines that are the same on both sides.
 *
 * The order of either stream does not matter, but where they run alike it is fast: what agrees is compared in bulk, and a row
 * that was inserted, deleted or moved costs that row. Memory: the budget, one chunk a side, one batch of at most 256 kB or one line,
 * 4 to 12 MB of buffers once it spills, and another line where a single one exceeds the budget. Both streams and the spill
 * storage are closed when the generator ends, also when its reader stops early.
 */
export function alignLines<T>(
  streams: LineStreams,
  options: AlignOptions,
  take: TakeLines<T>,
): AsyncGenerator<readonly T[], void, undefined> {
  return pairStreams(streams, options, {
    counted: false,
    pair: take,
    alone: (side, line) => (side === "local" ? take(undefined, line) : take(line, undefined)),
    duplicate: options.onDuplicateKey,
  });
}

/**
 * Yields, in batches and in no particular order, each line that is not equally often on both sides, once, with the difference.
 * For tables without a key. Speed, memory and lifetimes are those of `alignLines`; repetitions of a line take no memory.
 */
export function alignMultiset(
  streams: LineStreams,
  options: PairingOptions,
): AsyncGenerator<readonly LineSurplus[], void, undefined> {
  const keyed = { ...options, productionKey: wholeLine, localKey: wholeLine };
  return pairStreams(streams, keyed, {
    counted: true,
    pair: () => {
      throw new Error("lines that are their own keys do not differ");
    },
    alone: (side, line, count) => ({
      line: Buffer.from(line),
      surplus: side === "local" ? count : -count,
    }),
    duplicate: () => {},
  });
}

type KeyedOptions = Omit<AlignOptions, "onDuplicateKey">;

/** What all levels of one comparison share. Pending lines of a level are gone before the next one begins. */
interface Shared<T> {
  readonly options: KeyedOptions;
  readonly results: Results<T>;
  readonly batch: Batch<T>;
  readonly productionPending: Pending;
  readonly localPending: Pending;
}

async function* pairStreams<T>(
  streams: LineStreams,
  options: KeyedOptions,
  results: Results<T>,
): AsyncGenerator<readonly T[], void, undefined> {
  const { pool = slabPool(options.memoryBudget) } = options;
  const batch = createBatch<T>();
  const productionPending = createPending(pool);
  const localPending = createPending(pool);
  const shared = { options, results, batch, productionPending, localPending };
  yield* pairLevel(shared, streams, 0);
  if (batch.items.length > 0) yield takeItems(batch);
}

/** Pairs two streams; what exceeds memory is divided into partitions that are paired one level deeper. */
async function* pairLevel<T>(
  shared: Shared<T>,
  streams: LineStreams,
  level: number,
): AsyncGenerator<readonly T[], void, undefined> {
  const pairing = startPairing(shared, streams, level);
  const sides = [pairing.production, pairing.local];
  try {
    for (let stop = advance(pairing); stop !== "end"; stop = advance(pairing)) {
      if (stop === "output") yield takeItems(shared.batch);
      else if (stop === "input") {
        shared.options.signal?.throwIfAborted();
        await readOn(sides);
      } else {
        pairing.spill ??= startSpill(shared, pairing, level);
        makeRoom(pairing, pairing.spill);
      }
    }
    const { spill } = pairing;
    if (spill) {
      spillBoth(pairing, spill);
      finishSpill(spill);
      yield* pairPartitions(shared, spill);
    } else {
      for (const _ of drain(pairing)) yield takeItems(shared.batch);
    }
  } finally {
    await closeSides(sides);
    await pairing.spill?.store[Symbol.asyncDispose]();
  }
}

function startPairing<T>(shared: Shared<T>, streams: LineStreams, level: number): Pairing<T> {
  const { options, results, batch, productionPending, localPending } = shared;
  const onRead = level === 0 ? options.onRead : undefined;
  const production = createSide({
    name: "production",
    stream: streams.production,
    keyOf: options.productionKey,
    pending: productionPending,
    onRead,
  });
  const local = createSide({
    name: "local",
    stream: streams.local,
    keyOf: options.localKey,
    pending: localPending,
    onRead,
  });
  const memoryBudget = level < LEVELS ? options.memoryBudget : Number.POSITIVE_INFINITY;
  const race = startRace(production, local);
  const search = createSearch();
  const room = { memoryBudget, spill: undefined, spillsLong: level === 0, scatter: 0 };
  return { production, local, results, batch, ...room, race, search };
}

/**
 * Lines of streams that run in step are kept in the order in which they came, once: what one side has at its end, as PostgreSQL has
 * updated rows, mostly comes there in the order in which the other side has it.
 */
function startSpill<T>({ options }: Shared<T>, { race }: Pairing<T>, level: number): Spill {
  const { spill, memoryBudget } = options;
  return createSpill(spill(), { level, memoryBudget, inOrder: level === 0 && isInStep(race) });
}

/** Scattering ends after so many memory budgets of lines: by then the streams may run alike again. */
const SCATTERED = 4;

/** Spills one side, or both where holding lines does not pay. */
function makeRoom<T>(pairing: Pairing<T>, spill: Spill): void {
  if (isShuffled(pairing.race)) pairing.scatter = SCATTERED * pairing.memoryBudget;
  const side = sideToSpill(pairing.race);
  if (pairing.scatter > 0) spillBoth(pairing, spill);
  else spillPending(spill, side.name, side.pending);
}

function spillBoth<T>({ production, local }: Pairing<T>, spill: Spill): void {
  for (const { name, pending } of [production, local]) spillPending(spill, name, pending);
}

async function* pairPartitions<T>(
  shared: Shared<T>,
  { store, level, partitions, occupied }: Spill,
): AsyncGenerator<readonly T[], void, undefined> {
  for (let partition = 0; partition < partitions; partition += 1) {
    if (!occupied.has(partition) && !occupied.has(partitions + partition)) continue;
    const production = store.read(partition);
    const local = store.read(partitions + partition);
    yield* pairLevel(shared, { production, local }, level + 1);
  }
}
