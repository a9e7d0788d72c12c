/**
 * How far a comparison is, for whoever wants to show it. Knows no terminal.
 */
import type { TableName } from "./names.ts";

export interface ProgressEvent {
  readonly kind: "opening" | "comparing" | "ordering";
  readonly table?: TableName;
  readonly tables: { readonly done: number; readonly of: number };
  /** Bytes of rows read so far, both sides. */
  readonly bytes: number;
}

/** Takes what has happened, and the bytes read since the last time. */
export type Progress = (
  event: Pick<ProgressEvent, "kind"> & Partial<ProgressEvent>,
  bytes?: number,
) => void;

/** Adds the bytes up. */
export function progressReporter(onProgress?: (event: ProgressEvent) => void): Progress {
  let total = 0;
  return (event, bytes = 0) => {
    total += bytes;
    onProgress?.({ tables: { done: 0, of: 0 }, ...event, bytes: total });
  };
}
