/**
 * How far a run is, for whoever wants to show it. Knows no terminal.
 */
import type { TableName } from "./names.ts";

export interface ProgressEvent {
  readonly kind: "opening" | "comparing" | "ordering" | "writing";
  /** The table that is compared. */
  readonly table?: TableName;
  readonly tables: { readonly done: number; readonly of: number };
  /** Read so far, both sides; of `writing`: written so far. */
  readonly bytes: number;
  /** Rows read so far, both sides. */
  readonly rows: number;
  /** Rows of both sides as the server's statistics tell; undefined where nothing tells. */
  readonly expectedRows?: number;
  /** The file that is written, and how many are. */
  readonly file?: { readonly name: string; readonly done: number; readonly of: number };
}

/** Takes what has happened, and the bytes and rows read since the last time. */
export type Progress = (
  event: Pick<ProgressEvent, "kind"> & Partial<ProgressEvent>,
  bytes?: number,
  rows?: number,
) => void;

/** Adds bytes and rows up. What is expected is remembered from the event that told it. */
export function progressReporter(onProgress?: (event: ProgressEvent) => void): Progress {
  let [totalBytes, totalRows] = [0, 0];
  let expected: Pick<ProgressEvent, "expectedRows"> = {};
  return (event, bytes = 0, rows = 0) => {
    totalBytes += bytes;
    totalRows += rows;
    if (event.expectedRows !== undefined) expected = { expectedRows: event.expectedRows };
    onProgress?.({
      tables: { done: 0, of: 0 },
      ...event,
      ...expected,
      bytes: totalBytes,
      rows: totalRows,
    });
  };
}
