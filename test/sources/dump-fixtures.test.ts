import { createHash } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { nameKey, type TableName } from "../../src/names.ts";
import { openDump } from "../../src/sources/dump.ts";
import type { DumpSource } from "../../src/sources/source.ts";
import {
  columnLookup,
  type Expected,
  type ExpectedTable,
  type Fixture,
  fixturePath,
  hasFixtures,
  readExpected,
  readManifest,
} from "../support/fixtures.ts";

/** One database of one fixture. */
interface Case {
  readonly name: string;
  readonly database?: string;
  readonly expected: string;
  readonly fixture: Fixture;
}

const cases = Object.entries(readManifest()).flatMap(([name, fixture]): Case[] => {
  if (typeof fixture.expected === "string") return [{ name, expected: fixture.expected, fixture }];
  return Object.entries(fixture.expected).map(([key, expected]) => {
    // The manifest has the argument of \connect where it is no plain name.
    const database = key.startsWith("-reuse") ? 'we"ird db=é' : key;
    return { name, database, expected, fixture };
  });
});

const total = { fixtures: new Set<string>(), tables: 0, rows: 0 };

afterAll(() => {
  const { fixtures, tables, rows } = total;
  process.stdout.write(`checked ${fixtures.size} fixtures, ${tables} tables, ${rows} rows\n`);
});

describe.skipIf(!hasFixtures)("every fixture holds what its database held", () => {
  test("there are fixtures", () => {
    expect(Object.keys(readManifest()).length).toBe(108);
  });

  test.each(cases)("$name $database", async ({ name, database, expected: file, fixture }) => {
    // Lines come as UTF-8; what LATIN1 dumps should be in UTF-8 is known too.
    const expected = readExpected(
      file.replace("expected.latin1.json", "expected.latin1_utf8.json"),
    );
    await using dump = await openDump(fixturePath(name), database ? { database } : {});
    const checked = await checkTables(dump, expected);
    expect(withoutDeviations(checked.differences, fixture)).toEqual([]);
    expect(checked.tables).toBe(tablesOf(dump, expected, fixture));
    if (fixture.scope === "all tables") {
      expect(await sequenceValues(dump)).toEqual(expected.sequences);
      expect(dump.largeObjects).toBe(Object.keys(expected.large_objects).length);
    }
    expect(dump.provenance).toMatchObject({
      serverVersion: expected.server_version,
      encoding: readExpected(file).text_encoding,
    });
    total.fixtures.add(name);
    total.tables += checked.tables;
    total.rows += checked.rows;
  });
});

/** How many tables must have been found. */
function tablesOf(dump: DumpSource, expected: Expected, fixture: Fixture): number {
  if (fixture.scope === "schema only") return 0;
  if (fixture.scope === "part of the tables") return dump.blocks.length;
  return Object.keys(expected.tables).length;
}

/** pg_dump 13 writes a byte of "char" wrongly into INSERT statements. */
function withoutDeviations(differences: readonly string[], fixture: Fixture): readonly string[] {
  return fixture.known_deviation
    ? differences.filter((difference) => difference !== "public.all_types: order")
    : differences;
}

interface Checked {
  tables: number;
  rows: number;
  readonly differences: string[];
}

async function checkTables(dump: DumpSource, expected: Expected): Promise<Checked> {
  const present = new Set(dump.blocks.map(({ table }) => nameKey(table)));
  const checked: Checked = { tables: 0, rows: 0, differences: [] };
  const throughRoot = new Map<string, ExpectedTable[]>();
  for (const [name, table] of Object.entries(expected.tables)) {
    const root = expected.not_dumped[table.partition_root ?? ""];
    if (root && !present.has(nameKey(table)) && present.has(nameKey(root))) {
      throughRoot.set(nameKey(root), [...(throughRoot.get(nameKey(root)) ?? []), table]);
      continue;
    }
    if (!present.has(nameKey(table))) continue;
    const lines = await readTable(dump, expected, { parts: [table], table });
    compare({ name, table, lines, checked });
  }
  for (const leaves of throughRoot.values()) await checkRoot(dump, { expected, leaves, checked });
  return checked;
}

interface RootCheck {
  readonly expected: Expected;
  readonly leaves: readonly ExpectedTable[];
  readonly checked: Checked;
}

/** Leaves that were loaded through their root follow each other there. Each may have its own order of columns. */
async function checkRoot(dump: DumpSource, { expected, leaves, checked }: RootCheck) {
  const [first] = leaves;
  const root = expected.not_dumped[first?.partition_root ?? ""];
  if (!first || !root) throw new Error("a leaf without a root");
  const unmatched = [...leaves];
  const lines = new Map<ExpectedTable, Buffer[]>();
  for (const leaf of leaves) {
    lines.set(leaf, await readTable(dump, expected, { table: leaf, parts: [root] }));
  }
  for (let start = 0; start < (lines.get(first)?.length ?? 0); ) {
    const index = unmatched.findIndex(
      (leaf) => md5(lines.get(leaf)?.slice(start, start + leaf.rows) ?? []) === leaf.md5_dump_order,
    );
    const [leaf] = unmatched.splice(index, 1);
    if (index < 0 || !leaf) {
      checked.differences.push(`${root.name} at row ${start}`);
      return;
    }
    start += leaf.rows;
    checked.rows += leaf.rows;
    checked.tables += 1;
  }
}

interface TableCheck {
  readonly name: string;
  readonly table: ExpectedTable;
  readonly lines: readonly Buffer[];
  readonly checked: Checked;
}

function compare({ name, table, lines, checked }: TableCheck): void {
  checked.tables += 1;
  checked.rows += lines.length;
  const sorted = lines.toSorted(Buffer.compare);
  if (lines.length !== table.rows) checked.differences.push(`${name}: ${lines.length} rows`);
  else if (md5(lines) !== table.md5_dump_order) checked.differences.push(`${name}: order`);
  else if (md5(sorted) !== table.md5_sorted) checked.differences.push(`${name}: content`);
}

/** Lines of a table, their LF included. */
async function readTable(
  dump: DumpSource,
  expected: Expected,
  { table, parts }: { readonly table: ExpectedTable; readonly parts: readonly TableName[] },
): Promise<Buffer[]> {
  const lines: Buffer[] = [];
  const request = { table, parts, columns: table.copy_columns, columnsOf: columnLookup(expected) };
  for await (const chunk of dump.lines(request)) {
    expect(chunk.at(-1)).toBe(0x0a);
    for (let start = 0; start < chunk.length; ) {
      const end = chunk.indexOf(0x0a, start) + 1;
      lines.push(Buffer.from(chunk.subarray(start, end)));
      start = end;
    }
  }
  return lines;
}

function md5(lines: readonly Buffer[]): string {
  const hash = createHash("md5");
  for (const line of lines) hash.update(line);
  return hash.digest("hex");
}

async function sequenceValues(dump: DumpSource): Promise<Record<string, unknown>> {
  const values = await dump.sequences();
  return Object.fromEntries(
    values.map(({ name, lastValue, isCalled }) => [
      `${quote(name.schema)}.${quote(name.name)}`,
      { last_value: lastValue, is_called: isCalled },
    ]),
  );
}

/** As quote_ident() prints it, for the names of the fixtures. */
function quote(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && name !== "select"
    ? name
    : `"${name.replaceAll('"', '""')}"`;
}
