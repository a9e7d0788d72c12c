/**
 * What a statement of a dump means to a reader of rows: data, a setting, a sequence's value, or something that may
 * define an object. Opens nothing.
 */
import type { QualifiedName, TableName } from "../../names.ts";
import type { SequenceValue } from "../source.ts";
import { readTokens, type TokenReader } from "./tokens.ts";

/** Where rows go. */
export interface RowTarget {
  readonly table: TableName;
  /** Named columns in the order of the fields; absent if the statement names none: then all, in table order. */
  readonly columns?: readonly string[];
}

export type Statement =
  | { readonly kind: "copy"; readonly target: RowTarget }
  | { readonly kind: "encoding"; readonly name: string }
  | { readonly kind: "standard strings"; readonly on: boolean }
  | { readonly kind: "search path"; readonly schemas: readonly string[] }
  | { readonly kind: "sequence"; readonly value: SequenceValue }
  | { readonly kind: "large object"; readonly doing: "create" | "open"; readonly oid: string }
  | { readonly kind: "ddl" }
  /** Neither defines anything nor holds rows: SET, BEGIN, a query. */
  | { readonly kind: "nothing" }
  /** It cannot be read, or it changes rows in a way that only a server can follow. */
  | { readonly kind: "refused"; readonly what: string };

/** What tells how a statement is to be read. */
export interface StatementContext {
  /** The schema of names that have none. */
  readonly defaultSchema: string;
  readonly standardStrings: boolean;
}

const NOTHING = new Set([
  "reset",
  "begin",
  "start",
  "commit",
  "end",
  "analyze",
  "vacuum",
  "lock",
  "discard",
]);
const ROW_CHANGES = new Set(["update", "delete", "truncate", "merge", "with", "execute"]);

/**
 * Reads one statement, INSERT excepted. `words` are its first words in lower case.
 *
 *     COPY public.film (id, title) FROM stdin;                  copy
 *     SELECT pg_catalog.setval('public.film_id_seq', 7, true);  sequence
 *     CREATE TABLE public.film (...);                           ddl
 */
export function readStatement(
  text: string,
  words: readonly string[],
  context: StatementContext,
): Statement {
  const [first = ""] = words;
  if (NOTHING.has(first)) return { kind: "nothing" };
  const read = (): TokenReader => readTokens(text, context.standardStrings);
  if (first === "set") return readSet(read());
  if (first === "select") return readSelect(read(), context);
  if (first === "copy") return readCopy(read(), context);
  if (ROW_CHANGES.has(first) && !words.includes("pg_catalog")) {
    return { kind: "refused", what: `a ${first.toUpperCase()} statement` };
  }
  return { kind: "ddl" };
}

/** The target of `COPY table (columns) FROM stdin;`, absent if it is anything else. */
export function readCopyTarget(text: string, context: StatementContext): RowTarget | undefined {
  const statement = readCopy(readTokens(text, context.standardStrings), context);
  return statement.kind === "copy" ? statement.target : undefined;
}

function readCopy(reader: TokenReader, { defaultSchema }: StatementContext): Statement {
  const refused: Statement = { kind: "refused", what: "COPY other than FROM stdin as text" };
  if (!reader.take("copy")) return refused;
  const table = reader.qualified(defaultSchema);
  if (!table) return refused;
  const named = readColumnList(reader);
  if (named === "unreadable") return refused;
  const oids = reader.take("with", "oids");
  const plain = reader.take("from", "stdin") && (reader.take(";") || reader.peek() === undefined);
  if (!plain) return refused;
  if (!named) return { kind: "copy", target: { table } };
  return { kind: "copy", target: { table, columns: oids ? ["oid", ...named] : named } };
}

/** `(a, "B")` if it comes next. */
export function readColumnList(reader: TokenReader): readonly string[] | "unreadable" | undefined {
  if (!reader.take("(")) return;
  const columns: string[] = [];
  do {
    const column = reader.identifier();
    if (column === undefined) return "unreadable";
    columns.push(column);
  } while (reader.take(","));
  return reader.take(")") ? columns : "unreadable";
}

function readSet(reader: TokenReader): Statement {
  reader.take("set");
  if (!reader.take("session")) reader.take("local");
  const name = reader.identifier();
  if (!reader.take("=") && !reader.take("to")) return { kind: "nothing" };
  const values: string[] = [];
  do values.push(reader.next()?.text ?? "");
  while (reader.take(","));
  const [value = ""] = values;
  switch (name) {
    case "client_encoding":
      return { kind: "encoding", name: value };
    case "standard_conforming_strings":
      return { kind: "standard strings", on: /^(?:on|true|yes|1)$/i.test(value) };
    case "search_path":
      return { kind: "search path", schemas: values.filter((schema) => schema !== "") };
    default:
      return { kind: "nothing" };
  }
}

function readSelect(reader: TokenReader, context: StatementContext): Statement {
  reader.take("select");
  reader.take("pg_catalog", ".");
  const name = reader.identifier();
  if (!reader.take("(")) return { kind: "nothing" };
  const argument = reader.next()?.text ?? "";
  switch (name) {
    case "setval":
      return readSetval(reader, argument, context);
    case "lo_create":
      return { kind: "large object", doing: "create", oid: argument };
    case "lo_open":
      return { kind: "large object", doing: "open", oid: argument };
    case "set_config":
      if (argument !== "search_path" || !reader.take(",")) return { kind: "nothing" };
      return { kind: "search path", schemas: searchPath(reader.next()?.text ?? "") };
    default:
      return { kind: "nothing" };
  }
}

function searchPath(text: string): string[] {
  const reader = readTokens(text, true);
  const schemas: string[] = [];
  do {
    const schema = reader.identifier();
    if (schema !== undefined) schemas.push(schema);
  } while (reader.take(","));
  return schemas;
}

function readSetval(reader: TokenReader, argument: string, context: StatementContext): Statement {
  const refused: Statement = { kind: "refused", what: "setval() with computed arguments" };
  const name = readName(argument, context.defaultSchema);
  if (!name || !reader.take(",")) return refused;
  const value = reader.next();
  if (!value || !/^[+-]?\d+$/.test(value.text)) return refused;
  const called = reader.take(",") ? reader.next()?.text : "true";
  if (called !== "true" && called !== "false") return refused;
  return {
    kind: "sequence",
    value: { name, lastValue: value.text, isCalled: called === "true" },
  };
}

/** A name as regclass reads it: `public.film`, `"a.b"."C"`. */
function readName(text: string, defaultSchema: string): QualifiedName | undefined {
  const reader = readTokens(text, true);
  const name = reader.qualified(defaultSchema);
  return name && reader.peek() === undefined ? name : undefined;
}
