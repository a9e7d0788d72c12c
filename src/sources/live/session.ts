/**
 * One connection in one snapshot: BEGIN, pinned settings, then one query or COPY at a time. Knows no table.
 */
import { setTimeout } from "node:timers/promises";
import type { Client, ClientConfig, QueryArrayResult, QueryConfig } from "pg";
import { ExpectedError } from "../../errors.ts";
import type { ConnectionTarget } from "../connection.ts";
import { READ_SETTINGS } from "../session.ts";
import { backendOf, requestCancel } from "./cancel.ts";
import { type ChunkMemory, chunkMemory } from "./chunk-memory.ts";
import { connect } from "./connect.ts";
import { CopyOut } from "./copy.ts";
import { queryFailure } from "./failures.ts";

/** What to run, and how to speak of it if it fails. */
export interface Task {
  readonly text: string;
  readonly parameters?: readonly (string | null)[];
  /** For the message: `reading public.film`. */
  readonly doing: string;
  /** What would help if a privilege is missing. */
  readonly grant?: string;
}

/** Statements that are sent as one message. They take no parameters. */
export interface Tasks {
  readonly texts: readonly string[];
  readonly doing: string;
}

/** The values of a row, as PostgreSQL's text. */
export type Row = (string | null)[];

/** Data are text: parsing would lose microseconds and digits. */
const TEXT = { getTypeParser: () => (text: string | Buffer) => text };

/** A failed or cancelled statement is rolled back to here, so that the snapshot outlives it. It is set after the settings. */
const SAVEPOINT = "rowpatch";

/** Keeps the locks of statements before it in one message, whatever fails later. */
export const KEEP: readonly string[] = [`RELEASE SAVEPOINT ${SAVEPOINT}`, `SAVEPOINT ${SAVEPOINT}`];

/** What releases the locks of statements since the savepoint; may stand before a COPY in one text. */
export const FORGET: string = `ROLLBACK TO SAVEPOINT ${SAVEPOINT}`;

/** A snapshot of its own, one that other connections may join, or the one that another connection has exported. */
export type Snapshot = "own" | "exported" | { readonly id: string };

/**
 * Connects and takes a REPEATABLE READ READ ONLY snapshot under the pinned settings; the caller disposes of it.
 * When `signal` aborts, the running statement is cancelled on the server and everything ends with `interrupted`.
 *
 * @throws ExpectedError `connection`, `query`, `interrupted`
 */
export async function openSession(
  target: ConnectionTarget,
  signal: AbortSignal | undefined,
  snapshot: Snapshot = "own",
): Promise<Session> {
  const { client, config } = await connect(target, signal);
  const session = new Session({ client, config, target, signal });
  try {
    await session.begin(snapshot);
    return session;
  } catch (cause) {
    await session[Symbol.asyncDispose]();
    throw cause;
  }
}

interface SessionParts {
  readonly client: Client;
  readonly config: ClientConfig;
  readonly target: ConnectionTarget;
  readonly signal: AbortSignal | undefined;
}

const BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY NOT DEFERRABLE";
const EXPORT = "SELECT pg_catalog.pg_export_snapshot()";

/** Local to the transaction, so that a pooler hands nothing of it to others. */
const SETTINGS = `SELECT pg_catalog.set_config(s.name, s.value, true)
  FROM ROWS FROM (${textsOf(READ_SETTINGS.map(({ name }) => name))}, ${textsOf(READ_SETTINGS.map(({ value }) => value))})
    AS s (name, value)
  WHERE s.name OPERATOR(pg_catalog.=) ANY (SELECT name FROM pg_catalog.pg_settings)
  UNION ALL
  -- Bytes of no known encoding cannot be converted: they are taken as they are.
  SELECT pg_catalog.set_config('client_encoding', 'SQL_ASCII', true)
  WHERE pg_catalog.current_setting('server_encoding') OPERATOR(pg_catalog.=) 'SQL_ASCII'`;

/** What makes a transaction one to read in. */
const SETUP = [SETTINGS, `SAVEPOINT ${SAVEPOINT}`];

