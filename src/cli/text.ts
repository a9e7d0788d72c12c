/**
 * The comparison as text for people: counts by table, findings, where both sides came from.
 */
import { totalOf } from "../changeset/types.ts";
import type { Severity } from "../findings/severity.ts";
import type { Finding } from "../findings.ts";
import { formatIdentifier, formatName, plural, printable } from "../names.ts";
import { isChanged, type SummaryFacts, type SummaryTable, totals } from "../outputs/summary.ts";
import { describeProvenance } from "../script/header.ts";
import type { Colour, Paint } from "./io.ts";

/** Both sides, the counts of every table that differs, and the sum. Ends in a line end. */
export function countsText({ changeset, tables }: SummaryFacts): string {
  const changed = tables.filter(isChanged);
  const sides = [
    `production  ${printable(describeProvenance(changeset.production))}`,
    `local       ${printable(describeProvenance(changeset.local))}`,
  ];
  const counts = changed.length === 0 ? [] : ["", ...aligned([TITLES, ...changed.map(cells)])];
  return `${[...sides, ...counts, "", sumText(tables)].join("\n")}\n`;
}

const TITLES = ["table", "key", "insert", "update", "delete", "withheld"];

function cells({ table, key, counts, withheld }: SummaryTable): readonly string[] {
  const numbers = [counts.insert, counts.update, counts.delete, totalOf(withheld)];
  return [
    formatName(table),
    key === undefined ? "none" : key.map(formatIdentifier).join(", "),
    ...numbers.map((number) => (number === 0 ? "-" : String(number))),
  ];
}

function sumText(tables: readonly SummaryTable[]): string {
  const { compared, changed, counts, withheld } = totals(tables);
  if (changed === 0) return `no differences in ${plural(compared, "table")}`;
  const held = totalOf(withheld);
  const kinds = `${plural(counts.insert, "insert")}, ${plural(counts.update, "update")}, ${plural(counts.delete, "delete")}`;
  return `${changed} of ${plural(compared, "table")} ${changed === 1 ? "differs" : "differ"}: ${kinds}${held > 0 ? `, ${held} withheld` : ""}`;
}

/** Columns of equal width, two blanks apart; the first two to the left, numbers to the right. */
export function aligned(rows: readonly (readonly string[])[], left = 2): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, cell.length);
    }
  }
  return rows.map((row) =>
    row
      .map((cell, index) =>
        index < left ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
}

const GROUPS: readonly { readonly severity: Severity; readonly colour: Colour }[] = [
  { severity: "blocking", colour: "red" },
  { severity: "warning", colour: "yellow" },
  { severity: "notice", colour: "bold" },
];

/** Repeats of one kind that are listed before the rest is counted. Blocking findings are always listed. */
const LISTED = 8;

/** Findings in groups, blocking first. Empty without findings, else it ends in a line end. */
export function findingsText(findings: readonly Finding[], paint: Paint): string {
  const groups = GROUPS.flatMap(({ severity, colour }) => {
    const group = findings.filter((finding) => finding.severity === severity);
    if (group.length === 0) return [];
    return [paint(colour, severity), ...listed(group).map((line) => `  ${line}`)];
  });
  return groups.map((line) => `${line}\n`).join("");
}

function listed(findings: readonly Finding[]): readonly string[] {
  return [...new Set(findings.map(({ code }) => code))].flatMap((code) => {
    const same = findings.filter((finding) => finding.code === code);
    const all = same.length <= LISTED || same.some(({ severity }) => severity === "blocking");
    const shown = (all ? same : same.slice(0, LISTED - 1)).map(({ message }) => printable(message));
    return all
      ? shown
      : [...shown, `and ${same.length - shown.length} more of this kind; --json lists all`];
  });
}
