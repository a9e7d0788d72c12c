/**
 * Runs a script without psql: statements through a connection, and the meta-commands that rowpatch's scripts use interpreted.
 */
import { readFile } from "node:fs/promises";
import { resetStatement, scan, startLexing } from "../sources/plain/lexer.ts";
import type { ScriptResult } from "./psql.ts";
import { argumentsOf, booleanOf, substitute } from "./variables.ts";

/** A session of its own, as far as the script can see. */
export interface DriverSession {
  /** Runs one statement. Rows are text. Errors of the server have `severity`, `code` and maybe `detail` and `hint`. */
  run(text: string): Promise<{
    readonly names: readonly string[];
    readonly rows: readonly (readonly (string | null)[])[];
  }>;
  /** Runs `COPY ... FROM STDIN` with its data. */
  copy(text: string, data: Buffer): Promise<void>;
}

/** psql's exit code where the script fails. */
const FAILED = 3;

/** Runs the script to its end or its first error. Reads it into memory. */
export async function driveScript(path: string, session: DriverSession): Promise<ScriptResult> {
  const bytes = await readFile(path);
  const state: State = {
    variables: new Map([["ON_ERROR_STOP", "1"]]),
    branches: [],
    stdout: [],
    stderr: [],
    tuplesOnly: false,
  };
  let at = 0;
  try {
    const pieces = piecesOf(bytes);
    for (let piece = pieces.next(0); !piece.done; ) {
      at = piece.value.at;
      const used = await runPiece(piece.value, { bytes, state, session });
      if (used === "quit") break;
      piece = pieces.next(used);
    }
    return { exitCode: 0, ...output(state) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (!(error instanceof ScriptMistake) && !("severity" in error)) throw error;
    const line = lineAt(bytes, at);
    state.stderr.push(`psql:${path}:${line}: ERROR:  ${wordsOf(error)}\n`);
    return { exitCode: FAILED, ...output(state) };
  }
}

/** Something in the script that this does not understand. */
class ScriptMistake extends Error {
  override readonly name = "ScriptMistake";
}

interface State {
  readonly variables: Map<string, string>;
  /** Open `\if`s: whether this branch runs, and whether one has run. */
  readonly branches: { active: boolean; taken: boolean }[];
  readonly stdout: string[];
  readonly stderr: string[];
  tuplesOnly: boolean;
}

/** A statement, or a meta-command with the statement before it that has no semicolon. */
interface Piece {
  readonly statement: string;
  readonly command: string;
  /** Where it ends. */
  readonly end: number;
  /** Where its last line is, for messages. */
  readonly at: number;
}

/** `next` takes how many bytes after the piece were data. */
function* piecesOf(bytes: Buffer): Generator<Piece, void, number> {
  const span = { bytes, base: 0, final: true };
  const state = startLexing();
  for (let from = 0; ; ) {
    const stop = scan(state, span, from);
    if (stop.kind === "more") return;
    if (stop.kind === "comment") {
      from = stop.at;
      continue;
    }
    const start = stop.start ?? stop.at;
    const isCommand = stop.kind === "backslash";
    const end = isCommand ? lineEnd(bytes, stop.at) : stop.at;
    const statement = bytes.toString("utf8", start, stop.at).trim();
    const command = isCommand ? bytes.toString("utf8", stop.at, end).trim() : "";
    const used = yield { statement, command, end, at: stop.at };
    resetStatement(state);
    from = end + used;
  }
}

function lineEnd(bytes: Buffer, from: number): number {
  const end = bytes.indexOf(10, from);
  return end < 0 ? bytes.length : end + 1;
}

interface Context {
  readonly bytes: Buffer;
  readonly state: State;
  readonly session: DriverSession;
}

/** How many bytes of data follow that belong to it. */
async function runPiece(piece: Piece, context: Context): Promise<number | "quit"> {
  const { state } = context;
  const isActive = state.branches.every(({ active }) => active);
  const [, name = "", rest = ""] = /^\\(\S+)\s*([\s\S]*)$/.exec(piece.command) ?? [];
  if (runBranch(name, rest, state)) return 0;
  if (piece.command === "" && /^COPY\b[\s\S]*\bFROM\s+STDIN\b/i.test(piece.statement)) {
    return runCopy(piece, context, isActive);
  }
  if (!isActive) return 0;
  if (name === "q" || name === "quit") return "quit";
  if (piece.statement !== "") await runStatement(piece.statement, { name, rest }, context);
  if (piece.command !== "" && name !== "gset") runCommand(name, rest, state);
  return 0;
}

/** Whether it was a command about branches. */
function runBranch(name: string, rest: string, state: State): boolean {
  const { branches, variables } = state;
  const branch = branches.at(-1);
  const condition = (): boolean => booleanOf(argumentsOf(rest, variables)[0] ?? "") === true;
  switch (name) {
    case "if": {
      const active = condition();
      branches.push({ active, taken: active });
      return true;
    }
    case "elif":
    case "else":
      if (!branch) throw new ScriptMistake(`\\${name}: no matching \\if`);
      branch.active = !branch.taken && (name === "else" || condition());
      branch.taken ||= branch.active;
      return true;
    case "endif":
      if (!branches.pop()) throw new ScriptMistake("\\endif: no matching \\if");
      return true;
    default:
      return false;
  }
}

async function runStatement(
  statement: string,
  { name, rest }: { readonly name: string; readonly rest: string },
  { state, session }: Context,
): Promise<void> {
  const { names, rows } = await session.run(substitute(statement, state.variables));
  if (name === "gset") {
    if (rows.length !== 1) throw new ScriptMistake(`\\gset: ${rows.length} rows`);
    for (const [index, column] of names.entries()) {
      const value = rows[0]?.[index];
      if (value !== null && value !== undefined) state.variables.set(rest.trim() + column, value);
      else state.variables.delete(rest.trim() + column);
    }
    return;
  }
  const lines = rows.map((row) => row.map((value) => value ?? "").join(" | "));
  if (!state.tuplesOnly && names.length > 0) lines.unshift(names.join(" | "));
  state.stdout.push(...lines.map((line) => `${line}\n`));
}

/** Its data end in a line `\.`. */
async function runCopy(piece: Piece, context: Context, isActive: boolean): Promise<number> {
  const { bytes, session, state } = context;
  const start = lineEnd(bytes, piece.end);
  const mark = bytes.indexOf("\n\\.", start - 1);
  if (mark < 0) throw new ScriptMistake("COPY: its data have no end");
  if (isActive) {
    await session.copy(
      substitute(piece.statement, state.variables),
      bytes.subarray(start, mark + 1),
    );
  }
  return lineEnd(bytes, mark + 1) - piece.end;
}

/** Those that change only how psql prints are passed over. */
const IGNORED: readonly string[] = ["timing", "x", "t", "a", "encoding", "o", "r", "p"];

function runCommand(name: string, rest: string, state: State): void {
  const words = argumentsOf(rest, state.variables);
  switch (name) {
    case "set":
      if (words[0] !== undefined) state.variables.set(words[0], words.slice(1).join(""));
      return;
    case "unset":
      if (words[0] !== undefined) state.variables.delete(words[0]);
      return;
    case "pset":
      if (words[0] === "tuples_only") state.tuplesOnly = booleanOf(words[1] ?? "on") ?? false;
      return;
    case "echo":
    case "qecho":
      state.stdout.push(`${words.join(" ")}\n`);
      return;
    case "warn":
      state.stderr.push(`${words.join(" ")}\n`);
      return;
    default:
      if (!IGNORED.includes(name)) throw new ScriptMistake(`\\${name} is not known without psql`);
  }
}

function output({ stdout, stderr }: State): Pick<ScriptResult, "stdout" | "stderr"> {
  return { stdout: stdout.join(""), stderr: stderr.join("") };
}

function lineAt(bytes: Buffer, at: number): number {
  let line = 1;
  for (
    let next = bytes.indexOf(10);
    next >= 0 && next < at - 1;
    next = bytes.indexOf(10, next + 1)
  ) {
    line += 1;
  }
  return line;
}

function wordsOf(error: Error): string {
  const more = ["detail", "hint"].flatMap((part) => {
    const value = Object.entries(error).find(([name]) => name === part)?.[1];
    return typeof value === "string" && value !== "" ? [`${part.toUpperCase()}:  ${value}`] : [];
  });
  return [error.message, ...more].join("\n");
}
