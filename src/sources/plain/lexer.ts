/**
 * Finds where SQL statements begin and end, as psql does. Keeps its place between windows, so that neither a
 * statement nor a literal has to be in memory as a whole. Knows no statement's meaning.
 */

/** A place in the text where the caller must act. Positions are those of the file. */
export type Stop =
  /** More bytes are needed; those before `at` are done with. */
  | { readonly kind: "more"; readonly at: number }
  /** A statement ended before `at`, its semicolon included. */
  | {
      readonly kind: "statement";
      readonly start: number;
      readonly at: number;
      /** Its first words, lower-case, quoted names left out; up to four. */
      readonly words: readonly string[];
    }
  /** A backslash outside literals; between statements if `start` is absent. */
  | { readonly kind: "backslash"; readonly at: number; readonly start: number | undefined }
  /** A line comment between statements; `at` is the start of the next line. */
  | { readonly kind: "comment"; readonly start: number; readonly at: number };

/** What the lexer remembers between calls of `scan`. */
export interface LexState {
  mode: "sql" | "quote" | "escape" | "identifier" | "dollar" | "line" | "block";
  /** Position of the statement's first token; absent between statements. */
  start: number | undefined;
  /** Lower-case words of the statement, as many as tell CREATE FUNCTION and CREATE PROCEDURE. */
  words: string[];
  parentheses: number;
  /** BEGIN ATOMIC and CASE that are open. */
  begins: number;
  /** Of a dollar-quoted literal: its delimiter. */
  tag: Buffer;
  /** Of block comments: how many are nested. */
  depth: number;
  /** False if a backslash escapes in plain literals. */
  standardStrings: boolean;
  /** In encodings whose second bytes may be backslashes: true for the first byte of a pair. */
  leads: ((byte: number) => boolean) | undefined;
}

/** Bytes in memory, and where in the file they are. */
export interface Span {
  readonly bytes: Buffer;
  readonly base: number;
  /** True if nothing follows. */
  readonly final: boolean;
}

/** Between statements, under the settings that every dump starts with. */
export function startLexing(): LexState {
  return {
    mode: "sql",
    start: undefined,
    words: [],
    parentheses: 0,
    begins: 0,
    tag: Buffer.alloc(0),
    depth: 0,
    standardStrings: true,
    leads: undefined,
  };
}

/** Goes back between statements, at `position`. */
export function resetStatement(state: LexState): void {
  state.mode = "sql";
  state.start = undefined;
  state.words = [];
  state.parentheses = 0;
  state.begins = 0;
}

const QUOTE = 0x27;
const DOUBLE_QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LF = 0x0a;
const MAX_COMMENT_BYTES = 65_536;
const MAX_TAG_BYTES = 1024;

/** Goes on at the position `from`, which must be in the span, up to the next place where the caller must act. */
export function scan(state: LexState, span: Span, from: number): Stop {
  const limit = span.base + span.bytes.length;
  for (let at = from; at < limit; ) {
    const next: number | Stop =
      state.mode === "sql" ? scanSql(state, span, at) : scanInside(state, span, at);
    if (typeof next !== "number") return next;
    at = next;
  }
  return { kind: "more", at: limit };
}

/** Goes on within a literal, quoted name or comment. */
function scanInside(state: LexState, span: Span, at: number): number | Stop {
  switch (state.mode) {
    case "quote":
      return leaveAfter(state, span, at, QUOTE);
    case "identifier":
      return leaveAfter(state, span, at, DOUBLE_QUOTE);
    case "line":
      return leaveAfter(state, span, at, LF);
    case "escape":
      return scanEscape(state, span, at);
    case "dollar":
      return scanDollar(state, span, at);
    case "block":
      return scanBlock(state, span, at);
    case "sql":
      return at;
  }
}

/** A doubled quote ends one literal and starts the next: the statement's bounds are the same. */
function leaveAfter(state: LexState, span: Span, at: number, mark: number): number | Stop {
  const index = span.bytes.indexOf(mark, at - span.base);
  if (index < 0) return { kind: "more", at: span.base + span.bytes.length };
  state.mode = "sql";
  return span.base + index + 1;
}

function scanEscape(state: LexState, span: Span, at: number): number | Stop {
  const { bytes, base } = span;
  for (let index = at - base; index < bytes.length; ) {
    const byte = bytes[index] ?? 0;
    const pair = byte === BACKSLASH || byte === QUOTE || state.leads?.(byte) === true;
    if (pair && index + 1 >= bytes.length && !span.final) return { kind: "more", at: base + index };
    if (byte === QUOTE && bytes[index + 1] !== QUOTE) {
      state.mode = "sql";
      return base + index + 1;
    }
    index += pair ? 2 : 1;
  }
  return base + bytes.length;
}

function scanDollar(state: LexState, span: Span, at: number): number | Stop {
  const { bytes, base } = span;
  const index = bytes.indexOf(state.tag, at - base);
  if (index < 0) {
    return { kind: "more", at: Math.max(at, base + bytes.length - state.tag.length + 1) };
  }
  state.mode = "sql";
  return base + index + state.tag.length;
}

