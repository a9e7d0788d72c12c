/**
 * The rows of one COPY ... TO STDOUT as chunks of whole lines. Reads the protocol's frames itself: one event and one object for
 * each row, as libraries make them, costs more than the server needs to produce it. Knows no SQL.
 */
import type { Connection, Submittable } from "pg";
import { CAPACITY, type ChunkMemory } from "./chunk-memory.ts";
import { type Intake, RowSocket } from "./row-socket.ts";

/** A chunk is full when there is less room than this for the socket's next read. */
const ROOM = 64 * 1024;
/** Chunks that wait for the consumer before the socket is paused; a single one that is larger than usual is enough. */
const WAITING = 2;

const NOTHING = Buffer.alloc(0);
const COPY_DATA = "d".charCodeAt(0);
/** Type and length of a frame. */
const HEADER = 5;

type State = "waiting" | "running" | "discarding" | "done" | "failed";

/** Where chunks lie. */
export interface CopyMemory {
  readonly memory: ChunkMemory;
  /** Who takes chunks gives them back; else each one is valid until the next one is asked for. */
  readonly kept: boolean;
}

/**
 * A query for `client.query()`. The server sends each row as one CopyData frame ("Message Formats"); everything that is not row
 * data is passed on to `pg`, which so learns of errors and of the end.
 */
export class CopyOut implements Submittable, Intake {
  readonly #text: string;
  readonly #memory: ChunkMemory;
  readonly #kept: boolean;
  #state: State = "waiting";
  #failure: unknown;
  #connection: Connection | undefined;
  /** How `pg` itself reads the socket. */
  #passOn: (bytes: Buffer) => void = () => undefined;

  /** Rows without their frames up to `#rows`; frames that nobody has looked at from `#read` to `#filled`. */
  #piece: Buffer = NOTHING;
  #rows = 0;
  #read = 0;
  #filled = 0;
  #ready: Buffer[] = [];
  /** The consumer has it. */
  #lent: Buffer | undefined;
  #isPaused = false;
  #wake: (() => void) | undefined;

  /** Resolves when the server has come to its end or failed. */
  readonly ended: Promise<void>;
  #end: () => void = () => undefined;

