/**
 * Takes bytes off a stream of chunks in pieces of known length.
 */

export interface Feed {
  /** Exactly this many bytes, to be read before the next call; throws if the stream ends before. */
  readonly take: (length: number) => Promise<Buffer>;
  readonly ended: () => Promise<boolean>;
}

/** A feed from chunks that are valid until the next one is asked for; whoever made the iterator closes it. */
export function feedOf(iterator: AsyncIterator<Buffer>): Feed {
  let held: Buffer = Buffer.alloc(0);
  const more = async (): Promise<boolean> => {
    const { done, value } = await iterator.next();
    if (!done) held = value;
    return !done;
  };
  const take = async (length: number): Promise<Buffer> => {
    if (held.length < length) {
      const whole = Buffer.allocUnsafe(length);
      for (let filled = 0; filled < length; ) {
        if (held.length === 0 && !(await more())) throw new Error("the stream ends too early");
        const copied = held.copy(whole, filled);
        held = held.subarray(copied);
        filled += copied;
      }
      return whole;
    }
    const taken = held.subarray(0, length);
    held = held.subarray(length);
    return taken;
  };
  const ended = async (): Promise<boolean> => {
    while (held.length === 0) if (!(await more())) return true;
    return false;
  };
  return { take, ended };
}

/** Passes over bytes without holding them. */
export async function skipBytes(feed: Feed, length: number): Promise<void> {
  for (let left = length; left > 0; ) {
    const taken = Math.min(left, 65_536);
    await feed.take(taken);
    left -= taken;
  }
}
