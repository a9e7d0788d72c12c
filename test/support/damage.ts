/** Damages dumps and tells what reading them gives. */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { expect } from "vitest";
import { ExpectedError } from "../../src/errors.ts";
import { openDump } from "../../src/sources/dump.ts";
import type { DumpSource } from "../../src/sources/source.ts";
import { columnLookup, hasFixtures, readExpected } from "./fixtures.ts";

/** How often each format is damaged; ROWPATCH_FUZZ multiplies it: 167 makes 2,000 truncations and 5,000 changed bytes. */
const TIMES = Number(process.env["ROWPATCH_FUZZ"] ?? 1);
export const TRUNCATIONS: number = Math.round(16 * TIMES);
export const FLIPS: number = Math.round(30 * TIMES);

/** Blocks of the large fixtures whose rows are read. */
const BLOCKS_READ = 8;

export interface Damaging {
  /** Where the damaged file is written. */
  readonly path: string;
  readonly original: Buffer;
  readonly count: number;
}

/** Cuts the file off, half of the time near its end, where formats have their marks. It is never taken for whole. */
export async function cutOff({ path, original, count }: Damaging): Promise<void> {
  writeFileSync(path, original);
  const whole = await contentOf(path);
  expect(whole).not.toBe("failure");
  const random = numbers(1);
  for (let done = 0; done < count; done += 1) {
    const near = done % 2 === 0;
    const length = near ? original.length - 1 - (done >> 1) : random(original.length);
    writeFileSync(path, original.subarray(0, length));
    const content = await contentOf(path);
    expect([content, length]).toSatisfy(() => content === "failure" || content === whole);
  }
}

/** Changes a byte, half of the time near the start: headers and tables of contents break in more ways than rows do. */
export async function changeBytes({ path, original, count }: Damaging): Promise<void> {
  const random = numbers(2);
  for (let done = 0; done < count; done += 1) {
    const bytes = Buffer.from(original);
    const at = random(done % 2 === 0 ? Math.min(2000, bytes.length) : bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 + random(255));
    writeFileSync(path, bytes);
    expect(await contentOf(path)).toMatch(/^(?:failure|[0-9a-f]{32})$/);
  }
}

const EXPECTED = hasFixtures
  ? [readExpected("pg17/expected.nasty.json"), readExpected("pg15/expected.latin1.json")]
  : [];
/** The columns of rows without names, of every fixture that is damaged. */
const columnsOf = columnLookup({
  tables: Object.assign({}, ...EXPECTED.map(({ tables }) => tables)),
  not_dumped: Object.assign({}, ...EXPECTED.map((expected) => expected.not_dumped)),
});

/** A digest of everything that was read, or `failure`. Any other error is a bug and comes out. */
export async function contentOf(path: string, blocks: number = BLOCKS_READ): Promise<string> {
  try {
    await using dump = await openDump(path);
    return await digestOf(dump, blocks);
  } catch (error) {
    if (error instanceof ExpectedError) return "failure";
    throw error;
  }
}

async function digestOf(dump: DumpSource, blocks: number): Promise<string> {
  const hash = createHash("md5");
  hash.update(JSON.stringify([dump.ddl, dump.largeObjects, await dump.sequences()]));
  for (const { table, columns, positional } of dump.blocks) {
    hash.update(JSON.stringify([table, columns, positional]));
  }
  for (const { table, columns, positional } of dump.blocks.slice(0, blocks)) {
    const wanted = positional ? (columnsOf(table)?.slice(0, 1) ?? []) : columns;
    const request = { table, parts: [table], columns: wanted, columnsOf };
    for await (const chunk of dump.lines(request)) hash.update(chunk);
  }
  return hash.digest("hex");
}

/** Numbers below a limit, the same for the same seed. */
export function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state * 48271) % 2147483647;
    return state % Math.max(limit, 1);
  };
}
