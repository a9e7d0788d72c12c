/**
 * What a deploy that met a production which had moved on may leave behind, told from the rows alone.
 */
import { quoteIdentifier } from "../../src/names.ts";
import { execute } from "../support/postgres.ts";
import { over, typeOf } from "./types.ts";
import { columnsOf, target, text, type World, writable } from "./world.ts";

/** A row: text by column, null for NULL. */
type Cells = Readonly<Record<string, string | null>>;

/** Rows by key, by table id. */
export type Content = ReadonlyMap<string, ReadonlyMap<string, Cells>>;

/** Reads every table of a world, without what is generated. */
export async function contentOf(world: World, url: string): Promise<Content> {
  const selects = world.tables.map((table) => {
    const cells = writable(world, table).map(
      ({ name }) => `${text(name)}, format('%s', r.${quoteIdentifier(name)})`,
    );
    const nulls = writable(world, table).map(
      ({ name }) => `CASE WHEN num_nulls(r.${quoteIdentifier(name)}) = 1 THEN ${text(name)} END`,
    );
    const key = columnsOf(world, table)
      .filter(({ name }) => table.key.includes(name))
      .map(({ name, type }) =>
        over(typeOf(type).canonical ?? "format('%s', $)", `r.${quoteIdentifier(name)}`),
      );
    return `SELECT ${text(table.id)}, json_build_array(${key.join(", ")})::text, json_build_object(${cells.join(", ")})::text, to_json(array_remove(ARRAY[${nulls.join(", ")}], NULL))::text FROM ${target(table)} AS r`;
  });
  const content = new Map<string, Map<string, Cells>>(
    world.tables.map(({ id }) => [id, new Map()]),
  );
  const rows = await execute(
    url,
    `SET search_path = public; SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = postgres; ${selects.join(" UNION ALL ")}`,
  );
  for (const [id, key, cells, nulls] of rows) {
    const empty = JSON.parse(nulls ?? "[]").map((name: string) => [name, null]);
    const row = { ...JSON.parse(cells ?? "{}"), ...Object.fromEntries(empty) };
    content.get(id ?? "")?.set(key ?? "", row);
  }
  return content;
}

/** The four states of one table. */
interface States {
  readonly production: Content;
  readonly local: Content;
  /** Production when deploy began. */
  readonly drifted: Content;
  /** After a deploy that said it succeeded. */
  readonly result: Content;
}

/** What a successful deploy on drifted production got wrong, one line each. */
export function wrongs(world: World, states: States): readonly string[] {
  return world.tables.flatMap(({ id }) => {
    const of = (content: Content) => content.get(id) ?? new Map<string, Cells>();
    const [production, local] = [of(states.production), of(states.local)];
    const [drifted, result] = [of(states.drifted), of(states.result)];
    const keys = new Set([production, local, drifted, result].flatMap((rows) => [...rows.keys()]));
    return [...keys].flatMap((key) => {
      const wrong = wrongRow(
        { before: production.get(key), after: local.get(key) },
        drifted.get(key),
        result.get(key),
      );
      return wrong === undefined ? [] : [`${id} ${key}: ${wrong}`];
    });
  });
}

interface Reviewed {
  readonly before: Cells | undefined;
  readonly after: Cells | undefined;
}

function wrongRow(
  { before, after }: Reviewed,
  drifted: Cells | undefined,
  result: Cells | undefined,
): string | undefined {
  if (!before || !after) {
    if (!before && !after)
      return same(drifted, result) ? undefined : "a row that came later is lost";
    if (!same(result, after)) return "not as in local";
    return same(drifted, before) || same(drifted, after)
      ? undefined
      : "a row that drifted was written over";
  }
  const changed = Object.keys(before).filter((name) => before[name] !== after[name]);
  if (changed.length === 0)
    return same(drifted, result) ? undefined : "a row that was not reviewed changed";
  if (!drifted || !result) return "a reviewed row is gone";
  const lost = changed.find((name) => result[name] !== after[name]);
  if (lost !== undefined) return `${lost} is not as in local`;
  const over = changed.find(
    (name) => drifted[name] !== before[name] && drifted[name] !== after[name],
  );
  if (over !== undefined) return `${over} had drifted and was written over`;
  const others = Object.keys(before).filter((name) => !changed.includes(name));
  return others.every((name) => drifted[name] === result[name])
    ? undefined
    : "an edit meanwhile is lost";
}

function same(a: Cells | undefined, b: Cells | undefined): boolean {
  if (!a || !b) return a === b;
  return Object.keys(a).every((name) => a[name] === b[name]);
}

/** Whether some of the changes were made already and others not: deploy must be told to take that. */
export function isMixed(
  world: World,
  { production, local, drifted }: Omit<States, "result">,
): boolean {
  const made = world.tables.flatMap(({ id }) => {
    const keys = new Set(
      [production, local].flatMap((content) => [...(content.get(id)?.keys() ?? [])]),
    );
    return [...keys].flatMap((key) => {
      const [before, after] = [production.get(id)?.get(key), local.get(id)?.get(key)];
      if (same(before, after)) return [];
      const now = drifted.get(id)?.get(key);
      if (!before || !after || !now) return [same(now, after)];
      return [
        Object.keys(before).every(
          (name) => before[name] === after[name] || now[name] === after[name],
        ),
      ];
    });
  });
  return made.includes(true) && made.includes(false);
}