  constructor(text: string, { memory, kept }: CopyMemory) {
    this.#text = text;
    this.#memory = memory;
    this.#kept = kept;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** The next chunk; undefined after the last one. @throws what `pg` reports: a DatabaseError or a broken connection. */
  async next(): Promise<Buffer | undefined> {
    if (this.#lent) this.#memory.giveBack(this.#lent);
    this.#lent = undefined;
    if (this.#isPaused && !this.#isAhead()) this.#resume();
    while (this.#ready.length === 0 && !this.#isOver()) await this.#change();
    if (this.#state === "failed") throw this.#failure;
    const chunk = this.#ready.shift();
    if (!this.#kept) this.#lent = chunk;
    // A large one is to be the only one.
    const isLarge = this.#lent !== undefined && this.#lent.length > CAPACITY;
    if (this.#isPaused && !isLarge && !this.#isAhead()) this.#resume();
    return chunk;
  }

  /** Whether the server still works on it. */
  get isRunning(): boolean {
    return this.#state === "running" || this.#state === "discarding";
  }

  /** Throws away what still comes, until the server has come to its end or failed. */
  async drain(): Promise<void> {
    if (this.#isOver()) return;
    this.#state = "discarding";
    this.#ready = [];
    this.#resume();
    await this.ended;
  }

  /** Called by `pg` when it is this query's turn. */
  submit(connection: Connection): void {
    const { stream } = connection;
    this.#connection = connection;
    this.#piece = this.#memory.take(CAPACITY);
    if (this.#state === "waiting") this.#state = "running";
    if (stream instanceof RowSocket) {
      this.#passOn = (bytes) => stream.emit("data", bytes);
      stream.intake = this;
    } else {
      const handlers = stream.listeners("data");
      if (handlers.length !== 1) throw new Error("pg reads its socket otherwise than expected");
      // Node gives listeners no type; those of "data" on a socket without an encoding take bytes.
      this.#passOn = handlers[0] as (bytes: Buffer) => void;
      stream.removeListener("data", this.#passOn);
      stream.on("data", this.take);
    }
    connection.query(this.#text);
  }

  /** Called by `pg`. */
  handleCommandComplete(): void {}

  /** Called by `pg`. */
  handleReadyForQuery(): void {
    if (this.#state === "running") this.#publish();
    this.#finish("done");
  }

  /** Called by `pg`, also when the connection breaks. */
  handleError(error: unknown): void {
    this.#failure = error;
    this.#finish("failed");
  }

  /** Called by the socket. */
  readonly room = (): Buffer => this.#piece.subarray(this.#filled);

  /** Called by the socket. */
  readonly arrived = (count: number): void => {
    this.#filled += count;
    try {
      this.#strip();
    } catch (error) {
      // No memory for a row. Thrown from an event, it would end the process.
      this.#failure = error;
      this.#finish("failed");
      this.#connection?.stream.destroy();
    }
  };

  /** Called by the socket. */
  readonly take = (bytes: Buffer): void => {
    for (let from = 0; from < bytes.length; ) {
      if (this.#isOver()) {
        this.#passOn(Buffer.from(bytes.subarray(from)));
        return;
      }
      const count = bytes.copy(this.#piece, this.#filled, from);
      from += count;
      this.arrived(count);
    }
  };

  #isOver(): boolean {
    return this.#state === "done" || this.#state === "failed";
  }

  #finish(state: "done" | "failed"): void {
    if (this.#isOver()) return;
    this.#state = state;
    this.#end();
    const stream = this.#connection?.stream;
    if (stream instanceof RowSocket) {
      if (stream.intake === this) stream.intake = undefined;
      this.#resume();
    } else if (stream?.listeners("data").includes(this.take)) {
      stream.removeListener("data", this.take);
      stream.on("data", this.#passOn);
      this.#resume();
    }
    this.#wakeUp();
  }

  /** Moves rows together, over the headers between them. */
  #strip(): void {
    const piece = this.#piece;
    const filled = this.#filled;
    let read = this.#read;
    let rows = this.#rows;
    while (read + HEADER <= filled) {
      const end = read + 1 + piece.readUInt32BE(read + 1);
      if (end > filled) break;
      if (piece[read] === COPY_DATA) {
        piece.copyWithin(rows, read + HEADER, end);
        rows += end - read - HEADER;
        read = end;
        continue;
      }
      this.#rows = rows;
      this.#passOn(Buffer.from(piece.subarray(read, end)));
      read = end;
      if (this.#isOver()) {
        if (read < filled) this.#passOn(Buffer.from(piece.subarray(read, filled)));
        return;
      }
    }
    this.#read = read;
    this.#rows = this.#state === "discarding" ? 0 : rows;
    this.#makeRoom();
  }

  /** Room for the socket's next read, and for the frame that has begun. */
  #makeRoom(): void {
    const begun = this.#filled - this.#read;
    const frame = begun < HEADER ? begun : 1 + this.#piece.readUInt32BE(this.#read + 1);
    if (this.#read + frame + ROOM <= this.#piece.length) return;
    const tail = this.#piece.subarray(this.#read, this.#filled);
    if (this.#rows >= ROOM) this.#publish();
    // A row that is large gets its memory when it is read on, not while others wait.
    const former = this.#piece;
    this.#widen(this.#rows + (this.#isPaused ? begun : frame) + ROOM);
    tail.copy(this.#piece, this.#rows);
    // Not before: what is large is freed at once.
    if (this.#piece !== former) this.#memory.giveBack(former);
    this.#read = this.#rows;
    this.#filled = this.#rows + begun;
  }

  /** Keeps the rows. */
  #widen(bytes: number): void {
    const piece = this.#piece;
    if (piece.length >= bytes) return;
    this.#piece = this.#memory.take(bytes);
    piece.copy(this.#piece, 0, 0, this.#rows);
  }

  /** Hands the rows that there are to the consumer, and leaves no piece. */
  #publish(): void {
    if (this.#rows > 0) this.#ready.push(this.#piece.subarray(0, this.#rows));
    else this.#memory.giveBack(this.#piece);
    this.#piece = NOTHING;
    this.#rows = 0;
    if (this.#isAhead()) this.#pause();
    this.#wakeUp();
  }

  /** Whether enough waits for the consumer. */
  #isAhead(): boolean {
    return this.#ready.length >= WAITING || this.#ready.some(({ length }) => length > CAPACITY);
  }

  #pause(): void {
    this.#isPaused = true;
    this.#connection?.stream.pause();
  }

  #resume(): void {
    this.#isPaused = false;
    this.#connection?.stream.resume();
  }

  /** Until a chunk is ready or the end has come. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
