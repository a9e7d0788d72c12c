/**
 * Random tables and foreign keys.
 */
import { quoteIdentifier } from "../../src/names.ts";
import type { Choice } from "./choice.ts";
import { randomRules } from "./rules.ts";
import { TYPES, typeOf } from "./types.ts";
import {
  columnsOf,
  type RandomColumn,
  type RandomReference,
  type RandomTable,
  type World,
} from "./world.ts";

/** What the server of the run can do. */
export interface Abilities {
  /** E.g. 150018. */
  readonly version: number;
}

const NASTY = [
  ...["Select", "a b", 'q"uote', "it's", "back\\slash", "x;--", "$tag$", ":var", "new\nline"],
  ...["über", "%s", "/*", "`id`", "tab\tbed", "user", "Order", "1st", "%1$I", "want", "t", "row"],
];
const KEY_TYPES = [
  ...["int4", "int4", "int4", "int8", "int2", "text", "varchar", "uuid", "numeric", "citext"],
  ...["date", "timestamptz", "mood", "posint", "bytea", "caseless", "char", "inet", "label"],
  ...["float8", "interval", "varbit", "name", "ints", "numeric82", "timestamp"],
];
const NAMES = Object.keys(TYPES);

/** Tables with keys, rules and references between them. */
export function randomTables(
  choice: Choice,
  abilities: Abilities,
): Pick<World, "tables" | "references"> {
  const tables: RandomTable[] = [];
  const count = choice.between(1, 4);
  for (let n = 1; n <= count; n += 1) tables.push(randomTable(choice, n));
  const [first] = tables;
  if (first && choice.chance(15)) tables.push(heir(choice, first, tables.length + 1));
  const references: RandomReference[] = [];
  for (let n = choice.between(0, count + 2); n > 0; n -= 1)
    addReference(choice, tables, references);
  return {
    tables: tables.map((table) => ({
      ...table,
      rules: randomRules(choice, { tables, table }, abilities),
    })),
    references,
  };
}

function randomTable(choice: Choice, n: number): RandomTable {
  const taken = new Set<string>();
  const identifier = (plain: string) => nameOf(choice, plain, taken);
  const partitioned = choice.chance(20);
  const keyLength = choice.pick([1, 1, 1, 2, 2, 3]);
  const key = Array.from({ length: keyLength }, (_, k) =>
    column(identifier(`k${k + 1}`), choice.pick(KEY_TYPES), true),
  );
  const others = Array.from({ length: choice.between(1, 5) }, (_, k) =>
    column(identifier(`c${k + 1}`), choice.pick(NAMES), choice.chance(25)),
  );
  const [only] = key;
  if (only && keyLength === 1 && /^int[248]$/.test(only.type) && choice.chance(60))
    key[0] = { ...only, ...numbered(choice) };
  else if (choice.chance(8))
    others.push({ ...column(identifier("number"), "int4", true), ...numbered(choice) });
  if (choice.chance(20))
    others.push({ ...column(identifier("filled"), "text", true), default: "it's \\ default" });
  const source = [...key, ...others].find(({ type }) => typeOf(type).expressions);
  if (source && choice.chance(25)) {
    const { sql, type } = choice.pick(typeOf(source.type).expressions ?? []);
    const generated = sql.replaceAll("$", () => quoteIdentifier(source.name));
    others.push({ ...column(identifier("made"), type || source.type, false), generated });
  }
  const partition = partitioned ? randomPartition(choice, key) : undefined;
  const table: RandomTable = {
    id: `t${n}`,
    // Patterns for --key would read some characters of nasty names as globs.
    name: partition
      ? { schema: "public", name: `parted${n}` }
      : {
          schema: choice.chance(20) ? 'Odd "schema' : "public",
          name: choice.chance(30) ? `${choice.pick(NASTY)} ${n}` : `t${n}`,
        },
    columns: [...key, ...others],
    key: key.map(({ name }) => name),
    keyKind: choice.chance(10) ? "deferrable" : choice.chance(10) ? "unique" : "primary",
    rules: [],
  };
  if (!partition) return table;
  if (!choice.chance(40)) return { ...table, partition };
  // Without an index on the key, rows move between partitions and stay the same rows.
  const region = column("region", "int4", choice.chance(50));
  return {
    ...table,
    columns: [...table.columns, region],
    keyKind: "named",
    partition: { by: choice.pick(["list", "range"]), column: region.name },
  };
}

