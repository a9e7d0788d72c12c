/**
 * What a command may touch of the process: handed in, so that tests can watch it.
 */

/** Where text goes: a process's stream, or a list in a test. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** Where the product goes. `write` returns false where the stream holds more than it likes; it then tells of `drain`. */
export interface ProductStream extends Omit<OutputStream, "write"> {
  write(chunk: string | Uint8Array): unknown;
  once?(event: "drain", listener: () => void): unknown;
}

export interface Io {
  /** The product: tables, JSON, lines to type, rows. */
  readonly stdout: ProductStream;
  /** Everything else. */
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
  /** Aborts on Ctrl-C. */
  readonly signal?: AbortSignal;
}

/** The time of this run: `SOURCE_DATE_EPOCH` (seconds since 1970) where it is set, so that runs can be repeated byte by byte. */
export function runTime({ env, now }: Io): { readonly time: Date; readonly fixed: boolean } {
  const epoch = env["SOURCE_DATE_EPOCH"];
  if (epoch !== undefined && /^\d{1,12}$/.test(epoch)) {
    return { time: new Date(Number(epoch) * 1000), fixed: true };
  }
  return { time: now(), fixed: false };
}

export type Colour = "red" | "yellow" | "bold";

const CODES: Readonly<Record<Colour, string>> = { red: "31", yellow: "33", bold: "1" };

/** Paints text for a terminal. */
export type Paint = (colour: Colour, text: string) => string;

/** Paints only where someone can see it: on a terminal, without `--no-color` and `NO_COLOR`. */
export function painter(stream: Pick<OutputStream, "isTTY">, io: Io, wanted: boolean): Paint {
  const on = wanted && stream.isTTY === true && !io.env["NO_COLOR"] && io.env["TERM"] !== "dumb";
  return (colour, text) => (on ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text);
}
