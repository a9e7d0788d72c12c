/**
 * `report.md`: what the change ticket shows. Findings first, then counts, then rows; every value escaped.
 */
import type { Catalog } from "../catalog/types.ts";
import type { LongTexts } from "../changeset/long-texts.ts";
import { type ChangedTable, type Changeset, totalOf } from "../changeset/types.ts";
import { type Change, type Datum, isLong } from "../compare/change.ts";
import { bySeverity } from "../findings/severity.ts";
import { formatIdentifier, formatName, plural } from "../names.ts";
import { describeProvenance } from "../script/header.ts";
import { literal } from "../script/sql.ts";
import type { Provenance } from "../sources/source.ts";
import { code, type Markdown, markdown, table as markdownTable, text } from "./markdown.ts";
import { runLines } from "./run-lines.ts";
import { isChanged, type SummaryFacts, type SummaryTable, totals } from "./summary.ts";

/** Rows shown of each table; `changes.jsonl` holds them all. */
const ROWS_SHOWN = 20;
/** Characters shown of each value. */
const VALUE_SHOWN = 200;

export interface ReportFacts extends SummaryFacts {
  /** Production's. */
  readonly catalog: Catalog;
}

/** The report in pieces. Reads the first changes of each table, nothing more. */
export async function* reportText(facts: ReportFacts): AsyncGenerator<string> {
  const sections = [
    ...head(facts),
    ...findingsSection(facts),
    ...tablesSection(facts),
    ...runSection(),
  ];
  for (const section of sections) yield `${section}\n\n`;
  yield "## Rows\n\nKeys and values as PostgreSQL prints them, quoted as SQL.\n";
  for (const table of facts.changeset.tables) {
    yield* rowsOf(facts.changeset, table, "changes");
    yield* rowsOf(facts.changeset, table, "withheld");
  }
}

function head(facts: ReportFacts): readonly Markdown[] {
  const { counts, changed, compared } = totals(facts.tables);
  const title =
    facts.ticket === undefined
      ? markdown`Data changes`
      : markdown`Data changes for ${text(facts.ticket)}`;
  return [
    markdown`# ${title}`,
    text(
      `${plural(counts.insert, "insert")}, ${plural(counts.update, "update")} and ${plural(counts.delete, "delete")}; ${changed} of ${plural(compared, "compared table")} ${changed === 1 ? "differs" : "differ"}.`,
    ),
    [
      markdown`- production: ${side(facts.changeset.production)}`,
      markdown`- local: ${side(facts.changeset.local)}`,
      markdown`- made by rowpatch ${text(facts.version)} at ${text(facts.generatedAt.toISOString())}`,
    ].join("\n") as Markdown,
  ];
}

/** The address or path as it is typed, in a code span; escaped it would be hard to read. */
function side(source: Provenance): Markdown {
  const { display } = source;
  return markdown`${code(display)}${text(describeProvenance(source).slice(display.length))}`;
}

function findingsSection({ findings }: ReportFacts): readonly Markdown[] {
  const items = bySeverity(findings).map(
    ({ severity, message }) => markdown`- **${text(severity)}**: ${text(message)}`,
  );
  return [
    markdown`## Findings`,
    items.length > 0 ? (items.join("\n") as Markdown) : markdown`None.`,
  ];
}

function tablesSection({ tables, changeset }: ReportFacts): readonly Markdown[] {
  const changed = tables.filter(isChanged);
  const equal = tables.length - changed.length;
  const right = true;
  const sequences = changeset.sequences.map(
    ({ sequence, value }) =>
      markdown`- sequence ${code(formatName(sequence))} is raised to at least ${text(value)}`,
  );
  return [
    markdown`## Tables`,
    markdownTable(
      [
        { title: "table" },
        { title: "key" },
        { title: "insert", right },
        { title: "update", right },
        { title: "delete", right },
        { title: "withheld", right },
        { title: "rows in production", right },
        { title: "rows in local", right },
      ],
      changed.map(tableCells),
    ),
    ...(equal > 0
      ? [text(`${plural(equal, "more compared table is", "more compared tables are")} equal.`)]
      : []),
    ...(sequences.length > 0 ? [sequences.join("\n") as Markdown] : []),
  ];
}

