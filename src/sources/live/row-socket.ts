/**
 * The socket that `pg` is given where there is no TLS: while rows come, it reads them to where they are wanted, without memory of
 * its own for each read. Knows no protocol.
 */
import { type OnReadOpts, Socket, type SocketConstructorOpts } from "node:net";

/** Who takes bytes instead of `pg`. */
export interface Intake {
  /** Where the next bytes go; at least one. */
  readonly room: () => Buffer;
  /** So many bytes lie there now. */
  readonly arrived: (count: number) => void;
  /** Bytes that lie elsewhere, valid during the call. */
  readonly take: (bytes: Buffer) => void;
}

/** Bytes of one read while nobody but `pg` reads. */
const READ_BYTES = 64 * 1024;

/** Emits "data" as any socket does, unless there is an intake. */
export class RowSocket extends Socket {
  /** Bytes go to it from now on. */
  intake: Intake | undefined;
  readonly #own: Buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  #memory: Buffer = this.#own;
  /** Whose memory that is. */
  #lender: Intake | undefined;

  constructor() {
    super(reading({ buffer: () => this.#next(), callback: (count) => this.#onRead(count) }));
  }

  #next(): Buffer {
    this.#lender = this.intake;
    this.#memory = this.intake?.room() ?? this.#own;
    return this.#memory;
  }

  #onRead(count: number): true {
    const { intake } = this;
    const bytes = this.#memory.subarray(0, count);
    // A copy, since `pg` keeps what it does not understand yet.
    if (intake === undefined) this.emit("data", Buffer.from(bytes));
    else if (intake === this.#lender) intake.arrived(count);
    else intake.take(bytes);
    return true;
  }
}

/** Documented for `new net.Socket()`, but not in its types. */
function reading(onread: OnReadOpts): SocketConstructorOpts {
  const options: SocketConstructorOpts & { readonly onread: OnReadOpts } = { onread };
  return options;
}
