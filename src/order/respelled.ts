/**
 * Referenced values that get another spelling: rows that refer to them need not be among the changes, and yet PostgreSQL acts on them.
 */
import { foreignKeysTo, tableByName } from "../catalog/lookup.ts";
import type { Catalog } from "../catalog/types.ts";
import type { Changeset } from "../changeset/types.ts";
import { valueAfter, valueBefore } from "../compare/change.ts";
import { type Finding, finding } from "../findings.ts";
import { nameKey } from "../names.ts";
import { spellingOf } from "./unique-rules.ts";

/** A warning for each foreign key with an action on updates, by table and name. Reads the updates of tables that such keys refer to. */
export async function respelledReferences(
  catalog: Catalog,
  changeset: Changeset,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const changed of changeset.tables) {
    const table = tableByName(catalog).get(nameKey(changed.table));
    if (!table || changed.counts.update === 0) continue;
    for (const { table: child, foreignKey } of foreignKeysTo(catalog, changed.table)) {
      const { name, onUpdate, referencedColumns } = foreignKey;
      const columns = referencedColumns.flatMap((column) => {
        const spell = spellingOf(catalog, table, column);
        const position = changed.columns.indexOf(column);
        return typeof spell === "function" && position >= 0 ? [{ position, spell }] : [];
      });
      if (onUpdate === "no action" || columns.length === 0) continue;
      let rows = 0;
      for await (const change of changeset.changes(changed.table, "update")) {
        const isRespelled = columns.some(({ position, spell }) => {
          const [before, after] = [valueBefore(change, position), valueAfter(change, position)];
          if (typeof before !== "string" || typeof after !== "string" || before === after)
            return false;
          return spell(before) === spell(after);
        });
        if (isRespelled) rows += 1;
      }
      if (rows > 0) {
        const facts = { table: child, foreignKey: name, action: onUpdate, rows };
        findings.push(finding({ code: "reference_respelled", ...facts }));
      }
    }
  }
  return findings;
}
