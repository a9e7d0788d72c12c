/**
 * Measures how fast dumps are read: every row of a table of 5 million, against pg_restore to /dev/null in the same round.
 * Makes the dumps in a database of its own on the server at ROWPATCH_BENCH_URL, or takes those in ROWPATCH_BENCH_DATA.
 *
 *     npm run bench:read [rounds [case ...]]
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCatalog } from "../../src/catalog/snapshot.ts";
import { openDump } from "../../src/sources/dump.ts";
import { machine, median, type Run, ratio, runInTurns, type Subject, table } from "./frame.ts";

const ROWS = 5_000_000;

interface Case {
  readonly name: string;
  /** Within the folder of dumps. */
  readonly file: string;
  /** What reads the same file without rowpatch. */
  readonly base: (path: string) => readonly [string, ...string[]];
}

const restore = (path: string): readonly [string, ...string[]] => [
  "pg_restore",
  "-f",
  "/dev/null",
  path,
];

const CASES: readonly Case[] = [
  { name: "custom gzip", file: "custom_gzip.dump", base: restore },
  { name: "custom, none", file: "custom_none.dump", base: restore },
  { name: "directory gzip", file: "dir_gzip", base: restore },
  {
    name: "directory zstd",
    file: "dir_zstd",
    // pg_restore 15 knows no zstd: what it takes for the same rows in gzip.
    base: (path) => restore(path.replace(/dir_zstd$/, "dir_gzip")),
  },
  {
    name: "plain",
    file: "plain.sql",
    // No program reads plain dumps but psql: what pg_restore takes for the same rows in gzip.
    base: (path) => restore(path.replace(/plain\.sql$/, "custom_gzip.dump")),
  },
];

async function main(): Promise<void> {
  const [first, ...wanted] = process.argv.slice(2);
  if (first === "--child") return read(wanted[0] ?? "");
  if (first === "--count") return count(wanted[0] ?? "");
  const rounds = Number(first ?? 5);
  const folder = process.env["ROWPATCH_BENCH_DATA"] ?? join(tmpdir(), "rowpatch-bench-read");
  makeDumps(folder);
  const rows: string[][] = [
    ["case", "rowpatch", "CPU", "peak memory", "pg_restore", "CPU", "ratio", "ratio of CPU"],
  ];
  for (const { name, file, base } of CASES) {
    const path = join(folder, file);
    if (!existsSync(path) || (wanted.length > 0 && !wanted.some((word) => name.includes(word)))) {
      continue;
    }
    const [command, ...args] = base(path);
    const child = [process.argv[1] ?? "", "--child", path];
    const subjects: readonly Subject[] = [
      { name: "rowpatch", command: process.execPath, args: child },
      { name: "base", command, args },
    ];
    // Once, unmeasured: pg_restore counts no rows either. What is measured must give as many bytes.
    const counted = execFileSync(process.execPath, [process.argv[1] ?? "", "--count", path]);
    if (!counted.includes(`"rows":${ROWS},`)) throw new Error(`${name}: ${counted}`);
    const runs = runInTurns(subjects, rounds);
    const own = runs.get("rowpatch") ?? [];
    for (const { output } of own) {
      if (bytesOf(output) !== bytesOf(`${counted}`)) throw new Error(`${name}: ${output}`);
    }
    rows.push(row(name, own, runs.get("base") ?? []));
  }
  process.stdout.write(`${machine([["pg_restore", "--version"]])}\n\n${table(rows)}\n`);
}

function row(name: string, own: readonly Run[], base: readonly Run[]): string[] {
  const seconds = (runs: readonly Run[], of: "seconds" | "cpu"): string =>
    `${median(runs.map((run) => run[of])).toFixed(2)} s`;
  return [
    name,
    seconds(own, "seconds"),
    seconds(own, "cpu"),
    `${Math.round(Math.max(...own.map(({ megabytes }) => megabytes)))} MB`,
    seconds(base, "seconds"),
    seconds(base, "cpu"),
    ratio(own, base, "seconds").toFixed(2),
    ratio(own, base, "cpu").toFixed(2),
  ];
}

