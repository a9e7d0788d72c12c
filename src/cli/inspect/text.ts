/**
 * What a source holds, for people and as JSON.
 */
import { formatIdentifier, formatName, plural, printable } from "../../names.ts";
import { describeProvenance } from "../../script/header.ts";
import { aligned } from "../text.ts";
import type { Contents, HeldTable } from "./contents.ts";

/** Ends in a line end. */
export function contentsText(contents: Contents, now: Date): string {
  const { source, tables, sequences, largeObjects } = contents;
  const { provenance } = source;
  const facts = [
    ageOf(provenance.createdAt, now),
    `encoding ${provenance.encoding}`,
    provenance.bytes === undefined ? "" : plural(provenance.bytes, "byte"),
  ].filter((fact) => fact !== "");
  const parts = [
    [printable(describeProvenance(provenance)), printable(facts.join(", "))],
    tableLines(contents),
    ...(sequences.length > 0 ? [sequenceLines(contents)] : []),
    [
      ...gapLines(tables),
      ...(largeObjects > 0 ? ["large objects are counted and not compared"] : []),
    ],
    [
      [
        plural(tables.length, "table"),
        plural(sequences.length, "sequence"),
        plural(largeObjects, "large object"),
      ].join(", "),
    ],
  ];
  const filled = parts.filter((lines) => lines.length > 0);
  return `${filled.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function tableLines({ source, tables }: Contents): readonly string[] {
  const ofDump = source.kind === "dump";
  const rows = tables.map(({ name, table, key, partitions, rows: count, bytes }) => [
    formatName(name),
    key === undefined ? "none" : key.map(formatIdentifier).join(", "),
    partitions > 0 ? plural(partitions, "partition") : table?.kind === "foreign" ? "foreign" : "",
    String(table?.columns.length ?? "-"),
    String(count ?? "-"),
    ...(ofDump ? [String(bytes ?? "-")] : []),
  ]);
  const titles = ["table", "key", "", "columns", "rows", ...(ofDump ? ["bytes"] : [])];
  return aligned([titles, ...rows], 3);
}

function sequenceLines({ sequences }: Contents): readonly string[] {
  const rows = sequences.map(({ name, lastValue, isCalled }) => [
    formatName(name),
    isCalled ? "last value" : "next value",
    lastValue,
  ]);
  return aligned([["sequence", "", ""], ...rows], 2);
}

function gapLines(tables: readonly HeldTable[]): readonly string[] {
  const gaps = new Map<string, string[]>();
  for (const { name, gap } of tables) {
    if (gap !== undefined) gaps.set(gap, [...(gaps.get(gap) ?? []), formatName(name)]);
  }
  return [...gaps].map(([gap, names]) =>
    gap === "there is no data" ? "there is no data in this dump" : `${gap}: ${names.join(", ")}`,
  );
}

const MINUTE = 60_000;
const UNITS: readonly (readonly [string, number])[] = [
  ["day", 24 * 60 * MINUTE],
  ["hour", 60 * MINUTE],
  ["minute", MINUTE],
];

/** How long ago, by this machine's clock and zone where the dump tells no zone. */
function ageOf(createdAt: string | undefined, now: Date): string {
  const passed = now.getTime() - Date.parse(createdAt ?? "");
  if (Number.isNaN(passed)) return "";
  const [unit, size] = UNITS.find(([, length]) => passed >= length) ?? [];
  if (unit === undefined || size === undefined) {
    return passed >= 0 ? "made just now" : "made in the future, by this machine's clock";
  }
  return `made ${plural(Math.floor(passed / size), unit)} ago`;
}

/** `rowpatch.inspection`, version 1. */
export function contentsJson(contents: Contents): string {
  const { source, catalog, tables, sequences, largeObjects } = contents;
  const inspection = {
    format: "rowpatch.inspection",
    version: 1,
    source: source.provenance,
    tables: tables.map(({ name, table, key, partitions, rows, bytes, gap }) => ({
      table: name,
      kind: table?.kind ?? null,
      partitions,
      columns:
        table?.columns.map((column) => ({
          name: column.name,
          type: column.type.formatted,
          notNull: column.notNull,
        })) ?? null,
      key: key ?? null,
      rows: rows ?? null,
      bytes: bytes ?? null,
      gap: gap ?? null,
    })),
    sequences: sequences.map(({ name, lastValue, isCalled }) => ({ ...name, lastValue, isCalled })),
    largeObjects,
    extensions: catalog.extensions.map(({ name }) => name),
  };
  return `${JSON.stringify(inspection, null, 2)}\n`;
}
