/**
 * The rehearsal of a bundle, against what any rehearsal begins with: pg_restore of the dump into an empty database.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Case, compared } from "./case.ts";
import { edited, FEW, production } from "./data.ts";
import { rowpatch, run } from "./measure.ts";

const rehearsal: Case = {
  letter: "k",
  async run(context) {
    const { cluster, data, folder, options } = context;
    const { rows, rounds, program } = options;
    const dump = await data.dump(`production_${rows}`, await production(data, rows));
    const local = await edited(data, rows, FEW);
    const out = join(folder, "bundle_few");
    await rm(out, { recursive: true, force: true });
    const sides = ["--production", dump, "--local", local];
    await run(rowpatch({ program, folder }, ["script", ...sides, "--out", out]));
    // Of its own accord on a temporary cluster, which has to be made first: that time is the rehearsal's.
    const rehearsing = ["rehearse", out, "--production", dump, "--scratch-kind", "binaries"];
    const own = {
      name: "rowpatch",
      stages: [[rowpatch({ program, folder }, rehearsing)]],
      check(output: string) {
        if (!output.includes("the rehearsal passed")) throw new Error(`rehearsed: ${output}`);
      },
    };
    const base = {
      name: "pg_restore into an empty database",
      before: async () => {
        await data.drop("restored");
        await data.database("restored", { statements: [] });
      },
      stages: [
        [{ command: "pg_restore", args: ["-d", cluster.url("rowpatch_bench_restored"), dump] }],
      ],
    };
    const name = `rehearsal of ${Math.floor(rows / FEW).toLocaleString("en")} changed rows`;
    const bound = { of: "ratio", must: 2.5 } as const;
    const result = await compared(own, base, { rounds, name, bound });
    await data.drop("restored");
    await rm(out, { recursive: true, force: true });
    return { results: [result], others: [] };
  },
};

export const REHEARSE_CASES: readonly Case[] = [rehearsal];