function tableCells({ table, key, counts, withheld, rows }: SummaryTable): readonly Markdown[] {
  return [
    code(formatName(table)),
    key === undefined ? markdown`none` : code(key.map(formatIdentifier).join(", ")),
    ...[
      counts.insert,
      counts.update,
      counts.delete,
      totalOf(withheld),
      rows.production,
      rows.local,
    ].map((number) => markdown`${number}`),
  ];
}

function runSection(): readonly Markdown[] {
  const lines = runLines("").map(({ purpose, command }) => `${command}  # ${purpose}`);
  return [
    markdown`## How to run`,
    markdown`From this folder, with production's address in \`URL\`:`,
    `\`\`\`sh\n${lines.join("\n")}\n\`\`\`` as Markdown,
  ];
}

async function* rowsOf(
  changeset: Changeset,
  table: ChangedTable,
  what: "changes" | "withheld",
): AsyncGenerator<string> {
  const count = totalOf(what === "changes" ? table.counts : table.withheld);
  if (count === 0) return;
  yield `\n### ${text(formatName(table.table))}: ${count} ${what === "changes" ? (count === 1 ? "change" : "changes") : "withheld"}\n\n`;
  // Every line within starts with "@", "+", "-" or a blank, so no value can end the block.
  yield "```diff\n";
  let shown = 0;
  for await (const change of changeset[what](table.table)) {
    if (shown === ROWS_SHOWN) break;
    shown += 1;
    yield changeLines(table, change, changeset.longTexts).join("");
  }
  yield "```\n";
  if (shown < count) {
    const file = what === "changes" ? "changes.jsonl" : "withheld.jsonl";
    yield `\n${count - shown} more: see \`${file}\`.\n`;
  }
}

function changeLines(
  table: ChangedTable,
  change: Change,
  texts: LongTexts | undefined,
): readonly string[] {
  const assignment = (name: string, value: Datum): string =>
    `${formatIdentifier(name)} = ${shortened(value, texts)}`;
  const key = table.key
    .map((name, index) => assignment(name, change.key[index] ?? null))
    .join(", ");
  const side = (sign: string, values: readonly Datum[], columns?: readonly number[]): string[] =>
    values.map((value, index) => {
      const name = table.columns[columns?.[index] ?? index] ?? "";
      return `${sign} ${assignment(name, value)}\n`;
    });
  const title = `@@ ${change.kind}${key === "" ? "" : ` ${key}`} @@\n`;
  switch (change.kind) {
    case "insert":
      return [title, ...side("+", change.after)];
    case "delete":
      return [title, ...side("-", change.before)];
    case "update": {
      const before = side("-", change.before, change.columns);
      const after = side("+", change.after, change.columns);
      return [title, ...before.flatMap((line, index) => [line, after[index] ?? ""])];
    }
  }
}

/** A cut must not leave half of a surrogate pair. */
function cutText(text: string): string {
  return text.slice(0, VALUE_SHOWN).replace(/[\ud800-\udbff]$/, "");
}

/** As an SQL literal on one line, cut with a stated length where it is long. */
function shortened(value: Datum, texts: LongTexts | undefined): string {
  if (value === null) return "NULL";
  if (isLong(value)) {
    const [start = ""] = texts?.read(value.long) ?? [];
    return `${literal(cutText(start))} ... (${value.long.characters} characters)`;
  }
  const full = typeof value === "string" ? value : value.base64;
  const quoted = literal(full.length > VALUE_SHOWN ? cutText(full) : full);
  const encoded = typeof value === "string" ? quoted : `${quoted} (base64)`;
  return full.length > VALUE_SHOWN ? `${encoded} ... (${full.length} characters)` : encoded;
}
