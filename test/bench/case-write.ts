/**
 * Cases of many changes: the bundle is written, and deploy.sql is run against the hand-written way.
 */
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Case, type Context, compared, copyOut, expectCounts } from "./case.ts";
import { edited, production } from "./data.ts";
import { inTurns, middle, type Program, quotient, rowpatch, run } from "./measure.ts";

/** `rowpatch script` into `out`, which is made anew. */
function writing(
  { options, folder }: Context,
  { dump, local, out }: { readonly dump: string; readonly local: string; readonly out: string },
): Program {
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

export const WRITE_CASES: readonly Case[] = [bundle, deploy];
