/**
 * Random edits: what fills production, what is done to local, what happens to production meanwhile.
 */
import type { Choice } from "./choice.ts";
import { choiceOf } from "./choice.ts";
import { type Abilities, randomTables } from "./schema.ts";
import { typeOf } from "./types.ts";
import {
  columnsOf,
  type Edit,
  type RandomColumn,
  type RandomRow,
  type RandomTable,
  type World,
  writable,
} from "./world.ts";

type Tables = Pick<World, "tables" | "references">;

/** The world of a seed. */
export function randomWorld(seed: number, abilities: Abilities): World {
  const choice = choiceOf(seed);
  const made = randomTables(choice, abilities);
  const data: Edit[] = [];
  for (let n = choice.between(2, 6); n > 0; n -= 1) data.push(rowsInAll(choice, made));
  for (const table of made.tables)
    for (let n = choice.between(1, 7); n > 0; n -= 1) data.push(oneRow(choice, made, table));
  const edits = (count: number) => Array.from({ length: count }, () => randomEdit(choice, made));
  return {
    seed,
    ...made,
    data,
    edits: edits(choice.between(2, 12)),
    drift: edits(choice.between(1, 4)),
  };
}

/** A row in every table, so that rows which need each other can come together. */
function rowsInAll(choice: Choice, made: Tables): Edit {
  const rows = made.tables.map((table) => randomRow(choice, made, table));
  return { kind: "insert", salt: choice.salt(), rows };
}

function oneRow(choice: Choice, made: Tables, table: RandomTable): Edit {
  return { kind: "insert", salt: choice.salt(), rows: [randomRow(choice, made, table)] };
}

function randomRow(choice: Choice, made: Tables, table: RandomTable): RandomRow {
  const empty = made.references
    .filter(({ child }) => child === table.id)
    .flatMap(({ columns }) => (choice.chance(25) ? columns : []));
  const values = writable(made, table).map((column): [string, string | null] => [
    column.name,
    !column.notNull && empty.includes(column.name) ? null : randomValue(choice, column),
  ]);
  return { table: table.id, values: Object.fromEntries(values) };
}

function randomValue(choice: Choice, column: RandomColumn): string | null {
  if (!column.notNull && choice.chance(15)) return null;
  return choice.pick(typeOf(column.type).values);
}

type Maker = (choice: Choice, made: Tables, table: RandomTable) => Edit | undefined;

function randomEdit(choice: Choice, made: Tables): Edit {
  const table = choice.pick(made.tables);
  return choice.pick(MAKERS)(choice, made, table) ?? oneRow(choice, made, table);
}

const update: Maker = (choice, made, table) => {
  const columns = writable(made, table).filter(({ name }) => !table.key.includes(name));
  const chosen = choice.some(columns, choice.pick([1, 1, 2, 3]));
  const values = chosen.map((column) => [column.name, randomValue(choice, column)]);
  const row = { table: table.id, values: Object.fromEntries(values) };
  return {
    kind: "update",
    salt: choice.salt(),
    row,
    count: choice.between(1, 3),
    free: choice.chance(30),
  };
};

/** Another key for a row: its children follow, or find other parents. */
const rekey: Maker = (choice, made, table) => {
  const columns = columnsOf(made, table).filter(({ name }) => table.key.includes(name));
  const chosen = choice.some(columns, 1);
  const values = chosen.map((column) => [column.name, randomValue(choice, column)]);
  const row = { table: table.id, values: Object.fromEntries(values) };
  return { kind: "update", salt: choice.salt(), row, count: 1, free: choice.chance(50) };
};

const remove: Maker = (choice, _made, table) => ({
  kind: "delete",
  salt: choice.salt(),
  table: table.id,
  count: choice.between(1, 3),
  free: choice.chance(50),
});

const rotate: Maker = (choice, made, table) => {
  const ruled = table.rules.filter(({ kind }) => kind !== "check").map(({ columns }) => columns);
  const columns = writable(made, table);
  const names = ruled.length > 0 ? choice.pick(ruled) : [choice.pick(columns).name];
  const chosen = columns.filter(({ name }) => names.includes(name));
  if (chosen.length === 0) return undefined;
  const edit = {
    kind: "rotate" as const,
    salt: choice.salt(),
    table: table.id,
    columns: chosen.map(({ name }) => name),
    count: choice.between(2, 4),
  };
  if (!choice.chance(30)) return edit;
  const fresh = chosen.map((column) => [column.name, randomValue(choice, column)]);
  return { ...edit, fresh: Object.fromEntries(fresh) };
};

const take: Maker = (choice, made, table) => {
  const columns = columnsOf(made, table).filter(({ name }) => table.key.includes(name));
  const values = columns.map((column) => [column.name, choice.pick(typeOf(column.type).values)]);
  return {
    kind: "take",
    salt: choice.salt(),
    row: { table: table.id, values: Object.fromEntries(values) },
  };
};

const rewire: Maker = (choice, made, table) => {
  const own = made.references.filter(({ child }) => child === table.id);
  if (own.length === 0) return undefined;
  const { name } = choice.pick(own);
  return { kind: "rewire", salt: choice.salt(), reference: name, count: choice.between(1, 3) };
};

const respell: Maker = (choice, made, table) => {
  const columns = columnsOf(made, table).filter(({ type }) => typeOf(type).respelled);
  if (columns.length === 0) return undefined;
  const column = choice.pick(columns).name;
  return { kind: "respell", salt: choice.salt(), table: table.id, column, count: 2 };
};

const MAKERS: readonly Maker[] = [
  ...[oneRow, oneRow, (choice: Choice, made: Tables) => rowsInAll(choice, made)],
  ...[update, update, update, rekey, remove, remove, rotate, rotate, rotate, take, rewire, respell],
];
