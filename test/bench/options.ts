/**
 * The flags of `npm run bench`.
 */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

export interface Options {
  /** Of the large table; the other cases are sized after it. */
  readonly rows: number;
  readonly rounds: number;
  /** Letters of the cases to run. */
  readonly cases: readonly string[];
  /** Where databases and dumps are kept for the next time; undefined for a folder that is removed in the end. */
  readonly data: string | undefined;
  /** A server to use in place of a cluster of its own. */
  readonly server: string | undefined;
  /** Four times as many rows as well, in the case that watches growth. */
  readonly large: boolean;
  /** Into RESULTS.md and the README. */
  readonly write: boolean;
  /** What else one could do is measured too. */
  readonly others: boolean;
  /** rowpatch's bin file. */
  readonly program: string;
}

export const USAGE = `npm run bench -- [--rows 5000000] [--rounds 5] [--cases a,b] [--data FOLDER] [--server URL] [--large] [--no-others] [--write]
  --rows      rows of the large table; other cases are sized after it
  --rounds    how often each case is run; the table shows medians
  --cases     letters of the cases; all without it
  --data      keeps databases and dumps in this folder, and takes them from there
  --server    uses this server in place of a temporary cluster
  --large     runs the case of growth with four times as many rows too
  --no-others leaves out what else one could do: restore and join, pg_comparator
  --program   measures this bin/rowpatch.js
  --write     writes the tables into test/bench/RESULTS.md and README.md

  a  dump vs live, 0.14 % changed           f  5,000 tables of 10 rows
  b  the same, production shuffled          g  100,000 rows of 20 KB
  c  two dumps                              h  a fifth of the rows, all, and four times as many (--large)
  d  two live databases                     i  the version, and a diff of 20 tables
  e  half of all rows changed, the bundle   j  deploy.sql of a fifth of the rows, against the hand-written way
  k  rehearsal of the bundle of a, against pg_restore
  l  changed values of 100 MB (20 bytes a row of --rows), the bundle: how much memory it takes
`;

/** @throws if the flags mean nothing. */
export function readOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rows: { type: "string", default: "5000000" },
      rounds: { type: "string", default: "5" },
      cases: { type: "string", default: "a,b,c,d,e,f,g,h,i,j,k,l" },
      data: { type: "string" },
      server: { type: "string" },
      large: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      "no-others": { type: "boolean", default: false },
      // Compiled, this file lies in out/bench/test/bench.
      program: {
        type: "string",
        default: fileURLToPath(new URL("../../../../bin/rowpatch.js", import.meta.url)),
      },
    },
  });
  const { rows, rounds, cases, data, server, large, write, program } = values;
  return {
    rows: positive("--rows", rows),
    rounds: positive("--rounds", rounds),
    cases: cases.split(","),
    data,
    server,
    large,
    write,
    others: !values["no-others"],
    program: resolve(program),
  };
}

function positive(flag: string, value: string): number {
  const number = Number(value.replaceAll("_", ""));
  if (!Number.isInteger(number) || number < 1) throw new Error(`${flag} is not a number: ${value}`);
  return number;
}