/** A connection with a lifetime. */
export class Session {
  readonly #parts: SessionParts;
  readonly #memory: ChunkMemory = chunkMemory();
  #last: Promise<unknown> = Promise.resolve();
  #copying: string | undefined;
  /** Until the server has answered; it never rejects. */
  #running: Promise<unknown> | undefined;
  #isClosed = false;
  #exported: string | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    parts.signal?.addEventListener("abort", this.#onAbort);
  }

  /** Starts the snapshot. Called once, by `openSession`. */
  async begin(snapshot: Snapshot): Promise<void> {
    if (snapshot === "own") {
      await this.queryAll({ texts: [BEGIN, ...SETUP], doing: "taking a snapshot" });
    } else if (snapshot === "exported") {
      await this.#export();
    } else {
      // It takes a literal only. Ids are hexadecimal numbers and hyphens.
      const join = `SET TRANSACTION SNAPSHOT '${snapshot.id.replaceAll("'", "''")}'`;
      await this.queryAll({ texts: [BEGIN, join, ...SETUP], doing: "joining a snapshot" });
    }
  }

  /** How the connection was made. */
  get way(): ClientConfig {
    return this.#parts.config;
  }

  /** What other connections may join while this one lives; undefined if it was not asked for or cannot be had. */
  get exported(): string | undefined {
    return this.#exported;
  }

  /** Must come before any savepoint. Where it is refused, the snapshot is taken again, for this connection alone. */
  async #export(): Promise<void> {
    const doing = "taking a snapshot";
    try {
      const [, rows] = await this.queryAll({ texts: [BEGIN, EXPORT, ...SETUP], doing });
      this.#exported = rows?.[0]?.[0] ?? undefined;
    } catch (cause) {
      if (!(cause instanceof ExpectedError) || cause.failure.code !== "query") throw cause;
      await this.queryAll({ texts: ["ROLLBACK", BEGIN, ...SETUP], doing });
    }
  }

  /**
   * Runs one statement; queries wait for each other. Rows are arrays of text.
   *
   * @throws ExpectedError `query`, after which the snapshot still stands; `connection`, `interrupted`
   */
  async query(task: Task): Promise<Row[]> {
    // The extended protocol takes one statement only.
    const config = { text: task.text, values: [...(task.parameters ?? [])], queryMode: "extended" };
    const [answer] = await this.#inTurn(task, config);
    return answer?.rows ?? [];
  }

  /**
   * Runs statements as one message, so that the server need not wait between them. The rows of each; none has an effect if one fails.
   *
   * @throws as `query`
   */
  async queryAll({ texts, doing }: Tasks): Promise<Row[][]> {
    const text = texts.join(";\n");
    const answers = await this.#inTurn({ text, doing }, { text });
    return answers.map(({ rows }) => rows);
  }

  #inTurn(task: Task, config: QueryConfig): Promise<QueryArrayResult<Row>[]> {
    this.#demandIdle(task.doing);
    const run = this.#last.then(() => this.#run(task, config));
    this.#last = run.catch(() => undefined);
    return run;
  }

  async #run(task: Task, config: QueryConfig): Promise<QueryArrayResult<Row>[]> {
    this.#demandUninterrupted();
    const { client } = this.#parts;
    const answer = client.query<Row>({ ...config, rowMode: "array", types: TEXT });
    this.#note(answer);
    try {
      // Several statements have several results, which the types do not tell.
      return [await answer].flat();
    } catch (cause) {
      throw await this.#recover(task, cause);
    }
  }

  /**
   * The lines of a COPY ... TO STDOUT, in chunks of whole lines. A consumer that stops early has the server stop too. A chunk is valid
   * until the next one is asked for; with `kept`, until the consumer gives it back to that memory.
   *
   * @throws as `query`
   */
  async *copy(task: Task, kept?: ChunkMemory): AsyncGenerator<Buffer, void, void> {
    this.#demandIdle(task.doing);
    this.#copying = task.doing;
    await this.#last;
    const copy = new CopyOut(task.text, { memory: kept ?? this.#memory, kept: kept !== undefined });
    try {
      this.#demandUninterrupted();
      this.#note(this.#parts.client.query(copy).ended);
      for (let chunk = await copy.next(); chunk !== undefined; chunk = await copy.next()) {
        yield chunk;
        // The last rows may have come before the server heard of the interrupt.
        this.#demandUninterrupted();
      }
    } catch (cause) {
      throw await this.#recover(task, cause);
    } finally {
      if (copy.isRunning) await this.#stop(copy);
      this.#copying = undefined;
    }
  }

  /** Closes the connection, which ends the snapshot. A statement that runs is cancelled and cut off. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#parts.signal?.removeEventListener("abort", this.#onAbort);
    if (this.#running !== undefined) await this.#cancel();
    await this.#parts.client.end();
  }

  /** Waiting for a COPY from within its own loop would wait for ever. */
  #demandIdle(doing: string): void {
    this.#demandUninterrupted();
    if (this.#isClosed) throw new Error(`${doing}: the database is closed already`);
    if (this.#copying !== undefined) throw new Error(`${doing}: still ${this.#copying}`);
  }

  #demandUninterrupted(): void {
    if (this.#parts.signal?.aborted) throw new ExpectedError({ code: "interrupted" });
  }

  #note(answer: Promise<unknown>): void {
    const running = answer
      .catch(() => undefined)
      .finally(() => {
        if (this.#running === running) this.#running = undefined;
      });
    this.#running = running;
  }

  async #stop(copy: CopyOut): Promise<void> {
    const drained = copy.drain();
    await this.#cancel();
    await drained;
    if (!this.#isClosed) await this.#rollBack();
  }

  /** Back to the snapshot as it was before the failed statement, and the failure to throw. */
  async #recover(task: Task, cause: unknown): Promise<ExpectedError> {
    if (this.#parts.signal?.aborted) return new ExpectedError({ code: "interrupted" }, { cause });
    await this.#rollBack();
    return queryFailure({ display: this.#parts.target.display, ...task }, cause);
  }

  async #rollBack(): Promise<void> {
    try {
      await this.#parts.client.query(`ROLLBACK TO SAVEPOINT ${SAVEPOINT}`);
    } catch {
      // There is no such savepoint yet, or no connection any more: the next statement says so.
    }
  }

  async #cancel(): Promise<void> {
    const backend = backendOf(this.#parts.client);
    if (backend !== undefined) await requestCancel(this.#parts.config, backend);
  }

  readonly #onAbort = (): void => {
    void this.#interrupt();
  };

  /** Closing the line alone does not tell a server that is not about to send something: it would work on. */
  async #interrupt(): Promise<void> {
    // A request that overtakes its statement is ignored, so it is repeated.
    for (let times = 0; times < 5 && this.#running !== undefined; times += 1) {
      await this.#cancel();
      await Promise.race([this.#running, setTimeout(100)]);
    }
    await this[Symbol.asyncDispose]();
  }
}

/** Rows of texts that need no escapes, so that they mean the same under any settings. */
function textsOf(values: readonly string[]): string {
  return `pg_catalog.unnest('{${values.map((value) => `"${value}"`).join(",")}}'::pg_catalog.text[])`;
}
