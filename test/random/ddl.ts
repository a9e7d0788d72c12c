/**
 * Statements that make a random schema.
 */
import { quoteIdentifier, quoteName } from "../../src/names.ts";
import { typeOf } from "./types.ts";
import {
  list,
  type RandomColumn,
  type RandomReference,
  type RandomTable,
  tableOf,
  text,
  type World,
} from "./world.ts";

/** Tables first, then rules, then foreign keys. */
export function schemaSql(world: World): readonly string[] {
  const parents = world.tables.filter(({ inherits }) => inherits === undefined);
  const heirs = world.tables.filter(({ inherits }) => inherits !== undefined);
  return [
    ...[...parents, ...heirs].flatMap((table) => tableSql(world, table)),
    ...world.tables.flatMap(ruleSql),
    ...world.references.flatMap((reference) => referenceSql(world, reference)),
  ];
}

function tableSql(world: World, table: RandomTable): readonly string[] {
  const name = quoteName(table.name);
  const parent = table.inherits === undefined ? undefined : tableOf(world, table.inherits);
  const keyword = table.keyKind === "unique" ? "UNIQUE" : "PRIMARY KEY";
  const deferrable = table.keyKind === "deferrable" ? " DEFERRABLE" : "";
  const key = table.keyKind === "named" ? [] : [`${keyword} (${list(table.key)})${deferrable}`];
  const parts = [...table.columns.map(columnSql), ...key];
  const { partition } = table;
  const tail = partition
    ? ` PARTITION BY ${partition.by} (${quoteIdentifier(partition.column)})`
    : parent
      ? ` INHERITS (${quoteName(parent.name)})`
      : "";
  return [`CREATE TABLE ${name} (\n  ${parts.join(",\n  ")})${tail}`, ...partitionSql(table)];
}

function columnSql(column: RandomColumn): string {
  const { name, type, notNull, generated, identity, serial } = column;
  const sql = serial ? type.replace("int", "serial") : typeOf(type).sql;
  return [
    `${quoteIdentifier(name)} ${sql}`,
    ...(notNull ? ["NOT NULL"] : []),
    ...(column.default === undefined ? [] : [`DEFAULT ${text(column.default)}`]),
    ...(generated === undefined ? [] : [`GENERATED ALWAYS AS (${generated}) STORED`]),
    ...(identity === undefined ? [] : [`GENERATED ${identity} AS IDENTITY`]),
  ].join(" ");
}

const BOUNDS = {
  hash: ["WITH (MODULUS 2, REMAINDER 0)", "WITH (MODULUS 2, REMAINDER 1)"],
  list: ["IN (1, 2, 3)", "IN (4, 5, NULL)"],
  range: ["FROM (MINVALUE) TO (5)", "FROM (5) TO (12)"],
} as const;

function partitionSql({ name, partition }: RandomTable): readonly string[] {
  if (!partition) return [];
  const bounds = [
    ...BOUNDS[partition.by].map((bound) => `FOR VALUES ${bound}`),
    ...(partition.by === "hash" ? [] : ["DEFAULT"]),
  ];
  return bounds.map(
    (bound, n) =>
      `CREATE TABLE ${quoteName({ ...name, name: `${name.name}_${n}` })} PARTITION OF ${quoteName(name)} ${bound}`,
  );
}

function ruleSql({ name: table, rules }: RandomTable): readonly string[] {
  return rules.map(({ kind, name, sql }) =>
    kind === "index"
      ? `CREATE UNIQUE INDEX ${quoteIdentifier(name)} ON ${quoteName(table)} ${sql}`
      : `ALTER TABLE ${quoteName(table)} ADD CONSTRAINT ${quoteIdentifier(name)} ${sql}`,
  );
}

function referenceSql(world: World, reference: RandomReference): readonly string[] {
  const [child, parent] = [tableOf(world, reference.child), tableOf(world, reference.parent)];
  if (!child || !parent) return [];
  const match = reference.full ? " MATCH FULL" : "";
  return [
    `ALTER TABLE ${quoteName(child.name)} ADD CONSTRAINT ${quoteIdentifier(reference.name)} FOREIGN KEY (${list(reference.columns)}) REFERENCES ${quoteName(parent.name)} (${list(reference.referenced)})${match} ${reference.actions}`,
  ];
}