/** What every comparison does with a dump: open it, read its catalog and all its rows, in chunks of whole lines. */
async function read(path: string): Promise<void> {
  let bytes = 0;
  for await (const chunk of chunksOf(path)) bytes += chunk.length;
  const { maxRSS } = process.resourceUsage();
  process.stdout.write(JSON.stringify({ bytes, maxRSS }));
}

async function count(path: string): Promise<void> {
  let [rows, bytes] = [0, 0];
  for await (const chunk of chunksOf(path)) {
    bytes += chunk.length;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) rows += 1;
  }
  process.stdout.write(JSON.stringify({ rows, bytes }));
}

async function* chunksOf(path: string): AsyncGenerator<Buffer> {
  await using dump = await openDump(path);
  const catalog = await readCatalog(dump);
  for (const { name, columns } of catalog.tables) {
    const request = { table: name, parts: [name], columns: columns.map((column) => column.name) };
    yield* dump.lines(request);
  }
}

function bytesOf(output: string): string | undefined {
  return /"bytes":(\d+)/.exec(output)?.[1];
}

/** About 115 bytes a row, much like text that people wrote. */
const TABLE = `
CREATE TABLE reading (id bigint NOT NULL, author integer NOT NULL, email text NOT NULL, body text NOT NULL,
  created timestamp with time zone NOT NULL, note text, active boolean NOT NULL);
INSERT INTO reading
  SELECT id, id % 977, 'user-' || h || '@example.org', 'How would you rate question ' || h || '?',
    timestamptz '2026-01-10 12:00:00+00' + (id % 18) * interval '1 day' + id * interval '1 microsecond', NULL, id % 7 <> 0
  FROM (SELECT id, substr(md5(id::text), 1, 8) AS h FROM generate_series(1, ${ROWS}) AS id) AS s;
ALTER TABLE reading ADD PRIMARY KEY (id);
`;

function makeDumps(folder: string): void {
  if (existsSync(folder)) return;
  const server = process.env["ROWPATCH_BENCH_URL"];
  if (server === undefined) {
    throw new Error("ROWPATCH_BENCH_URL names no server to make the dumps on");
  }
  const database = `rowpatch_bench_${process.pid}`;
  const run = (command: string, ...args: string[]) => execFileSync(command, args);
  const address = new URL(server);
  address.pathname = `/${database}`;
  const url = address.href;
  run("psql", "-qX", server, "-c", `CREATE DATABASE ${database}`);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "table.sql"), TABLE);
    run("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", join(folder, "table.sql"), url);
    run("pg_dump", "-Fp", "-f", join(folder, "plain.sql"), url);
    run("pg_dump", "-Fc", "-f", join(folder, "custom_gzip.dump"), url);
    run("pg_dump", "-Fc", "-Z0", "-f", join(folder, "custom_none.dump"), url);
    run("pg_dump", "-Fd", "-f", join(folder, "dir_gzip"), url);
    makeZstd(folder, (path) => run("pg_dump", "-Fd", "-Z0", "-f", path, url));
  } finally {
    run("psql", "-qX", server, "-c", `DROP DATABASE ${database}`);
  }
}

/** pg_dump writes zstd from 16 on; here its files are compressed afterwards, if there is a program that can. */
function makeZstd(folder: string, dump: (path: string) => void): void {
  const path = join(folder, "dir_zstd");
  try {
    execFileSync("zstd", ["--version"], { stdio: "ignore" });
  } catch {
    process.stderr.write("no zstd here: that case is left out\n");
    return;
  }
  dump(path);
  for (const name of readdirSync(path)) {
    if (/^\d+\.dat$/.test(name)) execFileSync("zstd", ["-q", "--rm", join(path, name)]);
  }
}

await main();
