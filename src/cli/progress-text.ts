/**
 * How far a run is, as one line: bar, tables, rows, bytes a second, time left. Writes nothing.
 */
import { formatName, plural, printable } from "../names.ts";
import type { ProgressEvent } from "../progress.ts";

/** A stage as it stands. */
export interface Stage {
  readonly event: ProgressEvent;
  /** Since the stage began. */
  readonly seconds: number;
}

/** The line, at most `width` characters; `bar` draws a fraction. */
export function progressText(
  { event, seconds }: Stage,
  bar: (fraction: number) => string,
  width: number,
): string {
  const fraction = fractionOf(event);
  const parts = [
    TITLES[event.kind],
    ...(fraction === undefined ? [] : [`[${bar(fraction)}] ${Math.floor(fraction * 100)} %`]),
    ...details(event, seconds),
    ...timeLeft(fraction, seconds),
    ...subject(event),
  ];
  return parts.join("  ").slice(0, width);
}

const TITLES: Readonly<Record<ProgressEvent["kind"], string>> = {
  opening: "opening both sides",
  comparing: "comparing",
  ordering: "ordering the changes",
  writing: "writing",
};

/** What is done of the stage, from 0 to 1; undefined where nothing tells. Statistics are estimates: it stays below 1. */
function fractionOf({ kind, tables, rows, expectedRows, file }: ProgressEvent): number | undefined {
  if (kind === "writing") return file && file.of > 0 ? file.done / file.of : undefined;
  if (kind !== "comparing") return undefined;
  if (expectedRows !== undefined) return Math.min(rows / expectedRows, 0.99);
  return tables.of > 0 ? tables.done / tables.of : undefined;
}

function details({ kind, tables, rows, bytes, file }: ProgressEvent, seconds: number): string[] {
  if (kind === "writing") {
    return file ? [`${file.done}/${plural(file.of, "file")}`, megabytes(bytes)] : [];
  }
  if (kind !== "comparing") return seconds < 1 ? [] : [duration(seconds)];
  const speed = seconds < 1 ? [] : [`${megabytes(bytes / seconds)}/s`];
  return [
    `${tables.done}/${plural(tables.of, "table")}`,
    `${rows.toLocaleString("en")} rows`,
    ...speed,
  ];
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

/** Told only once it can be said with some truth. */
function timeLeft(fraction: number | undefined, seconds: number): string[] {
  if (fraction === undefined || fraction < 0.02 || seconds < 1) return [];
  return [`${duration((seconds / fraction) * (1 - fraction))} left`];
}

/** `0:07`, `12:30`, `1:02:03`. */
function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const rest = String(whole % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

function subject({ kind, table, file }: ProgressEvent): string[] {
  if (kind === "writing") return file ? [printable(file.name)] : [];
  return table ? [formatName(table)] : [];
}
