/**
 * Connections into one snapshot of a database, and which of them are in use. Knows no table.
 */
import { ExpectedError } from "../../errors.ts";
import type { ConnectionTarget } from "../connection.ts";
import { openSession, type Session } from "./session.ts";

/**
 * Opens the first connection; the caller disposes of the lanes.
 *
 * @throws ExpectedError `connection`, `query`, `interrupted`
 */
export async function openLanes(
  target: ConnectionTarget,
  { signal, several }: { readonly signal?: AbortSignal | undefined; readonly several: boolean },
): Promise<Lanes> {
  const first = await openSession(target, signal, several ? "exported" : "own");
  return new Lanes(target, signal, first);
}

/** Sessions that see the same rows, with a lifetime. */
export class Lanes {
  /** Holds the snapshot and all locks. */
  readonly first: Session;
  readonly #target: ConnectionTarget;
  readonly #signal: AbortSignal | undefined;
  readonly #all: Session[];
  readonly #busy = new Set<Session>();
  #waiting: Waiting[] = [];

  constructor(target: ConnectionTarget, signal: AbortSignal | undefined, first: Session) {
    // Further connections need not find out anew which way works.
    this.#target = { ...target, configs: [first.way] };
    this.#signal = signal;
    this.first = first;
    this.#all = [first];
  }

  /**
   * Opens connections until there are `count`, or as many as can be had. Called while none is in use.
   *
   * @throws ExpectedError `interrupted`
   */
  async widen(count: number): Promise<number> {
    const id = this.first.exported;
    if (id === undefined) return this.#all.length;
    const missing = Math.max(0, count - this.#all.length);
    const opening = Array.from({ length: missing }, () =>
      openSession(this.#target, this.#signal, { id }),
    );
    let unforeseen: unknown;
    for (const result of await Promise.allSettled(opening)) {
      if (result.status === "fulfilled") this.#all.push(result.value);
      // Not allowed, or no connection free: it goes with fewer.
      else if (!isRefusal(result.reason)) unforeseen ??= result.reason;
    }
    if (unforeseen !== undefined) throw unforeseen;
    return this.#all.length;
  }

  /** Closes all but the first. Called while none is in use. */
  async narrow(): Promise<void> {
    await Promise.all(this.#all.splice(1).map((session) => session[Symbol.asyncDispose]()));
  }

  /**
   * Runs `work` when a session is free: the one that is wanted, else any. A single session is handed out at once, since it says
   * itself when it is used from within its own loop, which would wait for ever.
   */
  async *use<T>(
    work: (session: Session) => AsyncIterable<T>,
    wanted?: Session,
  ): AsyncGenerator<T, void, void> {
    const session = await this.#take(wanted);
    try {
      yield* work(session);
    } finally {
      this.giveBack(session);
    }
  }

  /** Runs `work` with the first session when it is free. */
  async useFirst<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const session = await this.#take(this.first);
    try {
      return await work(session);
    } finally {
      this.giveBack(session);
    }
  }

  /** How many sessions there are. */
  get count(): number {
    return this.#all.length;
  }

  /** A session that is free and that nobody waits for; undefined if there is none. To be given back. */
  spare(): Session | undefined {
    if (this.#all.length === 1 || this.#waiting.length > 0) return undefined;
    const session = this.#all.find((one) => one !== this.first && !this.#busy.has(one));
    if (session) this.#busy.add(session);
    return session;
  }

  /** Whether someone waits for a session. */
  get isWanted(): boolean {
    return this.#waiting.length > 0;
  }

  /** Ends the use of a session. */
  giveBack(session: Session): void {
    if (this.#all.length === 1) return;
    const next = this.#waiting.find(({ wanted }) => !wanted || wanted === session);
    if (!next) {
      this.#busy.delete(session);
      return;
    }
    this.#waiting = this.#waiting.filter((one) => one !== next);
    next.resolve(session);
  }

  async #take(wanted: Session | undefined): Promise<Session> {
    if (this.#all.length === 1) return this.first;
    const free = this.#all.find((one) => !this.#busy.has(one) && (!wanted || one === wanted));
    if (free) {
      this.#busy.add(free);
      return free;
    }
    return new Promise((resolve) => this.#waiting.push({ wanted, resolve }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#all.map((session) => session[Symbol.asyncDispose]()));
  }
}

interface Waiting {
  readonly wanted: Session | undefined;
  readonly resolve: (session: Session) => void;
}

function isRefusal(reason: unknown): boolean {
  return (
    reason instanceof ExpectedError &&
    (reason.failure.code === "connection" || reason.failure.code === "query")
  );
}
