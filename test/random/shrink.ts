/**
 * Takes pieces away from a world that fails for as long as it goes on failing.
 */
import type { Edit, RandomTable, World } from "./world.ts";

/** The smallest world found that fails in the same way, until `deadline` (milliseconds since 1970). */
export async function shrink(
  world: World,
  fails: (world: World) => Promise<boolean>,
  deadline: number,
): Promise<World> {
  let smallest = world;
  for (;;) {
    const smaller = await firstFailing(smallest, fails, deadline);
    if (!smaller) return smallest;
    smallest = smaller;
  }
}

async function firstFailing(
  world: World,
  fails: (world: World) => Promise<boolean>,
  deadline: number,
): Promise<World | undefined> {
  for (const candidate of candidates(world)) {
    if (Date.now() > deadline) return undefined;
    if (await fails(candidate)) return candidate;
  }
  return undefined;
}

/** Worlds with a piece less, the largest pieces first. */
function* candidates(world: World): Generator<World> {
  for (const part of ["drift", "edits", "data"] as const)
    if (world[part].length > 0) yield { ...world, [part]: [] };
  for (const { id } of world.tables) if (world.tables.length > 1) yield withoutTable(world, id);
  for (const part of ["drift", "edits", "data"] as const)
    for (const left of halves(world[part])) yield { ...world, [part]: left };
  for (const part of ["drift", "edits", "data"] as const)
    for (const edit of world[part])
      yield { ...world, [part]: world[part].filter((other) => other !== edit) };
  for (const reference of world.references)
    yield { ...world, references: world.references.filter((other) => other !== reference) };
  for (const table of world.tables) {
    for (const rule of table.rules)
      yield withTable(world, { ...table, rules: table.rules.filter((other) => other !== rule) });
    for (const { name } of table.columns)
      if (!table.key.includes(name)) yield withoutColumn(world, table, name);
  }
}

function halves(edits: readonly Edit[]): readonly (readonly Edit[])[] {
  if (edits.length < 4) return [];
  const middle = edits.length >> 1;
  return [edits.slice(middle), edits.slice(0, middle)];
}

function withoutTable(world: World, id: string): World {
  const gone = new Set([id]);
  for (const table of world.tables) if (gone.has(table.inherits ?? "")) gone.add(table.id);
  return {
    ...world,
    tables: world.tables.filter((table) => !gone.has(table.id)),
    references: world.references.filter(
      ({ child, parent }) => !gone.has(child) && !gone.has(parent),
    ),
  };
}

function withTable(world: World, changed: RandomTable): World {
  return {
    ...world,
    tables: world.tables.map((table) => (table.id === changed.id ? changed : table)),
  };
}

function withoutColumn(world: World, table: RandomTable, name: string): World {
  const tables = world.tables.map((other) => {
    if (other.id !== table.id && other.inherits !== table.id) return other;
    return {
      ...other,
      columns: other.columns.filter((column) => column.name !== name || other.id !== table.id),
      rules: other.rules.filter(({ columns }) => !columns.includes(name)),
    };
  });
  const references = world.references.filter(
    ({ child, columns }) => child !== table.id || !columns.includes(name),
  );
  return { ...world, tables, references };
}
