/**
 * The rows of one COPY ... TO STDOUT as chunks of whole lines. Reads the protocol's frames itself: one event and one object for
 * each row, as libraries make them, costs more than the server needs to produce it. Knows no SQL.
 */
import type { Connection, Submittable } from "pg";

/** Chunks hold at least this many bytes while there are rows, so that what is done once a chunk costs nothing a row. */
const CHUNK = 64 * 1024;
/** Room for a chunk and the socket's next read. */
const CAPACITY = 4 * CHUNK;
/** Room for the first rows: many tables have no more. */
const FIRST_CAPACITY = 4 * 1024;
const NOTHING = Buffer.alloc(0);
/** Chunks that wait for the consumer before the socket is paused. */
const WAITING = 2;

const COPY_DATA = "d".charCodeAt(0);
/** Type and length of a frame. */
const HEADER = 5;

type State = "waiting" | "running" | "discarding" | "done" | "failed";

/**
 * A query for `client.query()`. The server sends each row as one CopyData frame ("Message Formats"); everything that is not row
 * data is passed on to `pg`, which so learns of errors and of the end.
 */
export class CopyOut implements Submittable {
  readonly #text: string;
  #state: State = "waiting";
  #failure: unknown;
  #connection: Connection | undefined;
  /** How `pg` itself reads the socket. */
  #passOn: (bytes: Buffer) => void = () => undefined;

  /** The frame that the last read did not end: its header so far, then what is missing of its body. */
  #header: Buffer = Buffer.alloc(0);
  #missing = 0;
  #isData = false;

  #filling: Buffer = NOTHING;
  #capacity = FIRST_CAPACITY;
  #filled = 0;
  /** Where the last whole line in `#filling` ends. */
  #whole = 0;
  #ready: Buffer[] = [];
  #isPaused = false;
  #wake: (() => void) | undefined;

  /** Resolves when the server has come to its end or failed. */
  readonly ended: Promise<void>;
  #end: () => void = () => undefined;

  constructor(text: string) {
    this.#text = text;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** The next chunk; undefined after the last one. @throws what `pg` reports: a DatabaseError or a broken connection. */
  async next(): Promise<Buffer | undefined> {
    while (this.#ready.length === 0 && !this.#isOver()) await this.#change();
    if (this.#state === "failed") throw this.#failure;
    const chunk = this.#ready.shift();
    if (this.#isPaused && this.#ready.length < WAITING) this.#resume();
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
    const handlers = stream.listeners("data");
    if (handlers.length !== 1) throw new Error("pg reads its socket otherwise than expected");
    // Node gives listeners no type; those of "data" on a socket without an encoding take bytes.
    this.#passOn = handlers[0] as (bytes: Buffer) => void;
    this.#connection = connection;
    if (this.#state === "waiting") this.#state = "running";
    stream.removeListener("data", this.#passOn);
    stream.on("data", this.#onData);
    connection.query(this.#text);
  }

  /** Called by `pg`. */
  handleCommandComplete(): void {}

  /** Called by `pg`. */
  handleReadyForQuery(): void {
    this.#publish();
    this.#finish("done");
  }

  /** Called by `pg`, also when the connection breaks. */
  handleError(error: unknown): void {
    this.#failure = error;
    this.#finish("failed");
  }

  #isOver(): boolean {
    return this.#state === "done" || this.#state === "failed";
  }

  #finish(state: "done" | "failed"): void {
    if (this.#isOver()) return;
    this.#state = state;
    this.#end();
    const stream = this.#connection?.stream;
    if (stream?.listeners("data").includes(this.#onData)) {
      stream.removeListener("data", this.#onData);
      stream.on("data", this.#passOn);
      this.#resume();
    }
    this.#wakeUp();
  }

  readonly #onData = (bytes: Buffer): void => {
    try {
      this.#read(bytes);
    } catch (error) {
      // No memory for a row. Thrown from an event, it would end the process.
      this.#failure = error;
      this.#finish("failed");
      this.#connection?.stream.destroy();
    }
  };

  #read(bytes: Buffer): void {
    let position = 0;
    while (position < bytes.length) {
      if (this.#isOver()) {
        this.#passOn(bytes.subarray(position));
        return;
      }
      position = this.#missing > 0 ? this.#body(bytes, position) : this.#head(bytes, position);
    }
    if (this.#whole >= CHUNK) this.#publish();
    if (this.#ready.length < WAITING || this.#isOver()) return;
    this.#isPaused = true;
    this.#connection?.stream.pause();
  }

  /** Reads a header, which two reads of the socket may share. */
  #head(bytes: Buffer, position: number): number {
    const had = this.#header.length;
    if (had + bytes.length - position < HEADER) {
      this.#header = Buffer.concat([this.#header, bytes.subarray(position)]);
      return bytes.length;
    }
    const end = position + HEADER - had;
    const whole = had === 0 ? bytes : Buffer.concat([this.#header, bytes.subarray(position, end)]);
    const start = had === 0 ? position : 0;
    if (had > 0) this.#header = Buffer.alloc(0);
    this.#isData = whole[start] === COPY_DATA;
    this.#missing = whole.readUInt32BE(start + 1) - 4;
    if (!this.#isData) this.#passOn(Buffer.from(whole.subarray(start, start + HEADER)));
    else if (this.#state !== "discarding") this.#makeRoom(this.#missing);
    return end;
  }

  #body(bytes: Buffer, position: number): number {
    const end = Math.min(position + this.#missing, bytes.length);
    this.#missing -= end - position;
    if (!this.#isData) this.#passOn(bytes.subarray(position, end));
    else if (this.#state !== "discarding") {
      bytes.copy(this.#filling, this.#filled, position, end);
      this.#filled += end - position;
      if (this.#missing === 0) this.#whole = this.#filled;
    }
    return end;
  }

  /** Called between frames: all that is filled is whole. */
  #makeRoom(size: number): void {
    if (this.#filled + size <= this.#filling.length) return;
    if (this.#filled >= CHUNK) this.#publish();
    if (this.#filled + size <= this.#filling.length) return;
    if (this.#filled > 0) this.#capacity = Math.min(CAPACITY, this.#capacity * 8);
    const larger = Buffer.allocUnsafe(Math.max(this.#filled + size, this.#capacity));
    this.#filling.copy(larger, 0, 0, this.#filled);
    this.#filling = larger;
  }

  #publish(): void {
    if (this.#whole === 0) return;
    const rest = this.#filling.subarray(this.#whole, this.#filled);
    this.#ready.push(this.#filling.subarray(0, this.#whole));
    const needed = rest.length + this.#missing;
    this.#filling = needed === 0 ? NOTHING : Buffer.allocUnsafe(Math.max(this.#capacity, needed));
    rest.copy(this.#filling);
    this.#filled = rest.length;
    this.#whole = 0;
    this.#wakeUp();
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
