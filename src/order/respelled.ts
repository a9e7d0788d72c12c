/**
 * Referenced values that get another spelling: rows that refer to them need not be among the changes, and yet PostgreSQL acts on them.
 */
import { foreignKeysTo } from "../catalog/lookup.ts";
import type { Catalog } from "../catalog/types.ts";
import { onlyRespells } from "../changeset/respelling.ts";
import type { Changeset } from "../changeset/types.ts";
import { type Finding, finding } from "../findings.ts";
import { spelledTuple } from "./references.ts";

/** A warning for each foreign key with an action on updates, by table and name. Reads the updates of tables that such keys refer to. */
export async function respelledReferences(
  catalog: Catalog,
  changeset: Changeset,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const changed of changeset.tables) {
    if (changed.counts.update === 0) continue;
    for (const { table: child, foreignKey } of foreignKeysTo(catalog, changed.table)) {
      const { name, onUpdate, referencedColumns } = foreignKey;
      const positions = referencedColumns.map((column) => changed.columns.indexOf(column));
      if (onUpdate === "no action" || positions.includes(-1)) continue;
      const tuple = spelledTuple(catalog, changed.table, referencedColumns);
      let rows = 0;
      for await (const change of changeset.changes(changed.table, "update")) {
        const isWritten =
          change.kind === "update" && positions.some((at) => change.columns.includes(at));
        if (isWritten && onlyRespells(changed, { change, positions }, tuple)) rows += 1;
      }
      if (rows > 0) {
        const facts = { table: child, foreignKey: name, action: onUpdate, rows };
        findings.push(finding({ code: "reference_respelled", ...facts }));
      }
    }
  }
  return findings;
}
