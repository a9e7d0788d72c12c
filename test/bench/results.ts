/**
 * The figures as Markdown: on stdout, and in the files that quote them.
 */
import { readFileSync, writeFileSync } from "node:fs";
import type { Bound, Other, Outcome, Result } from "./case.ts";
import { table } from "./frame.ts";

/** The tables of ratios with what must hold and what is aimed at. */
export function resultsText({ results, others }: Outcome): string {
  const head = [
    "case",
    "rowpatch",
    "measured against",
    "its time",
    "ratio",
    "must",
    "aim",
    "peak memory",
    "must",
  ];
  const text = table([head, ...results.map(resultRow)]);
  if (others.length === 0) return text;
  const ways = table([
    ["what else one could do", "time", "against rowpatch"],
    ...others.map(otherRow),
  ]);
  return `${text}\n\n${ways}`;
}

function resultRow({ name, own, base, bound, memory, note }: Result): readonly string[] {
  const seconds = note === undefined ? time(own.seconds) : `${time(own.seconds)}, ${note}`;
  return [
    name,
    seconds,
    base?.name ?? "",
    base ? time(base.seconds) : "",
    base ? base.ratio.toFixed(2) : "",
    limit(bound, bound?.must, { own: own.seconds, ratio: base?.ratio }),
    limit(bound, bound?.aim, { own: own.seconds, ratio: base?.ratio }),
    own.megabytes > 0 ? `${Math.round(own.megabytes)} MB` : "",
    memory === undefined ? "" : `${memory} MB, ${met(own.megabytes <= memory)}`,
  ];
}

function limit(
  bound: Bound | undefined,
  value: number | undefined,
  { own, ratio = Number.NaN }: { readonly own: number; readonly ratio: number | undefined },
): string {
  if (!bound || value === undefined) return "";
  return bound.of === "ratio"
    ? `${value}, ${met(ratio <= value)}`
    : `${value} s, ${met(own <= value)}`;
}

function met(holds: boolean): string {
  return holds ? "met" : "missed";
}

function otherRow({ name, seconds, ratio }: Other): readonly string[] {
  if (seconds === undefined || ratio === undefined) return [name, "not installed", ""];
  return [name, time(seconds), `${ratio.toFixed(1)} times`];
}

function time(seconds: number): string {
  return `${seconds.toFixed(2)} s`;
}

/** Replaces what stands between the markers `BENCH_BEGIN` and `BENCH_END` of a file. @throws if it has none. */
export function writeSection(path: URL | string, text: string): void {
  const former = readFileSync(path, "utf8");
  const section = /(<!-- BENCH_BEGIN -->\n)[\s\S]*?(<!-- BENCH_END -->)/;
  if (!section.test(former)) throw new Error(`${path} has no BENCH_BEGIN and BENCH_END`);
  writeFileSync(
    path,
    former.replace(section, (_, begin, end) => `${begin}${text}\n${end}`),
  );
}
