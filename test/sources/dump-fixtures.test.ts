import { createHash } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { nameKey, type TableName } from "../../src/names.ts";
import { openDump } from "../../src/sources/dump.ts";
import type { DumpSource } from "../../src/sources/source.ts";
import {
  columnLookup,
  type Expected,
  type ExpectedTable,
  fixturePath,
  hasFixtures,
  readExpected,
  readManifest,
} from "../support/fixtures.ts";

const READ = [
  "plain.sql",
  "custom_gzip.dump",
  "custom_none.dump",
  "custom_piped.dump",
  "custom_stdout_redirect.dump",
];

const fixtures = Object.entries(readManifest()).filter(([name]) =>
  READ.includes(name.split("/")[1] ?? ""),
);

const total = { fixtures: 0, tables: 0, rows: 0 };

afterAll(() => {
  const { fixtures: count, tables, rows } = total;
  process.stdout.write(`checked ${count} fixtures, ${tables} tables, ${rows} rows\n`);
});

describe.skipIf(!hasFixtures)("every fixture holds what its database held", () => {
  test("there are fixtures", () => {
    expect(fixtures.length).toBe(READ.length * 4);
  });

  test.each(fixtures)("%s", async (name, fixture) => {
    const expected = readExpected(String(fixture.expected));
    await using dump = await openDump(fixturePath(name));
    const checked = await checkTables(dump, expected);
    expect(checked.differences).toEqual([]);
    expect(checked.tables).toBe(Object.keys(expected.tables).length);
    expect(await sequenceValues(dump)).toEqual(expected.sequences);
    expect(dump.largeObjects).toBe(Object.keys(expected.large_objects).length);
    expect(dump.provenance).toMatchObject({
      serverVersion: expected.server_version,
      encoding: expected.text_encoding,
    });
    total.fixtures += 1;
    total.tables += checked.tables;
    total.rows += checked.rows;
  });
});

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
    if (root && !present.has(nameKey(table))) {
      throughRoot.set(nameKey(root), [...(throughRoot.get(nameKey(root)) ?? []), table]);
      continue;
    }
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

/** Leaves that were loaded through their root follow each other there. */
async function checkRoot(dump: DumpSource, { expected, leaves, checked }: RootCheck) {
  const [first] = leaves;
  const root = expected.not_dumped[first?.partition_root ?? ""];
  if (!first || !root) throw new Error("a leaf without a root");
  const lines = await readTable(dump, expected, { table: first, parts: [root] });
  const unmatched = [...leaves];
  for (let start = 0; start < lines.length; ) {
    const index = unmatched.findIndex(
      (leaf) => md5(lines.slice(start, start + leaf.rows)) === leaf.md5_dump_order,
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
