/**
 * One line on stderr that says how far a run is. Only on a terminal, never with --quiet or --json.
 */
import { Writable } from "node:stream";
import type { Options, SingleBar } from "cli-progress";
import type { ProgressEvent } from "../progress.ts";
import type { Io, OutputStream } from "./io.ts";
import { progressText } from "./progress-text.ts";

export interface ProgressDisplay {
  /** Shows a text at once. */
  readonly show: (text: string) => void;
  /** Shows an event, at most ten times a second. Undefined where nobody looks. */
  readonly report: ((event: ProgressEvent) => void) | undefined;
  /** Takes the line away; what is shown afterwards makes a new one. */
  readonly clear: () => void;
}

const NOWHERE: ProgressDisplay = {
  show: () => undefined,
  report: undefined,
  clear: () => undefined,
};

/** A line that shows nothing where nobody looks. The bar is loaded only where it is shown. */
export async function progressDisplay(io: Io, quiet: boolean): Promise<ProgressDisplay> {
  const { stderr, env } = io;
  if (quiet || stderr.isTTY !== true || env["TERM"] === "dumb") return NOWHERE;
  const { default: progress } = await import("cli-progress");
  let text = "";
  let event: ProgressEvent | undefined;
  let since = 0;
  let bar: SingleBar | undefined;
  const line = (options: Options): string => {
    const width = (stderr.columns ?? 80) - 1;
    if (!event) return text.slice(0, width);
    const seconds = (Date.now() - since) / 1000;
    const draw = (fraction: number): string => progress.Format.BarFormat(fraction, options);
    return progressText({ event, seconds }, draw, width);
  };
  const draw = (): void => {
    if (bar) {
      bar.update(0);
      return;
    }
    // The cursor stays visible and lines go on wrapping: whatever ends the process leaves the terminal as it was.
    bar = new progress.SingleBar({
      stream: terminal(stderr),
      format: line,
      barsize: 20,
      barCompleteChar: "=",
      barIncompleteChar: "-",
      linewrap: true,
      clearOnComplete: true,
    });
    bar.start(1, 0);
  };
  return {
    show(shown) {
      event = undefined;
      text = shown;
      draw();
    },
    report(next) {
      if (event?.kind !== next.kind) since = Date.now();
      event = next;
      draw();
    },
    clear() {
      bar?.stop();
      bar = undefined;
    },
  };
}

/** What the bar's library takes for a terminal. */
function terminal(stderr: OutputStream): Writable {
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      stderr.write(String(chunk));
      done();
    },
  });
  return Object.defineProperties(stream, {
    isTTY: { value: true },
    columns: { get: () => stderr.columns ?? 80 },
  });
}
