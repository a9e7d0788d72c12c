/**
 * The SQL texts of a table of contents: definitions, sequence values, large objects. Reads no rows.
 */
import { ExpectedError } from "../../errors.ts";
import { decodeText } from "../encoding.ts";
import { scan, startLexing } from "../plain/lexer.ts";
import { standardLiterals } from "../plain/standard-literals.ts";
import { readStatement, type Statement } from "../plain/statement.ts";
import type { DdlStatement, SequenceValue } from "../source.ts";
import { entryPlace, type Toc, type TocEntry } from "./toc.ts";

/** What `readDefinitions` found. */
export interface Definitions {
  readonly ddl: readonly DdlStatement[];
  readonly sequences: readonly SequenceValue[];
  /** Large objects that are created. */
  readonly largeObjects: number;
}

/** Entries whose text is no SQL, or settings that hold for the whole archive. */
const SETTINGS = new Set(["ENCODING", "STDSTRINGS", "SEARCHPATH", "BLOBS", "TABLE DATA"]);

/** Splits the texts of all entries into statements. @throws ExpectedError `dump_damaged`. */
export function readDefinitions(path: string, toc: Toc): Definitions {
  const ddl: DdlStatement[] = [];
  const sequences: SequenceValue[] = [];
  const largeObjects = new Set<string>();
  for (const entry of toc.entries) {
    if (SETTINGS.has(entry.kind)) continue;
    if (entry.kind === "BLOB METADATA") {
      for (const oid of entry.definition.toString("latin1").match(/\d+/g) ?? []) {
        largeObjects.add(oid);
      }
      continue;
    }
    for (const { text, statement } of statements(path, toc, entry)) {
      if (statement.kind === "refused") throw damaged(path, entry, `it holds ${statement.what}`);
      if (statement.kind === "sequence") sequences.push(statement.value);
      if (statement.kind === "large object") largeObjects.add(statement.oid);
      if (statement.kind === "ddl") ddl.push(ddlStatement(toc, entry, text));
    }
  }
  return { ddl, sequences, largeObjects: largeObjects.size };
}

/** Before archives of version 1.13 names were left unqualified where the entry's schema says it. */
function ddlStatement(toc: Toc, { id, schema }: TocEntry, written: string): DdlStatement {
  const place = `TOC entry ${id}`;
  const text = toc.standardStrings ? written : standardLiterals(written);
  const unqualified = toc.header.minor < 13 && schema !== "" && schema !== "public";
  return unqualified ? { text, place, defaultSchema: schema } : { text, place };
}

function* statements(
  path: string,
  { encoding, standardStrings }: Toc,
  entry: TocEntry,
): Generator<{ readonly text: string; readonly statement: Statement }, void, undefined> {
  const bytes = entry.definition;
  const state = startLexing();
  state.standardStrings = standardStrings;
  state.leads = encoding.leads;
  const context = { standardStrings, defaultSchema: entry.schema || "public" };
  for (let at = 0; at < bytes.length; ) {
    const stop = scan(state, { bytes, base: 0, final: true }, at);
    if (stop.kind === "backslash") throw damaged(path, entry, "its text holds a psql command");
    if (stop.kind === "statement") {
      const text = decodeText(encoding, bytes.subarray(stop.start, stop.at));
      yield { text, statement: readStatement(text, stop.words, context) };
    }
    if (stop.kind === "more") {
      if (state.start !== undefined) throw damaged(path, entry, "its text ends within a statement");
      return;
    }
    at = stop.at;
  }
}

function damaged(path: string, entry: TocEntry, reason: string): ExpectedError {
  return new ExpectedError({ code: "dump_damaged", path, where: entryPlace(entry), reason });
}
