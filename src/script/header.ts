/**
 * The comments on top of every script: what it does, from what to what, what to know before running it.
 */

import type { ChangedTable, Changeset } from "../changeset/types.ts";
import { totalOf } from "../changeset/types.ts";
import type { Finding } from "../findings.ts";
import { formatIdentifier, formatName } from "../names.ts";
import type { DeferredConstraint } from "../order/steps.ts";
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
    ...(findings.length > 0 ? ["", ...findings.flatMap(findingLines)] : []),
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
  return [`${severity.padEnd(12)} ${message}`];
}

/** What the transaction needs and takes. */
export function operationNotes(
  tables: readonly ScriptTable[],
  deferred: readonly DeferredConstraint[],
  lockTimeout: string,
): readonly string[] {
  const needs = tables.map(({ label, children, changed: { counts } }) => {
    const rights = [
      "SELECT",
      counts.insert > 0 ? "INSERT" : "",
      counts.update > 0 || (counts.delete > 0 && children.length > 0) ? "UPDATE" : "",
      counts.delete > 0 ? "DELETE" : "",
    ];
    return `${label} (${rights.filter((right) => right !== "").join(", ")})`;
  });
  const locked = tables
    .filter(({ arbiter, changed }) => !arbiter && changed.counts.insert > 0)
    .map(({ label }) => label);
  return [
    ...wrap("needs", needs),
    `locks        the changed rows; waits at most ${lockTimeout} for a lock`,
    ...(locked.length > 0
      ? wrap("locks", [`against other writers (SHARE ROW EXCLUSIVE): ${locked.join(", ")}`])
      : []),
    ...(deferred.length > 0
      ? wrap(
          "defers",
          deferred.map(({ table, name }) => `${formatIdentifier(name)} of ${formatName(table)}`),
        )
      : []),
  ];
}

/** Many items over lines of readable length. */
function wrap(title: string, items: readonly string[]): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const item of items) {
    if (line !== "" && line.length + item.length > 120) {
      lines.push(`${line},`);
      line = "";
    }
    line += line === "" ? item : `, ${item}`;
  }
  if (line !== "") lines.push(line);
  return lines.map((text, index) => `${(index === 0 ? title : "").padEnd(12)} ${text}`);
}