function column(name: string, type: string, notNull: boolean): RandomColumn {
  return { name, type, notNull };
}

function numbered(choice: Choice): Partial<RandomColumn> {
  return choice.pick<Partial<RandomColumn>>([
    { identity: "ALWAYS" },
    { identity: "BY DEFAULT" },
    { serial: true },
  ]);
}

function nameOf(choice: Choice, plain: string, taken: Set<string>): string {
  const name = choice.chance(20) ? choice.pick(NASTY) : plain;
  const free = taken.has(name) ? `${plain}_` : name;
  taken.add(free);
  return free;
}

function randomPartition(choice: Choice, key: readonly RandomColumn[]): RandomTable["partition"] {
  const numeric = key.find(({ type, identity }) => type === "int4" && !identity);
  const [first] = key;
  if (numeric) return { by: choice.pick(["hash", "range", "list"]), column: numeric.name };
  const hashable =
    first &&
    ![
      "caseless",
      "citext",
      "name",
      "ints",
      "bit varying",
      "bit(4)",
      "bit",
      "varbit",
      "money",
    ].includes(first.type);
  return first && hashable ? { by: "hash", column: first.name } : undefined;
}

/** A table that inherits from another. */
function heir(choice: Choice, parent: RandomTable, n: number): RandomTable {
  if (parent.partition) return randomTable(choice, n);
  return {
    id: `t${n}`,
    name: { schema: "public", name: `heir of ${n}` },
    columns: [column("own", choice.pick(NAMES), false)],
    key: parent.key,
    keyKind: "primary",
    inherits: parent.id,
    rules: [],
  };
}

/** Adds a foreign key, with columns of its own in the child. */
function addReference(choice: Choice, tables: RandomTable[], references: RandomReference[]): void {
  const parents = tables.filter(({ keyKind }) => keyKind === "primary" || keyKind === "unique");
  if (parents.length === 0) return;
  const parent = choice.pick(parents);
  const child = choice.chance(25) ? parent : choice.pick(tables);
  const referenced = parent.key.flatMap(
    (name) => columnsOf({ tables }, parent).find((found) => found.name === name) ?? [],
  );
  const number = references.length + 1;
  const notNull = choice.chance(30);
  const added = referenced.map(({ type }, n) => column(`r${number}_${n + 1}`, type, notNull));
  const columns = added.map(({ name }) => name);
  const unkeyed = !tables.some(({ inherits }) => inherits === child.id) && !child.inherits;
  const intoKey =
    unkeyed &&
    child !== parent &&
    !child.partition &&
    child.key.length + columns.length <= 3 &&
    !references.some((reference) => reference.parent === child.id) &&
    choice.chance(20);
  const changed: RandomTable = {
    ...child,
    columns: [...child.columns, ...added.map((own) => (intoKey ? { ...own, notNull: true } : own))],
    key: intoKey ? [...child.key, ...columns] : child.key,
  };
  tables[tables.indexOf(child)] = changed;
  const full = columns.length > 1 && choice.chance(30);
  references.push({
    name: choice.chance(15) ? `fk "${number}` : `fk_${number}`,
    child: child.id,
    columns,
    parent: parent.id,
    referenced: parent.key,
    full,
    actions: actionsOf(choice),
  });
}

const ACTIONS = [
  "NO ACTION",
  "NO ACTION",
  "RESTRICT",
  "CASCADE",
  "CASCADE",
  "SET NULL",
  "SET DEFAULT",
];

function actionsOf(choice: Choice): string {
  const deferrable = choice.pick([
    ...["", "", "", " DEFERRABLE", " DEFERRABLE INITIALLY DEFERRED"],
  ]);
  return `ON DELETE ${choice.pick(ACTIONS)} ON UPDATE ${choice.pick(ACTIONS)}${deferrable}`;
}
