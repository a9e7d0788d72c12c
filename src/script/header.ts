/**
 * The comments on top of every script: what it does, from what to what, what to know before running it.
 */

import type { ChangedTable, Changeset } from "../changeset/types.ts";
import { totalOf } from "../changeset/types.ts";
import { bySeverity } from "../findings/severity.ts";
import type { Finding } from "../findings.ts";
import { formatName, printable } from "../names.ts";
import type { Provenance } from "../sources/source.ts";
import { comment, type Sql } from "./sql.ts";
import type { ScriptTable } from "./table.ts";

export interface HeaderFacts {
  /** One sentence. */
  readonly title: string;
  readonly changeset: Changeset;
  readonly tables: readonly ScriptTable[];
  readonly findings: readonly Finding[];
  readonly ticket: string | undefined;
  readonly tool: string;
  readonly generatedAt: Date;
  /** Further lines: locks, privileges, switches. */
  readonly notes: readonly string[];
  readonly run: readonly string[];
}

/** Fills the first placeholder of a template. Values from outside are made printable by `comment`. */
export function header(facts: HeaderFacts): Sql {
  const { changeset, findings } = facts;
  return comment(
    facts.title,
    "",
    ...(facts.ticket === undefined ? [] : [`ticket       ${facts.ticket}`]),
    `production   ${describeProvenance(changeset.production)}`,
    `local        ${describeProvenance(changeset.local)}`,
    `made by      ${facts.tool}, ${facts.generatedAt.toISOString()}`,
    "",
    ...countLines(changeset.tables),
    "",
    ...facts.notes,
    ...(findings.length > 0 ? ["", ...bySeverity(findings).flatMap(findingLines)] : []),
    "",
    ...facts.run,
  );
}

/** One line about a side. */
export function describeProvenance(source: Provenance): string {
  return [
    source.display +
      (source.database === undefined || source.kind === "database"
        ? ""
        : `: database ${source.database}`),
    source.serverVersion === undefined ? "" : `PostgreSQL ${source.serverVersion}`,
    source.format ?? "",
    source.createdAt === undefined ? "" : `as of ${source.createdAt}`,
    source.sha256 === undefined ? "" : `SHA-256 ${source.sha256}`,
  ]
    .filter((part) => part !== "")
    .join(", ");
}

function countLines(tables: readonly ChangedTable[]): readonly string[] {
  const shown = tables.map(({ table, counts, withheld }) => ({
    name: formatName(table),
    counts,
    withheld: totalOf(withheld),
  }));
  const width = Math.max(5, ...shown.map(({ name }) => name.length));
  const row = (cells: readonly (string | number)[], name: string) =>
    `  ${name.padEnd(width)}  ${cells.map((cell) => String(cell === 0 ? "-" : cell).padStart(9)).join("")}`;
  return [
    row(["insert", "update", "delete", "withheld"], "table"),
    ...shown.map(({ name, counts, withheld }) =>
      row([counts.insert, counts.update, counts.delete, withheld], name),
    ),
  ];
}

function findingLines({ severity, message }: Finding): readonly string[] {
  return wrapWords(severity, printable(message));
}

function wrapWords(title: string, text: string): readonly string[] {
  return folded(title, text.split(" "), " ");
}

/** Many items over lines of readable length, a comma between them; nothing for none. */
export function wrap(title: string, items: readonly string[]): readonly string[] {
  return folded(title, items, ", ");
}

const WIDTH = 120;

function folded(title: string, items: readonly string[], separator: string): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const item of items) {
    if (line !== "" && line.length + item.length > WIDTH) {
      lines.push(`${line}${separator.trimEnd()}`);
      line = "";
    }
    line += line === "" ? item : `${separator}${item}`;
  }
  if (line !== "") lines.push(line);
  return lines.map((text, index) => `${(index === 0 ? title : "").padEnd(12)} ${text}`);
}
