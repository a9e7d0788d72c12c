/**
 * A change as one line of the spool: a JSON array, which parses several times faster than the objects of changes.jsonl. Never leaves
 * this process.
 */
import type { Change, ChangeKind, Datum } from "../compare/change.ts";

/** The line, without its end. It holds no line feed. */
export function encodeSpooled(change: Change): string {
  switch (change.kind) {
    case "insert":
      return JSON.stringify(["i", change.key, change.after]);
    case "delete":
      return JSON.stringify(["d", change.key, change.before]);
    case "update": {
      const { key, columns, before, after, context } = change;
      return JSON.stringify(["u", key, columns, before, after, [...context]]);
    }
  }
}

/** The kind, without parsing the line. */
export function spooledKind(line: string): ChangeKind {
  const letter = line[2];
  return letter === "i" ? "insert" : letter === "u" ? "update" : "delete";
}

type Line =
  | readonly ["i" | "d", readonly Datum[], readonly Datum[]]
  | readonly [
      "u",
      readonly Datum[],
      readonly number[],
      readonly Datum[],
      readonly Datum[],
      readonly (readonly [number, Datum])[],
    ];

export function decodeSpooled(line: string): Change {
  // encodeSpooled wrote it in this process.
  const fields = JSON.parse(line) as Line;
  switch (fields[0]) {
    case "i":
      return { kind: "insert", key: fields[1], after: fields[2] };
    case "d":
      return { kind: "delete", key: fields[1], before: fields[2] };
    case "u": {
      const [, key, columns, before, after, context] = fields;
      return { kind: "update", key, columns, before, after, context: new Map(context) };
    }
  }
}
