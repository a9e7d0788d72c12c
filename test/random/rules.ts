/**
 * Random unique, exclusion and check constraints and unique indexes of a table.
 */
import { quoteIdentifier } from "../../src/names.ts";
import type { Choice } from "./choice.ts";
import type { Abilities } from "./schema.ts";
import { over, typeOf } from "./types.ts";
import { columnsOf, list, type RandomColumn, type RandomRule, type RandomTable } from "./world.ts";

interface Place {
  readonly tables: readonly RandomTable[];
  readonly table: RandomTable;
}

type Nameless = Omit<RandomRule, "name">;

/** Up to four; a partitioned table takes checks alone. */
export function randomRules(
  choice: Choice,
  { tables, table }: Place,
  abilities: Abilities,
): readonly RandomRule[] {
  const columns = columnsOf({ tables }, table);
  const makers = table.partition
    ? [check]
    : [unique, unique, partial, partial, expression, expression, exclusion, check];
  const rules: RandomRule[] = [];
  for (let n = choice.between(0, 4); n > 0; n -= 1) {
    const rule = choice.pick(makers)(choice, columns, abilities);
    if (!rule) continue;
    const name = `${table.id} ${rule.kind} ${n}`;
    rules.push({ ...rule, name });
  }
  return rules;
}

type Maker = (
  choice: Choice,
  columns: readonly RandomColumn[],
  abilities: Abilities,
) => Nameless | undefined;

const indexed = (columns: readonly RandomColumn[]) =>
  columns.filter(({ type }) => typeOf(type).indexed);

const unique: Maker = (choice, columns, { version }) => {
  const chosen = choice.some(indexed(columns), choice.pick([1, 1, 2]));
  if (chosen.length === 0) return undefined;
  const names = chosen.map(({ name }) => name);
  const nulls = version >= 150000 && choice.chance(25) ? "NULLS NOT DISTINCT " : "";
  const deferrable = choice.chance(20)
    ? choice.pick([" DEFERRABLE", " DEFERRABLE INITIALLY DEFERRED"])
    : "";
  const same = nulls === "" ? "=" : "IS NOT DISTINCT FROM";
  const broken = names.map(
    (name) => `a.${quoteIdentifier(name)} ${same} b.${quoteIdentifier(name)}`,
  );
  const rule: Nameless = {
    kind: "unique",
    columns: names,
    sql: `UNIQUE ${nulls}(${list(names)})${deferrable}`,
    referable: deferrable === "",
  };
  return deferrable === "" ? rule : { ...rule, broken: broken.join(" AND ") };
};

const partial: Maker = (choice, columns, { version }) => {
  const [chosen] = choice.some(indexed(columns), 1);
  const [other] = choice.some(columns, 1);
  if (!chosen || !other) return undefined;
  const name = quoteIdentifier(other.name);
  const condition =
    other.type === "bool"
      ? name
      : other.type === "int4"
        ? `${name} > 5`
        : `${name} IS ${choice.pick(["NULL", "NOT NULL"])}`;
  const nulls = version >= 150000 && choice.chance(20) ? " NULLS NOT DISTINCT" : "";
  return {
    kind: "index",
    columns: [...new Set([chosen.name, other.name])],
    sql: `(${list([chosen.name])})${nulls} WHERE ${condition}`,
    referable: false,
  };
};

const expression: Maker = (choice, columns) => {
  const [chosen] = choice.some(
    columns.filter(({ type }) => typeOf(type).expressions),
    1,
  );
  if (!chosen) return undefined;
  const { sql } = choice.pick(typeOf(chosen.type).expressions ?? []);
  const [other] = choice.chance(40) ? choice.some(indexed(columns), 1) : [];
  const more = other ? `, ${quoteIdentifier(other.name)}` : "";
  return {
    kind: "index",
    columns: [...new Set([chosen.name, ...(other ? [other.name] : [])])],
    sql: `((${over(sql, quoteIdentifier(chosen.name))})${more})`,
    referable: false,
  };
};

/** Rows that must not overlap, or not be equal. */
const OPERATORS: Readonly<Record<string, string>> = {
  int4range: "&&",
  numrange: "&&",
  tstzrange: "&&",
  int4: "=",
  text: "=",
  date: "=",
};

const exclusion: Maker = (choice, columns) => {
  const [chosen] = choice.some(
    columns.filter(({ type }) => OPERATORS[type]),
    1,
  );
  if (!chosen) return undefined;
  const operator = OPERATORS[chosen.type] ?? "=";
  const [other] = choice.chance(40)
    ? choice.some(
        columns.filter(({ type, name }) => type === "int4" && name !== chosen.name),
        1,
      )
    : [];
  const elements = [chosen, ...(other ? [other] : [])].map(({ name, type }) => ({
    name: quoteIdentifier(name),
    operator: type === "int4" ? "=" : operator,
  }));
  const deferrable = choice.chance(25) ? " DEFERRABLE" : "";
  const rule: Nameless = {
    kind: "exclusion",
    columns: [chosen.name, ...(other ? [other.name] : [])],
    sql: `EXCLUDE USING gist (${elements.map((part) => `${part.name} WITH ${part.operator}`).join(", ")})${deferrable}`,
    referable: false,
  };
  const broken = elements.map((part) => `a.${part.name} ${part.operator} b.${part.name}`);
  return deferrable === "" ? rule : { ...rule, broken: broken.join(" AND ") };
};

const check: Maker = (choice, columns) => {
  const [first, second] = choice.some(
    columns.filter(({ generated }) => generated === undefined),
    2,
  );
  if (!first) return undefined;
  const name = quoteIdentifier(first.name);
  if (first.type === "int4")
    return { kind: "check", columns: [first.name], sql: `CHECK (${name} <> 13)`, referable: false };
  if (!second) return undefined;
  return {
    kind: "check",
    columns: [first.name, second.name],
    sql: `CHECK (${name} IS NOT NULL OR ${quoteIdentifier(second.name)} IS NOT NULL)`,
    referable: false,
  };
};
