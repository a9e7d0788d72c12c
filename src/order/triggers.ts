/**
 * Which triggers the steps of a plan would fire, and the question that they ask of the user. Knows definitions, not what functions do.
 */
import { firingTriggers } from "../catalog/firing.ts";
import { partitionTree, tableByName } from "../catalog/lookup.ts";
import { mentions } from "../catalog/mentions.ts";
import type { Catalog, Table, Trigger } from "../catalog/types.ts";
import type { ChangedTable } from "../changeset/types.ts";
import { type Finding, finding } from "../findings.ts";
import { formatIdentifier, formatName, nameKey, type TableName } from "../names.ts";
import type { Plan } from "./steps.ts";

/** What statements do to a table. */
export interface Written {
  readonly insert: boolean;
  /** The columns that updates name; none without updates. */
  readonly update: ReadonlySet<string>;
  readonly delete: boolean;
}

/** By `nameKey`, for each table that the plan writes: steps, and what foreign keys carry on. Reads the changes that releases have altered. */
export async function writtenTables(
  catalog: Catalog,
  tables: readonly ChangedTable[],
  plan: Plan,
): Promise<ReadonlyMap<string, Written>> {
  const written = new Map<string, Written>();
  for (const changed of tables) {
    const table = tableByName(catalog).get(nameKey(changed.table));
    if (table)
      written.set(nameKey(changed.table), await writtenTo(catalog, { table, changed }, plan));
  }
  return written;
}

async function writtenTo(
  catalog: Catalog,
  { table, changed }: { readonly table: Table; readonly changed: ChangedTable },
  plan: Plan,
): Promise<Written> {
  const own = <T extends { readonly table: TableName }>(items: readonly T[]) =>
    items.filter((item) => nameKey(item.table) === nameKey(table.name));
  const steps = own(plan.steps);
  const update = new Set<string>();
  const add = (position: number) => update.add(changed.columns[position] ?? "");
  for (const step of steps) {
    if (step.kind === "insert" || step.kind === "delete") continue;
    if (step.asCompared) {
      for (const [position, { rows }] of changed.profiles.update.columns.entries())
        if (rows > 0) add(position);
      continue;
    }
    for await (const change of step.changes())
      if (change.kind === "update") for (const position of change.columns) add(position);
  }
  if (own(plan.cascades).length > 0)
    for (const constraint of treeOf(catalog, table).flatMap(({ constraints }) => constraints))
      if (constraint.kind === "foreign") for (const name of constraint.columns) update.add(name);
  const moves = mayMove(catalog, table, update);
  const has = (kind: "insert" | "delete") => moves || steps.some((step) => step.kind === kind);
  return { insert: has("insert"), update, delete: has("delete") };
}

/** Whether updates of these columns may bring rows into another partition: that is a delete and an insert there. */
function mayMove(catalog: Catalog, table: Table, columns: ReadonlySet<string>): boolean {
  return treeOf(catalog, table).some(
    ({ partitionKey = "" }) => mentions(partitionKey, [...columns]).length > 0,
  );
}

function treeOf(catalog: Catalog, table: Table): readonly Table[] {
  const byName = tableByName(catalog);
  return partitionTree(catalog, table.name).flatMap((name) => byName.get(nameKey(name)) ?? []);
}

export interface FiringTrigger {
  readonly table: TableName;
  readonly trigger: Trigger;
}

/** User triggers of the table or one of its partitions that fire in an ordinary session when the table is written so. */
export function triggersFired(
  catalog: Catalog,
  table: Table,
  written: Written | undefined,
): readonly FiringTrigger[] {
  if (!written) return [];
  const generated = table.columns.flatMap((column) => (column.generated ? [column.name] : []));
  return firingTriggers(catalog, table).filter(({ trigger }) => {
    const { events, definition } = trigger;
    const named = updateColumns(definition);
    // A generated column changes with those that it is made of.
    const isNamed = (column: string) => written.update.has(column) || generated.includes(column);
    return (
      (events.includes("insert") && written.insert) ||
      (events.includes("delete") && written.delete) ||
      (events.includes("update") && written.update.size > 0 && (!named || named.some(isNamed)))
    );
  });
}

const NAME = String.raw`(?:"(?:[^"]|"")+"|[^\s",]+)`;
const UPDATE_OF = new RegExp(
  `^CREATE (?:CONSTRAINT )?TRIGGER ${NAME} (?:BEFORE|AFTER) (?:(?:INSERT|DELETE) OR )*UPDATE OF (${NAME}(?:, ${NAME})*) (?:OR|ON) `,
);

/** The columns of UPDATE OF in a definition as PostgreSQL prints it; undefined where it names none, or cannot be read. */
function updateColumns(definition: string): readonly string[] | undefined {
  const list = UPDATE_OF.exec(definition)?.[1];
  return list
    ?.match(new RegExp(NAME, "g"))
    ?.map((name) => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name));
}

/** The question of each table whose triggers would fire, in deploy or only on the way back, or what follows from the answer. */
export async function triggerFindings(
  catalog: Catalog,
  tables: readonly ChangedTable[],
  asked: {
    readonly plans: { readonly deploy: Plan; readonly revert: Plan };
    readonly answer: "fire" | "disable" | undefined;
  },
): Promise<readonly Finding[]> {
  const { plans, answer } = asked;
  const deploy = await writtenTables(catalog, tables, plans.deploy);
  const revert = await writtenTables(catalog, tables, plans.revert);
  const code = answer === undefined ? "triggers" : CODES[answer];
  return tables.flatMap(({ table: name }) => {
    const table = tableByName(catalog).get(nameKey(name));
    if (!table) return [];
    const label = ({ table: of, trigger }: FiringTrigger) =>
      `${formatIdentifier(trigger.name)} of ${formatName(of)}`;
    const there = triggersFired(catalog, table, deploy.get(nameKey(name))).map(label);
    const back = triggersFired(catalog, table, revert.get(nameKey(name)))
      .map(label)
      .filter((trigger) => !there.includes(trigger))
      .map((trigger) => `${trigger} in revert.sql`);
    const triggers = [...there, ...back];
    return triggers.length > 0 ? [finding({ code, table: name, triggers })] : [];
  });
}

const CODES = { fire: "triggers_fire", disable: "triggers_off" } as const;
