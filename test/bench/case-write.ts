/**
 * Cases of many changes: the bundle is written, and deploy.sql is run against the hand-written way.
 */
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Case, type Context, compared, copyOut, expectCounts, type Result } from "./case.ts";
import { edited, production } from "./data.ts";
import { inTurns, middle, type Program, quotient, rowpatch, run } from "./measure.ts";

interface Written {
  readonly dump: string;
  readonly local: string;
  readonly out: string;
  readonly flags?: readonly string[];
}

/** `rowpatch script` into `out`, which is made anew. */
function writing({ options, folder }: Context, { dump, local, out, flags = [] }: Written): Program {
  const args = [
    "script",
    "--production",
    dump,
    "--local",
    local,
    "--out",
    out,
    "--force",
    "--json",
    ...flags,
  ];
  return rowpatch({ program: options.program, folder }, args);
}

const bundle: Case = {
  letter: "e",
  async run(context) {
    const { data, folder, options } = context;
    const { rows, rounds } = options;
    const dump = await data.dump(`production_${rows}`, await production(data, rows));
    const local = await edited(data, rows, 2);
    const out = join(folder, "bundle");
    const own = {
      name: "rowpatch",
      before: () => rm(out, { recursive: true, force: true }),
      stages: [[writing(context, { dump, local, out })]],
      check: (output: string) => expectCounts(output, Math.floor(rows / 2)),
    };
    const base = { name: "COPY", stages: [[copyOut(local)]] };
    const bound = { of: "ratio", must: 8, aim: 4 } as const;
    const name = "half of all rows changed, whole bundle written";
    const result = await compared(own, base, { rounds, name, bound, memory: 300 });
    await rm(out, { recursive: true, force: true });
    return { results: [result], others: [] };
  },
};

/** Text with all that some file escapes, bytea and jsonb of about so many bytes as text. */
const LONG_VALUES = (
  bytes: number,
) => `CREATE TABLE document (id integer PRIMARY KEY, body text, file bytea, tree jsonb);
CREATE FUNCTION words(seed integer) RETURNS text LANGUAGE sql AS $$ SELECT repeat(md5(seed::text) || E'\\n\\\\''"\u00e9', ${Math.ceil(bytes / 38)}) $$;
INSERT INTO document SELECT n, words(n) FROM generate_series(1, 3) AS n;
INSERT INTO document SELECT n, NULL, decode(repeat(md5(n::text), ${Math.ceil(bytes / 32)}), 'hex') FROM generate_series(4, 6) AS n;
INSERT INTO document SELECT n, NULL, NULL, jsonb_build_object('words', words(n)) FROM generate_series(7, 9) AS n`;

/** Of each type one value is changed, one is deleted, one stays, one is new. */
const LONG_EDITS = [
  "UPDATE document SET body = body || '.', file = file || '\\x00', tree = tree || '{\"more\": 1}' WHERE id IN (1, 4, 7)",
  "DELETE FROM document WHERE id IN (2, 5, 8)",
  "INSERT INTO document SELECT id + 10, body, file, tree FROM document WHERE id IN (3, 6, 9)",
];

const longValues: Case = {
  letter: "l",
  async run(context) {
    const { data, folder, options } = context;
    const bytes = Math.min(100_000_000, Math.max(1_000_000, options.rows * 20));
    const megabytes = Math.round(bytes / 1e6);
    const name = `long_${megabytes}`;
    const url = await data.database(name, { statements: [LONG_VALUES(bytes)] });
    const local = await data.database(`${name}_edited`, { template: name, statements: LONG_EDITS });
    const dump = await data.dump(name, url);
    const out = join(folder, "long");
    const flags = ["--deletes", "apply"];
    const results: Result[] = [];
    for (const [kind, side] of [
      ["dump vs live", dump],
      ["live vs live", url],
    ] as const) {
      const own = {
        name: "rowpatch",
        before: () => rm(out, { recursive: true, force: true }),
        stages: [[writing(context, { dump: side, local, out, flags })]],
      };
      const base = { name: "COPY", stages: [[copyOut(local, "document")]] };
      const title = `9 changed values of ${megabytes} MB, ${kind}, whole bundle written`;
      results.push(await compared(own, base, { rounds: options.rounds, name: title, memory: 600 }));
    }
    await rm(out, { recursive: true, force: true });
    return { results, others: [] };
  },
};

const FIFTH = 5;

const deploy: Case = {
  letter: "j",
  async run(context) {
    const { data, folder, options } = context;
    const { rows } = options;
    const dump = await data.dump(`production_${rows}`, await production(data, rows));
    const local = await edited(data, rows, FIFTH);
    const out = join(folder, "bundle_fifth");
    await rm(out, { recursive: true, force: true });
    await run(writing(context, { dump, local, out }));
    const hand = await handWritten(context, local);
    const fresh = async (): Promise<void> => {
      const url = await data.copy("target", `production_${rows}`);
      // Both find the table in the same state: read once.
      await data.psql(url, "SELECT count(*) FROM reading WHERE body LIKE '%?'");
    };
    const target = context.cluster.url("rowpatch_bench_target");
    const subject = (name: string, file: string) => ({
      name,
      before: fresh,
      stages: [
        [
          {
            command: "psql",
            args: ["-Xq", "-v", "ON_ERROR_STOP=1", "-f", file, target],
            keep: true,
          },
        ],
      ],
    });
    const expected = Math.floor(rows / FIFTH);
    const own = {
      ...subject("rowpatch", join(out, "deploy.sql")),
      check(output: string) {
        if (!output.includes(`${expected} rows changed`)) throw new Error(`deployed: ${output}`);
      },
    };
    const base = subject("hand-written", hand);
    const runs = await inTurns([own, base], options.rounds);
    const edits = await data.psql(
      target,
      "SELECT count(*) FROM reading WHERE body LIKE '% Edited.'",
    );
    if (Number(edits) !== expected)
      throw new Error(`${edits} rows were written by hand, not ${expected}`);
    await data.drop("target");
    await rm(out, { recursive: true, force: true });
    const [mine = [], its = []] = [runs.get(own.name), runs.get(base.name)];
    const name = `deploy.sql of ${expected.toLocaleString("en")} changed rows, by psql`;
    const reference = {
      name: "COPY into a temporary table and one UPDATE, by hand",
      seconds: middle(its).seconds,
      ratio: quotient(mine, its),
    };
    const bound = { of: "ratio", must: 1.5 } as const;
    return { results: [{ name, own: middle(mine), base: reference, bound }], others: [] };
  },
};

/** What someone would write who trusts that nothing has changed meanwhile. */
async function handWritten({ data, folder, options }: Context, local: string): Promise<string> {
  const path = join(folder, `hand_${options.rows}.sql`);
  if (existsSync(path)) return path;
  const rows = await data.psql(
    local,
    `COPY (SELECT id, body FROM reading WHERE id % ${FIFTH} = 0 ORDER BY id) TO STDOUT`,
  );
  const script = `BEGIN;
CREATE TEMPORARY TABLE edits (id bigint PRIMARY KEY, body text) ON COMMIT DROP;
COPY edits FROM stdin;
${rows}\\.
ANALYZE edits;
UPDATE reading AS t SET body = e.body FROM edits AS e WHERE t.id = e.id;
COMMIT;
`;
  await writeFile(path, script);
  return path;
}

export const WRITE_CASES: readonly Case[] = [bundle, longValues, deploy];
