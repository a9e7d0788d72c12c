/**
 * Measures the pairing of two streams of COPY lines: rows per second of CPU time and peak memory, each case in a process of its own.
 * KEEP=1 keeps the files of rows, 550 MB each for 5 million, for the next time.
 *
 *     npx tsc -p test/bench && node out/bench/test/bench/align.js [rows [case ...]]
 */
import { execFileSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spillFiles } from "../../src/changeset/spill-files.ts";
import { alignLines, alignMultiset } from "../../src/compare/align.ts";
import { lineKey } from "../../src/compare/line-key.ts";

const MEMORY_BUDGET = 256 * 1024 * 1024;
const CHUNK_BYTES = 65_536;

type Order = (rows: number) => Iterable<{ readonly id: number; readonly changed?: boolean }>;

/** The states of the table: rows in their physical order. */
const STATES: Readonly<Record<string, Order>> = {
  base: function* (rows) {
    for (let id = 1; id <= rows; id += 1) yield { id };
  },
  /** One row in 714 updated: it moved to the end of the heap. */
  updated: function* (rows) {
    const changed: number[] = [];
    for (let id = 1; id <= rows; id += 1) {
      if ((id * 2_654_435_761) % 714 === 0) changed.push(id);
      else yield { id };
    }
    for (const id of changed) yield { id, changed: true };
  },
  /** One row in ten changed where it stands. */
  tenth: function* (rows) {
    for (let id = 1; id <= rows; id += 1) yield { id, changed: id % 10 === 0 };
  },
  every: function* (rows) {
    for (let id = 1; id <= rows; id += 1) yield { id, changed: true };
  },
  /** A fifth of the table in front instead of at the end. */
  rotated: function* (rows) {
    for (let n = 0; n < rows; n += 1) yield { id: ((n + Math.floor(rows / 5)) % rows) + 1 };
  },
  shuffled: function* (rows) {
    const order = Uint32Array.from({ length: rows }, (_, index) => index + 1);
    let state = 1;
    for (let at = rows - 1; at > 0; at -= 1) {
      state = (Math.imul(state, 48_271) + 11) >>> 0;
      const other = state % (at + 1);
      [order[at], order[other]] = [order[other] ?? 0, order[at] ?? 0];
    }
    for (const id of order) yield { id };
  },
  empty: () => [],
};

type Method = "read" | "align" | "multiset";

const CASES: readonly (readonly [name: string, local: string, method: Method])[] = [
  ["read only", "base", "read"],
  ["identical", "base", "align"],
  ["0.14 % updated, moved to the end", "updated", "align"],
  ["10 % updated in place", "tenth", "align"],
  ["all updated in place", "every", "align"],
  ["a fifth of the table moved", "rotated", "align"],
  ["nothing in local", "empty", "align"],
  ["all shuffled", "shuffled", "align"],
  ["multiset, 0.14 % updated", "updated", "multiset"],
  ["multiset, all shuffled", "shuffled", "multiset"],
];

interface Measured {
  readonly cpu: number;
  readonly wall: number;
  readonly found: number;
  readonly memory: number;
  readonly bytes: number;
}

function main(): void {
  const [child, ...rest] = process.argv.slice(2);
  if (child === "--child") {
    const [name = "", directory = ""] = rest;
    void measure(name, directory);
    return;
  }
  const rows = Number(child ?? 5_000_000);
  const directory = join(tmpdir(), `rowpatch-bench-${rows}`);
  mkdirSync(directory, { recursive: true });
  for (const [name, local] of CASES) {
    if (rest.length > 0 && !rest.some((word) => name.includes(word))) continue;
    for (const state of ["base", local]) writeState(directory, state, rows);
    const args = [process.argv[1] ?? "", "--child", name, directory];
    const measured: Measured = JSON.parse(
      execFileSync(process.execPath, args, { encoding: "utf8" }),
    );
    process.stdout.write(`${describe(name, measured, rows)}\n`);
  }
  if (process.env["KEEP"] !== "1") rmSync(directory, { recursive: true });
}

function describe(
  name: string,
  { cpu, wall, found, memory, bytes }: Measured,
  rows: number,
): string {
  const columns = [
    name.padEnd(34),
    `${cpu.toFixed(2)} s CPU`,
    `${wall.toFixed(2)} s`,
    `${(rows / cpu / 1e6).toFixed(2)} M rows/s CPU`,
    `${Math.round(memory / 1024)} MB peak`,
    `${Math.round(bytes / 1e6)} MB read`,
    `${found} found`,
  ];
  return columns.join("  ");
}

/** Writes a state of the table, unless it is there. */
function writeState(directory: string, state: string, rows: number): void {
  const path = join(directory, state);
  const order = STATES[state];
  if (existsSync(path) || !order) return;
  const file = openSync(path, "w");
  let text = "";
  for (const { id, changed } of order(rows)) {
    text += rowOf(id, changed ?? false);
    if (text.length > 1_000_000) {
      writeSync(file, text);
      text = "";
    }
  }
  writeSync(file, text);
  closeSync(file);
}

/** About 115 bytes, much like a row of user-written text. */
function rowOf(id: number, changed: boolean): string {
  const hash = (Math.imul(id, 2_654_435_761) >>> 0).toString(16).padStart(8, "0");
  const day = 10 + (id % 18);
  return `${id}\t${id % 977}\tuser-${hash}@example.org\tHow would you rate question ${hash}${changed ? "!" : "?"}\t2026-01-${day} 12:34:56.${hash}\t\\N\tt\n`;
}

async function measure(name: string, directory: string): Promise<void> {
  const [, local = "", method = "read"] = CASES.find(([known]) => known === name) ?? [];
  const streams = {
    production: wholeLines(join(directory, "base")),
    local: wholeLines(join(directory, local)),
  };
  const temporary = await mkdtemp(join(tmpdir(), "rowpatch-bench-"));
  const before = process.cpuUsage();
  const start = process.hrtime.bigint();
  let bytes = 0;
  let found = 0;
  const keyOf = lineKey([{ index: 0 }]);
  const options = {
    memoryBudget: MEMORY_BUDGET,
    spill: spillFiles(temporary, "bench"),
    onRead: (_: unknown, more: number) => {
      bytes += more;
    },
  };
  if (method === "align") {
    const keys = { productionKey: keyOf, localKey: keyOf, onDuplicateKey: () => {} };
    const pairs = alignLines(streams, { ...options, ...keys }, () => true);
    for await (const batch of pairs) found += batch.length;
  } else if (method === "multiset") {
    for await (const batch of alignMultiset(streams, options)) found += batch.length;
  } else {
    for (const stream of [streams.production, streams.local]) {
      for await (const chunk of stream) bytes += chunk.length;
    }
  }
  const { user, system } = process.cpuUsage(before);
  const measured: Measured = {
    cpu: (user + system) / 1e6,
    wall: Number(process.hrtime.bigint() - start) / 1e9,
    found,
    memory: process.resourceUsage().maxRSS,
    bytes,
  };
  await rm(temporary, { recursive: true });
  process.stdout.write(JSON.stringify(measured));
}

/** A file in chunks of whole lines, all in the same memory. */
async function* wholeLines(path: string): AsyncGenerator<Buffer, void, undefined> {
  const file = await open(path);
  try {
    const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    for (let position = 0; ; ) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, position);
      if (bytesRead === 0) return;
      const end = buffer.subarray(0, bytesRead).lastIndexOf(10) + 1;
      yield buffer.subarray(0, end);
      position += end;
    }
  } finally {
    await file.close();
  }
}

main();