function scanBlock(state: LexState, span: Span, at: number): number | Stop {
  const { bytes, base } = span;
  let index = at - base;
  for (; index + 1 < bytes.length; index += 1) {
    const [byte, next] = [bytes[index], bytes[index + 1]];
    if (byte === 0x2a && next === 0x2f) {
      state.depth -= 1;
      index += 1;
      if (state.depth === 0) {
        state.mode = "sql";
        return base + index + 1;
      }
    } else if (byte === 0x2f && next === 0x2a) {
      state.depth += 1;
      index += 1;
    }
  }
  return span.final ? base + bytes.length : { kind: "more", at: base + index };
}

function scanSql(state: LexState, span: Span, from: number): number | Stop {
  const { bytes, base } = span;
  for (let index = from - base; index < bytes.length; ) {
    const byte = bytes[index] ?? 0;
    if (byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)) {
      index += 1;
      continue;
    }
    const at = base + index;
    if (byte === 0x2d || byte === 0x2f) {
      if (index + 1 >= bytes.length && !span.final) return { kind: "more", at };
      const comment = byte === 0x2d ? bytes[index + 1] === 0x2d : bytes[index + 1] === 0x2a;
      if (comment) return startComment(state, span, at);
    }
    if (byte === BACKSLASH) return { kind: "backslash", at, start: state.start };
    state.start ??= at;
    if (isWordStart(byte)) {
      const end = wordEnd(bytes, index);
      if (end >= bytes.length && !span.final) return { kind: "more", at };
      noteWord(state, bytes, index, end);
      const escapes = end - index === 1 && (byte | 0x20) === 0x65 && bytes[end] === QUOTE;
      if (escapes) state.mode = "escape";
      index = escapes ? end + 1 : end;
      if (escapes) return base + index;
      continue;
    }
    if (byte === QUOTE || byte === DOUBLE_QUOTE) {
      const plain = state.standardStrings ? "quote" : "escape";
      state.mode = byte === QUOTE ? plain : "identifier";
      return at + 1;
    }
    if (byte === 0x24) {
      const end = tagEnd(bytes, index);
      if (end === undefined && !span.final) return { kind: "more", at };
      if (end !== undefined && end > 0) {
        state.tag = Buffer.from(bytes.subarray(index, end));
        state.mode = "dollar";
        return base + end;
      }
    }
    if (byte === 0x28) state.parentheses += 1;
    if (byte === 0x29 && state.parentheses > 0) state.parentheses -= 1;
    index += 1;
    if (byte === 0x3b && state.parentheses === 0 && state.begins === 0) {
      const { start, words } = state;
      resetStatement(state);
      return { kind: "statement", start, at: base + index, words };
    }
  }
  return base + bytes.length;
}

function startComment(state: LexState, span: Span, at: number): number | Stop {
  const { bytes, base } = span;
  if (bytes[at - base] === 0x2f) {
    state.mode = "block";
    state.depth = 1;
    return at + 2;
  }
  if (state.start === undefined) {
    const index = bytes.indexOf(LF, at - base);
    if (index >= 0) return { kind: "comment", start: at, at: base + index + 1 };
    if (span.final) return { kind: "comment", start: at, at: base + bytes.length };
    if (base + bytes.length - at < MAX_COMMENT_BYTES) return { kind: "more", at };
  }
  state.mode = "line";
  return at + 2;
}

/** Bytes above 0x7F are letters to PostgreSQL. */
function isWordStart(byte: number): boolean {
  const lower = byte | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || byte === 0x5f || byte >= 0x80;
}

function wordEnd(bytes: Buffer, start: number): number {
  let index = start + 1;
  for (; index < bytes.length; index += 1) {
    const byte = bytes[index] ?? 0;
    if (!isWordStart(byte) && !(byte >= 0x30 && byte <= 0x39) && byte !== 0x24) break;
  }
  return index;
}

/** Where the delimiter `$tag$` at `start` ends; 0 if it is none, undefined if the bytes end before that shows. */
function tagEnd(bytes: Buffer, start: number): number | undefined {
  for (let index = start + 1; index - start < MAX_TAG_BYTES; index += 1) {
    const byte = bytes[index];
    if (byte === undefined) return;
    if (byte === 0x24) return index + 1;
    const digit = byte >= 0x30 && byte <= 0x39;
    if (!isWordStart(byte) && !(digit && index > start + 1)) return 0;
  }
  return 0;
}

/**
 * Bodies of SQL functions hold semicolons: `CREATE FUNCTION ... BEGIN ATOMIC SELECT CASE ... END; END;`. As in psql,
 * only CREATE [OR REPLACE] FUNCTION and PROCEDURE are looked at, and only outside parentheses.
 */
function noteWord(state: LexState, bytes: Buffer, start: number, end: number): void {
  if (state.words.length < 4) {
    state.words.push(bytes.toString("latin1", start, Math.min(end, start + 16)).toLowerCase());
    return;
  }
  if (state.parentheses > 0 || end - start > 5 || !isRoutine(state.words)) return;
  const word = bytes.toString("latin1", start, end).toLowerCase();
  if (word === "begin" || (word === "case" && state.begins > 0)) state.begins += 1;
  else if (word === "end" && state.begins > 0) state.begins -= 1;
}

function isRoutine([first, second, third, fourth]: readonly string[]): boolean {
  const kind = second === "or" && third === "replace" ? fourth : second;
  return first === "create" && (kind === "function" || kind === "procedure");
}
