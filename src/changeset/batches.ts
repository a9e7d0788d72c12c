/**
 * Changes in batches: waiting for each change on its own costs more than what is done with it.
 */
import type { Change } from "../compare/change.ts";

type Batches = () => AsyncIterable<readonly Change[]>;

/** Changes one by one, and the same in batches for who wants them so. */
export interface ChangeStream extends AsyncIterable<Change> {
  readonly batches: Batches;
  /** The same as lines of the spool, where they come from there. */
  readonly spooled?: SpooledChanges;
}

/** Changes that lie in the spool. */
export interface SpooledChanges {
  /** In batches, none of them empty. */
  readonly lines: () => AsyncIterable<readonly string[]>;
  /** The change of a decoded line as it is to be seen: itself, or backwards. Moves values, makes no new ones. */
  readonly view: (change: Change) => Change;
}

/** The stream of what `batches` gives each time it is asked. */
export function changeStream(batches: Batches, spooled?: SpooledChanges): ChangeStream {
  return {
    batches,
    ...(spooled ? { spooled } : {}),
    async *[Symbol.asyncIterator]() {
      for await (const batch of batches()) {
        for (const change of batch) yield change;
      }
    },
  };
}

const GATHERED = 256;

/** Any changes in batches, none of them empty. */
export async function* batchesOf(
  changes: AsyncIterable<Change>,
): AsyncGenerator<readonly Change[], void, undefined> {
  if (isStream(changes)) {
    for await (const batch of changes.batches()) if (batch.length > 0) yield batch;
    return;
  }
  let batch: Change[] = [];
  for await (const change of changes) {
    batch.push(change);
    if (batch.length < GATHERED) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** How the changes lie in the spool; undefined where they do not come from there. */
export function spooledOf(changes: AsyncIterable<Change>): SpooledChanges | undefined {
  return isStream(changes) ? changes.spooled : undefined;
}

function isStream(changes: AsyncIterable<Change>): changes is ChangeStream {
  return "batches" in changes;
}
