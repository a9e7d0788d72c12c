import { describe, expect, test } from "vitest";
import type { Io } from "../../src/cli/io.ts";
import { progressDisplay } from "../../src/cli/progress.ts";
import { progressText } from "../../src/cli/progress-text.ts";
import { type ProgressEvent, progressReporter } from "../../src/progress.ts";

const COMPARING: ProgressEvent = {
  kind: "comparing",
  table: { schema: "public", name: "question" },
  tables: { done: 2, of: 8 },
  bytes: 300_000_000,
  rows: 2_500_000,
};
const WRITING: ProgressEvent = {
  kind: "writing",
  tables: { done: 0, of: 0 },
  bytes: 4_500_000,
  rows: 0,
  file: { name: "revert.sql", done: 1, of: 9 },
};
const bar = (fraction: number): string => "=".repeat(Math.floor(fraction * 4)).padEnd(4, "-");

describe("progressText", () => {
  test.each<[string, ProgressEvent, number, string]>([
    [
      "rows, bytes a second and the time left, where the server tells how many rows there are",
      { ...COMPARING, expectedRows: 10_000_000 },
      2.5,
      "comparing  [=---] 25 %  2/8 tables  2,500,000 rows  120 MB/s  0:08 left  public.question",
    ],
    [
      "tables, where nothing tells",
      COMPARING,
      3600,
      "comparing  [=---] 25 %  2/8 tables  2,500,000 rows  0.1 MB/s  3:00:00 left  public.question",
    ],
    [
      "no time left in the first second",
      COMPARING,
      0.5,
      "comparing  [=---] 25 %  2/8 tables  2,500,000 rows  public.question",
    ],
    [
      "more rows than statistics know are not more than everything",
      { ...COMPARING, expectedRows: 1000 },
      0.5,
      "comparing  [===-] 99 %  2/8 tables  2,500,000 rows  public.question",
    ],
    [
      "files while they are written",
      WRITING,
      9,
      "writing  [----] 11 %  1/9 files  4.5 MB  1:12 left  revert.sql",
    ],
    [
      "how long it takes to order",
      { ...COMPARING, kind: "ordering" },
      75.2,
      "ordering the changes  1:16  public.question",
    ],
  ])("tells %s", (_name, event, seconds, expected) => {
    expect(progressText({ event, seconds }, bar, 200)).toBe(expected);
  });

  test("keeps within the terminal, and prints no control characters of names", () => {
    const table = { schema: "public", name: "a\u001b[2Jb" };
    const text = progressText({ event: { ...COMPARING, table }, seconds: 1 }, bar, 90);
    expect(text).not.toContain("\u001b");
    expect(progressText({ event: COMPARING, seconds: 1 }, bar, 30)).toHaveLength(30);
  });
});

test("bytes and rows add up, and what is expected is remembered", () => {
  const events: ProgressEvent[] = [];
  const progress = progressReporter((event) => events.push(event));
  progress({ kind: "comparing", expectedRows: 10 }, 100, 1);
  progress({ kind: "comparing" }, 50, 2);
  expect(events.at(-1)).toEqual({
    kind: "comparing",
    tables: { done: 0, of: 0 },
    expectedRows: 10,
    bytes: 150,
    rows: 3,
  });
});

describe("progressDisplay", () => {
  function terminal(isTTY: boolean, env: Io["env"] = {}) {
    const written: string[] = [];
    const stderr = { write: (text: string) => written.push(text), isTTY, columns: 80 };
    const io: Io = { stdout: { write: () => true }, stderr, env, now: () => new Date(0) };
    return { io, written };
  }

  test.each<[string, boolean, Io["env"], boolean]>([
    ["a pipe", false, {}, false],
    ["--quiet", true, {}, true],
    ["a terminal that cannot move its cursor", true, { TERM: "dumb" }, false],
  ])("writes nothing with %s", async (_name, isTTY, env, quiet) => {
    const { io, written } = terminal(isTTY, env);
    const { show, report, clear } = await progressDisplay(io, quiet);
    show("opening both sides");
    report?.(COMPARING);
    clear();
    expect(written).toEqual([]);
  });

  test("shows at once, and clears the line without ever hiding the cursor", async () => {
    const { io, written } = terminal(true);
    const { show, report, clear } = await progressDisplay(io, false);
    show("opening both sides");
    expect(written.join("")).toContain("opening both sides");
    report?.(COMPARING);
    clear();
    const all = written.join("");
    expect(all).toContain("2,500,000 rows");
    expect(all).toMatch(/\u001b\[1G\u001b\[2K$/);
    expect(all).not.toContain("\u001b[?25l");
    expect(all).not.toContain("\u001b[?7l");
  });
});
