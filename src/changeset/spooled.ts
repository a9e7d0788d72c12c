/**
 * A change as one line of the spool: fields between TABs, escaped as in COPY text, which splits several times faster than JSON parses.
 * Never leaves this process.
 */
import { type Change, type ChangeKind, type Datum, isLong } from "../compare/change.ts";
import { escapeField, unescapeField } from "./copy-field.ts";

/** The line, without its end. It holds no line feed. */
export function encodeSpooled(change: Change): string {
  const { kind, key } = change;
  if (kind === "insert") return `i${key.length}${fields(key)}${fields(change.after)}`;
  if (kind === "delete") return `d${key.length}${fields(key)}${fields(change.before)}`;
  const { columns, before, after, context } = change;
  const letter = context.size === 0 ? "u" : "c";
  let line = `${letter}${key.length}\t${columns.join()}${fields(key)}${fields(before)}${fields(after)}`;
  for (const [position, value] of context) line += `\t${position}\t${field(value)}`;
  return line;
}

/** The kind, by the first byte of the line. */
export function spooledKind(letter: number | undefined): ChangeKind {
  return letter === LETTER_I ? "insert" : letter === LETTER_D ? "delete" : "update";
}

const LETTER_D = 100;
const LETTER_I = 105;
/** Of updates that tell values of unchanged columns. */
const LETTER_C = 99;
const LETTER_U = 117;

function isUpdate(head: string): boolean {
  const letter = head.charCodeAt(0);
  return letter === LETTER_U || letter === LETTER_C;
}

export function decodeSpooled(line: string): Change {
  const parts = line.split("\t");
  const [head = ""] = parts;
  const width = Number(head.slice(1));
  if (!isUpdate(head)) {
    const key = values(parts, 1, 1 + width);
    const row = values(parts, 1 + width, parts.length);
    return head.charCodeAt(0) === LETTER_I
      ? { kind: "insert", key, after: row }
      : { kind: "delete", key, before: row };
  }
  const columns = (parts[1] ?? "").split(",").map(Number);
  const before = 2 + width;
  const after = before + columns.length;
  const context = after + columns.length;
  return {
    kind: "update",
    key: values(parts, 2, before),
    columns,
    before: values(parts, before, after),
    after: values(parts, after, context),
    context: context === parts.length ? NO_CONTEXT : contextOf(parts, context),
  };
}

const NO_CONTEXT: ReadonlyMap<number, Datum> = new Map();

function contextOf(parts: readonly string[], start: number): ReadonlyMap<number, Datum> {
  const context = new Map<number, Datum>();
  for (let at = start; at < parts.length; at += 2) {
    context.set(Number(parts[at]), value(parts[at + 1] ?? ""));
  }
  return context;
}

function values(parts: readonly string[], start: number, end: number): Datum[] {
  const found: Datum[] = [];
  for (let at = start; at < end; at += 1) found.push(value(parts[at] ?? ""));
  return found;
}

function fields(data: readonly Datum[]): string {
  let text = "";
  for (const datum of data) text += `\t${field(datum)}`;
  return text;
}

/** A text's own backslashes are doubled, so that `\N` is NULL, `\B` begins base64, and `\B:` stands for a long text. */
function field(datum: Datum): string {
  if (datum === null) return "\\N";
  if (typeof datum === "string") return escapeField(datum);
  if (!isLong(datum)) return `\\B${datum.base64}`;
  const { position, bytes, characters, sha256 } = datum.long;
  return `\\B:${position}:${bytes}:${characters}:${sha256}`;
}

function longOf(text: string): Datum {
  const [, position, bytes, characters, sha256 = ""] = text.split(":");
  const numbers = {
    position: Number(position),
    bytes: Number(bytes),
    characters: Number(characters),
  };
  return { long: { ...numbers, sha256 } };
}

function value(text: string): Datum {
  if (!text.includes("\\")) return text;
  if (text === "\\N") return null;
  if (text.startsWith("\\B:")) return longOf(text);
  return text.startsWith("\\B") ? { base64: text.slice(2) } : unescapeField(text);
}

/** What lines whose parts mean the same have in common: kind, width of the key, changed columns. */
function signatureOf([head = "", columns = ""]: readonly string[]): string {
  return isUpdate(head) ? `${head}\t${columns}` : head;
}

/** What `make` gives for the parts of the first line of each signature: lines of one signature are treated alike. */
export function bySignature<T>(
  make: (parts: readonly string[]) => T,
): (parts: readonly string[]) => T {
  const made = new Map<string, T>();
  return (parts) => {
    const signature = signatureOf(parts);
    const known = made.get(signature);
    if (known !== undefined) return known;
    const found = make(parts);
    made.set(signature, found);
    return found;
  };
}

/** Whether a line tells values of unchanged columns too. */
export function hasContext(line: string): boolean {
  return line.charCodeAt(0) === LETTER_C;
}

/**
 * What comes before the values of a line, if these are its places one after the other: lines that begin so have as many. Else undefined.
 */
export function prefixOf(parts: readonly string[], places: readonly unknown[]): string | undefined {
  const [head = ""] = parts;
  const first = isUpdate(head) ? 2 : 1;
  const isAll =
    !hasContext(head) &&
    places.length === parts.length - first &&
    places.every((place, index) => place === first + index);
  return isAll ? `${signatureOf(parts)}\t` : undefined;
}

/** Stands before a place in a line; no text of PostgreSQL holds it. */
const PROBE = "\u0000";

/** A change of the shape of a split line, whose values tell their places in it. It has no context. */
export function probeOf(parts: readonly string[]): Change {
  const [head = "", second = ""] = parts;
  const start = isUpdate(head) ? 2 : 1;
  const columns = start === 2 ? second.split(",").length : 0;
  const end = start === 2 ? start + Number(head.slice(1)) + 2 * columns : parts.length;
  const places = parts.slice(0, end).map((part, at) => (at < start ? part : `${PROBE}${at}`));
  return decodeSpooled(places.join("\t"));
}

/** The place that a value of a probe tells; undefined for any other value. */
export function placeOf(datum: Datum): number | undefined {
  return typeof datum === "string" && datum.startsWith(PROBE) ? Number(datum.slice(1)) : undefined;
}
