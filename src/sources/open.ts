/**
 * Opens what the user named: a URL or connection string is a database, anything else the path of a dump.
 */
import { existsSync } from "node:fs";
import { openDatabase } from "./database.ts";
import { openDump } from "./dump.ts";
import type { Source } from "./source.ts";

export interface OpenOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of a dump with several databases: which one. */
  readonly database?: string;
  /** The name is meant for another source too: a dump of one other database is opened all the same. */
  readonly mayHoldAnother?: boolean;
  readonly tempDirectory?: string;
  readonly signal?: AbortSignal;
  /** A database may be asked for further connections into its snapshot. */
  readonly several?: boolean;
}

/** The caller disposes of the source. @throws ExpectedError for whatever cannot be reached or read. */
export async function openSource(text: string, options: OpenOptions): Promise<Source> {
  if (isConnection(text)) {
    const { env, signal, several = false } = options;
    return openDatabase(text, { env, several, ...(signal ? { signal } : {}) });
  }
  const { database, tempDirectory, mayHoldAnother = false } = options;
  return openDump(text, {
    mayHoldAnother,
    ...(database === undefined ? {} : { database }),
    ...(tempDirectory === undefined ? {} : { tempDirectory }),
  });
}

/**
 * Opens two sources, a database that comes second while the first one is opened. Tells the first one's failure if both fail, and does
 * not wait for the second one then. The caller disposes of both.
 *
 * @throws ExpectedError as openSource; nothing stays open
 */
export async function openBoth(
  [first, second]: readonly [string, string],
  options: OpenOptions,
): Promise<readonly [Source, Source]> {
  const over = new AbortController();
  const signals = [over.signal, ...(options.signal ? [options.signal] : [])];
  // Reading a dump cannot be given up.
  const early = isConnection(second)
    ? openSource(second, { ...options, signal: AbortSignal.any(signals) })
    : undefined;
  early?.catch(() => undefined);
  let opened: Source | undefined;
  try {
    opened = await openSource(first, options);
    return [opened, await (early ?? openSource(second, options))];
  } catch (error) {
    over.abort();
    await Promise.allSettled(
      [opened, early].map(async (one) => (await one)?.[Symbol.asyncDispose]()),
    );
    throw error;
  }
}

/**
 * Whether the text names a database: `postgres://...`, or `name=value ...` that is not also a file's name. Whatever looks like a URL
 * does, however it is spelled: no message may print it as a path, for it may hold a password.
 */
export function isConnection(text: string): boolean {
  if (/^\s*[a-z][a-z0-9+.-]*:\/{1,2}/i.test(text)) return true;
  return /^\s*[a-z_]+\s*=/.test(text) && !existsSync(text);
}
