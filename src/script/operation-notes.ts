/**
 * What a DBA wants to know before a script runs: privileges, locks and their effect, volume, what else it makes.
 */
import { formatIdentifier, formatName, nameKey } from "../names.ts";
import type { Operation } from "./deploy.ts";
import { wrap } from "./header.ts";
import type { ScriptInput } from "./scripts.ts";
import type { ScriptTable } from "./table.ts";

/** Lines of a header. */
export function operationNotes(input: ScriptInput, operation: Operation): readonly string[] {
  const { switched, ruled, backups, ledger } = operation;
  const named = (tables: readonly ScriptTable[]) => tables.map(({ label }) => label);
  return [
    ...(input.expectDatabase === undefined
      ? []
      : wrap("database", [`${input.expectDatabase}; any other is refused`])),
    ...wrap("needs", privileges(input, operation)),
    ...lockLines(input, operation),
    ...wrap(
      "defers",
      input.plan.deferred.map(
        ({ table, name }) => `${formatIdentifier(name)} of ${formatName(table)}`,
      ),
    ),
    ...wrap("triggers", headed("off while it runs:", named(switched))),
    ...wrap("rules", headed("off while it runs:", named(ruled))),
    ...wrap("not checked", headed("what triggers may write:", input.triggerWrites.named)),
    ...wrap(
      "backup",
      headed(
        "rows as they were go to",
        backups.map(({ name }) => formatName(name)),
      ),
    ),
    ...(ledger
      ? wrap("ledger", [`${formatName(ledger.ledger)} gets a row`, `checksum ${ledger.checksum}`])
      : []),
    ...volume(operation),
    "takes        as long as in the rehearsal: rowpatch rehearse writes it to rehearsal.json and the report",
  ];
}

function headed(head: string, items: readonly string[]): readonly string[] {
  return items.map((item, index) => (index === 0 ? `${head} ${item}` : item));
}

function privileges(
  { ledger, backupSchema }: ScriptInput,
  { needs }: Operation,
): readonly string[] {
  return [
    ...needs.tables.map(({ table, privileges: rights, locking, owner }) => {
      const all = [...rights, ...(locking ? ["UPDATE to lock it"] : [])];
      return `${table.label} (${owner ? "its owner: " : ""}${all.join(", ")})`;
    }),
    ...needs.read.map((name) => `${formatName(name)} (SELECT)`),
    ...needs.sequences.map((name) => `${formatName(name)} (SELECT, UPDATE)`),
    ...(needs.temporary ? ["TEMPORARY on the database"] : []),
    ...(ledger ? [`${formatName(ledger)} (SELECT, INSERT; CREATE on its schema to make it)`] : []),
    ...(backupSchema === undefined
      ? []
      : [`CREATE on schema ${formatIdentifier(backupSchema)}, or on the database to make it`]),
  ];
}

function lockLines(
  { lockTimeout, statementTimeout, lockTables }: ScriptInput,
  { touched, needs, switched, ruled }: Operation,
): readonly string[] {
  const exclusive = new Set(ruled);
  const others = new Set([
    ...switched,
    ...(lockTables ? touched : []),
    ...touched.filter(({ arbiter, changed }) => !arbiter && changed.counts.insert > 0),
    ...needs.tables.flatMap(({ table, locking }) => (locking ? [table] : [])),
  ]);
  const waits = [
    ...(lockTimeout === "0"
      ? ["waits for locks without limit"]
      : [`waits at most ${lockTimeout} for a lock`]),
    ...(statementTimeout === "0" ? [] : [`gives up a statement after ${statementTimeout}`]),
  ];
  const label = ({ label: name }: ScriptTable) => name;
  return [
    ...wrap("locks", [
      "changed rows: readers go on",
      "writers of the same rows wait until COMMIT",
      ...waits,
    ]),
    ...wrap(
      "locks",
      headed(
        "SHARE ROW EXCLUSIVE (readers go on, all writers wait):",
        [...others].filter((table) => !exclusive.has(table)).map(label),
      ),
    ),
    ...wrap("locks", headed("ACCESS EXCLUSIVE (readers wait too):", [...exclusive].map(label))),
  ];
}

/** Row header and item pointer, and their record in the WAL, roughly. */
const ROW_BYTES = 100;
const ENTRY_BYTES = 80;
const PAGE_BYTES = 8192;

/** Rows that the steps write and the WAL that this takes: at least, and if every page is new to it since the last checkpoint. */
function volume({ steps, touched }: Operation): readonly string[] {
  const byName = new Map(touched.map((table) => [nameKey(table.name), table]));
  let rows = 0;
  let least = 0;
  let most = 0;
  for (const { step } of steps) {
    const table = byName.get(nameKey(step.table));
    if (!table) continue;
    const kind = step.kind === "release" ? "update" : step.kind;
    const { counts, profiles } = table.changed;
    const values = (profiles[kind].bytes / Math.max(1, counts[kind])) * step.count;
    const entries = kind === "delete" ? 0 : step.count * uniqueIndexes(table);
    const bytes = step.count * ROW_BYTES + entries * ENTRY_BYTES + (kind === "delete" ? 0 : values);
    rows += step.count;
    least += bytes;
    most += bytes + (step.count + entries) * PAGE_BYTES;
  }
  return [
    ...wrap("writes", [
      `${rows} row${rows === 1 ? "" : "s"}`,
      `about ${size(least)} of WAL, ${size(most)} if every row falls on a page of its own right after a checkpoint`,
    ]),
    "             (values, 100 bytes a row, 80 for each entry of a unique index; other indexes and TOAST are not counted)",
  ];
}

function uniqueIndexes({ catalog }: ScriptTable): number {
  const keys = catalog.constraints.filter(({ kind }) => kind === "primary" || kind === "unique");
  return keys.length + catalog.uniqueIndexes.length;
}

function size(bytes: number): string {
  if (bytes < 10_000) return `${(bytes / 1000).toFixed(1)} kB`;
  if (bytes < 10_000_000) return `${Math.round(bytes / 1000)} kB`;
  return `${Math.round(bytes / 1_000_000)} MB`;
}
