/**
 * What a changeset is recognised by, whoever made it and when: the same in deploy and revert.
 */
import { createHash } from "node:crypto";
import { encodedChanges } from "../changeset/encoded.ts";
import type { Changeset } from "../changeset/types.ts";

/** SHA-256 in hexadecimal of all changes with their tables, columns and keys. Reads every change once. */
export async function checksumOf(changeset: Changeset): Promise<string> {
  const hash = createHash("sha256");
  for (const table of changeset.tables) {
    hash.update(`${JSON.stringify([table.table, table.columns, table.key])}\n`);
    const changes = changeset.changes(table.table);
    for await (const lines of encodedChanges(table, changes, changeset.longTexts))
      hash.update(lines);
  }
  return hash.digest("hex");
}
