/**
 * One line on stderr that says how far the comparison is. Only on a terminal, never with --quiet.
 */
import { formatName } from "../names.ts";
import type { ProgressEvent } from "../progress.ts";
import type { Io } from "./io.ts";

export interface ProgressLine {
  /** Shows a text at once. */
  readonly show: (text: string) => void;
  /** Shows an event, at most ten times a second. */
  readonly report: (event: ProgressEvent) => void;
  /** Takes the line away. */
  readonly clear: () => void;
}

const BETWEEN_MS = 100;

/** A line that shows nothing where nobody looks. */
export function progressLine({ stderr, now }: Io, quiet: boolean): ProgressLine {
  if (quiet || stderr.isTTY !== true) {
    return { show: () => undefined, report: () => undefined, clear: () => undefined };
  }
  let shownAt = Number.NEGATIVE_INFINITY;
  let shownKind: string | undefined;
  const show = (text: string): void => {
    const width = (stderr.columns ?? 80) - 1;
    stderr.write(`\r\u001b[K${text.slice(0, width)}`);
    shownAt = now().getTime();
  };
  return {
    show,
    report(event) {
      if (event.kind === shownKind && now().getTime() - shownAt < BETWEEN_MS) return;
      shownKind = event.kind;
      show(textOf(event));
    },
    clear: () => void stderr.write("\r\u001b[K"),
  };
}

function textOf({ kind, table, tables, bytes }: ProgressEvent): string {
  const read = bytes > 0 ? `, ${(bytes / 1_000_000).toFixed(1)} MB read` : "";
  switch (kind) {
    case "opening":
      return "opening both sides";
    case "comparing":
      return `comparing ${tables.done + 1}/${tables.of}${table ? ` ${formatName(table)}` : ""}${read}`;
    case "ordering":
      return `ordering the changes${read}`;
  }
}
