/** Sources in memory, for what is asked of one beside a comparison. */
import type { DataBlock, DatabaseSource, DumpSource } from "../../src/sources/source.ts";
import { inPublic } from "./schema.ts";

/** A dump with blocks of these tables; `text` is the COPY text of whichever table is read. */
export function dumpOf(
  tables: readonly (string | DataBlock)[],
  { text = "", ...facts }: { readonly text?: string } & Partial<DumpSource> = {},
): DumpSource {
  return {
    kind: "dump",
    provenance: { kind: "dump", display: "a.dump", encoding: "UTF8" },
    ddl: [],
    blocks: tables.map((table) =>
      typeof table === "string" ? { table: inPublic(table), columns: ["id"] } : table,
    ),
    largeObjects: 0,
    digest: async () => undefined,
    lines: async function* () {
      yield Buffer.from(text);
    },
    sequences: async () => [],
    [Symbol.asyncDispose]: async () => undefined,
    ...facts,
  };
}

/** A database that answers every query in the same way, and notes what it was asked. */
export function databaseOf(
  answer: readonly (string | null)[][],
  asked: { text: string; parameters: readonly (string | null)[] }[] = [],
): DatabaseSource {
  return {
    kind: "database",
    provenance: { kind: "database", display: "postgres://localhost/shop", encoding: "UTF8" },
    versionNumber: 150000,
    query: async (text, parameters = []) => {
      asked.push({ text, parameters });
      return answer.map((row) => [...row]);
    },
    queryAll: async () => {
      throw new Error("nobody is expected to ask for a catalog");
    },
    lines: async function* () {},
    prepare: async () => ({ connections: 1, bytes: new Map() }),
    settle: async () => undefined,
    sequences: async () => [],
    [Symbol.asyncDispose]: async () => undefined,
  };
}
