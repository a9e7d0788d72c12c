/**
 * The rehearsal as a section of the reports: put in, or put in the place of the former one. Every value escaped.
 */
import { printable } from "../names.ts";
import { type Markdown, markdown, table, text } from "../outputs/markdown.ts";
import type { Evidence, StepEvidence } from "./evidence.ts";
import type { KeptEvidence } from "./kept-evidence.ts";

/** The report with the section: before the first of the sections that follow it, else at the end. */
export function withMarkdownSection(report: string, evidence: KeptEvidence): string {
  const section = `${markdownSection(evidence)}\n\n`;
  const former = /^## Rehearsal\n[\s\S]*?(?=^## |$(?![\s\S]))/m;
  if (former.test(report)) return report.replace(former, () => section);
  const next = /^## (?:How to run|Rows)$/m.exec(report)?.index ?? report.length;
  return `${report.slice(0, next)}${section}${report.slice(next)}`;
}

function markdownSection(evidence: KeptEvidence): string {
  const right = true;
  return [
    markdown`## Rehearsal`,
    markdown`${text(verdict(evidence))}`,
    facts(evidence)
      .map((fact) => markdown`- ${text(fact)}`)
      .join("\n"),
    table(
      [{ title: "step" }, { title: "expected" }, { title: "outcome" }, { title: "seconds", right }],
      evidence.steps.map((step) => [
        text(step.step),
        text(step.expected),
        step.outcome === "passed" ? markdown`passed` : (`**${text("failed")}**` as Markdown),
        text(seconds(step.milliseconds)),
      ]),
    ),
    ...failures(evidence).map(({ reason = "" }) => block(reason)),
    ...(evidence.others ?? []).flatMap((other) => [
      markdown`### ${text(elsewhere(other))}`,
      markdown`${text(verdict(other))}`,
      ...failures(other).map(({ reason = "" }) => block(reason)),
    ]),
  ].join("\n\n");
}

/** Lines as they are: indented ones need no escaping. */
function block(lines: string): Markdown {
  const indented = lines.split("\n").map((line) => `    ${printable(line)}`);
  return indented.join("\n") as Markdown;
}

/** The report with the section: in place of the former one, else at the end of its main part. */
export function withHtmlSection(report: string, evidence: KeptEvidence): string {
  const section = htmlSection(evidence);
  const former = /<section id="rehearsal">[\s\S]*?<\/section>\n?/;
  if (former.test(report)) return report.replace(former, () => section);
  const end = /<section id="rows"|<\/main>|<\/body>/.exec(report)?.index ?? report.length;
  return `${report.slice(0, end)}${section}${report.slice(end)}`;
}

function htmlSection(evidence: KeptEvidence): string {
  const rows = evidence.steps.map(
    ({ step, expected, outcome, milliseconds }) =>
      `<tr><td>${html(step)}</td><td>${html(expected)}</td><td>${html(outcome)}</td><td>${html(seconds(milliseconds))}</td></tr>`,
  );
  return [
    '<section id="rehearsal">',
    "<h2>Rehearsal</h2>",
    `<p>${html(verdict(evidence))}</p>`,
    `<ul>${facts(evidence)
      .map((fact) => `<li>${html(fact)}</li>`)
      .join("")}</ul>`,
    "<table><thead><tr><th>step</th><th>expected</th><th>outcome</th><th>seconds</th></tr></thead>",
    `<tbody>${rows.join("\n")}</tbody></table>`,
    ...failures(evidence).map(({ reason = "" }) => `<pre>${html(reason)}</pre>`),
    ...(evidence.others ?? []).flatMap((other) => [
      `<h3>${html(elsewhere(other))}</h3>`,
      `<p>${html(verdict(other))}</p>`,
      ...failures(other).map(({ reason = "" }) => `<pre>${html(reason)}</pre>`),
    ]),
    "</section>\n",
  ].join("\n");
}

/** Heading of a rehearsal that is not the first one shown. */
function elsewhere({ production }: Evidence): string {
  const { display, createdAt } = production;
  return `On another production: ${display}${createdAt === undefined ? "" : `, as of ${createdAt}`}`;
}

/** One sentence that says how it ended. */
export function verdict({ outcome, failedAt, startedAt, milliseconds }: Evidence): string {
  const when = `rehearsed at ${startedAt} in ${seconds(milliseconds)} s`;
  return outcome === "passed"
    ? `Passed: ${when}.`
    : `Failed at the step "${failedAt ?? "unknown"}": ${when}.`;
}

function facts({
  scratch,
  psql,
  asReviewed,
  leftOut,
  notDone,
  steps,
}: Evidence): readonly string[] {
  return [
    `scratch server: ${scratch.description}, PostgreSQL ${scratch.serverVersion}`,
    `scripts run by: ${psql.kind === "psql" ? psql.version : `${psql.kind}, ${psql.version}`}`,
    ...(asReviewed === false ? ["production is not the one that the bundle was made from"] : []),
    ...leftOut.map(({ place, reason }) => `left out of the scratch database: ${place}: ${reason}`),
    ...steps.filter(({ step }) => step !== "drift").flatMap(({ notes = [] }) => notes),
    ...notDone.map((what) => `not done: ${what}`),
  ];
}

function failures({ steps }: Evidence): readonly StepEvidence[] {
  return steps.filter(({ outcome }) => outcome === "failed");
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1);
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

function html(value: string): string {
  return value.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? "");
}
