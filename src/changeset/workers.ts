/**
 * Several tasks at a time, with results that do not depend on which of them ends first.
 */

/** What is to be done. */
export interface Work<T, R> {
  readonly items: readonly T[];
  /** Positions of `items` in the order in which they are begun; each once. */
  readonly order: readonly number[];
  readonly workers: number;
  /** Does one; `signal` aborts when the whole is over before its end. */
  readonly run: (item: T, position: number, signal: AbortSignal) => Promise<R>;
  /** Called at the first failure: ends what the other tasks wait for. */
  readonly stop: () => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The results in the order of the items. Resolves or rejects when no task runs any more.
 *
 * @throws the failure of the first item, by its place, that failed for a reason of its own
 */
export async function runAll<T, R>(work: Work<T, R>): Promise<readonly R[]> {
  const results: R[] = [];
  const failures = new Map<number, unknown>();
  const over = new AbortController();
  const signal = work.signal ? AbortSignal.any([work.signal, over.signal]) : over.signal;
  const queue = [...work.order];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (signal.aborted) return;
      const item = work.items[next];
      if (item === undefined) throw new Error(`there is no item ${next}`);
      try {
        results[next] = await work.run(item, next, signal);
      } catch (error) {
        // What fails after the first failure fails because of it.
        if (failures.size > 0) return;
        failures.set(next, error);
        over.abort(error);
        await work.stop();
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: work.workers }, worker));
  work.signal?.throwIfAborted();
  for (const failure of failures.values()) throw failure;
  return results;
}
