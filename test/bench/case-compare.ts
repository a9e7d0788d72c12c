/**
 * Cases of one large table that is compared: dump or live, in order or shuffled, and how time grows with rows.
 */
import { execFileSync } from "node:child_process";
import {
  type Case,
  type Context,
  compared,
  copyOut,
  diffing,
  type Other,
  others,
  type Result,
  restoreNowhere,
} from "./case.ts";
import { edited, FEW, production, shuffled } from "./data.ts";
import type { Program, Subject } from "./measure.ts";

interface Sides {
  readonly production: string;
  readonly productionDump: string;
  readonly local: string;
  readonly updates: number;
}

async function fewChanged({ data }: Context, rows: number): Promise<Sides> {
  const url = await production(data, rows);
  const local = await edited(data, rows, FEW);
  const productionDump = await data.dump(`production_${rows}`, url);
  return { production: url, productionDump, local, updates: Math.floor(rows / FEW) };
}

async function dumpAgainstLive(context: Context, rows: number, name: string): Promise<Result> {
  const { productionDump, local, updates } = await fewChanged(context, rows);
  const own = diffing(context, { production: productionDump, local, updates });
  const base = { name: "COPY", stages: [[copyOut(local)]] };
  const bound = { of: "ratio", must: 1.2, aim: 0.9 } as const;
  return compared(own, base, { rounds: context.options.rounds, name, bound, memory: 200 });
}

const dumpAndLive: Case = {
  letter: "a",
  async run(context) {
    const { rows } = context.options;
    const result = await dumpAgainstLive(context, rows, "dump vs live, 0.14 % changed");
    if (!context.options.others) return { results: [result], others: [] };
    const { productionDump, local } = await fewChanged(context, rows);
    const restore = { name: "pg_restore to /dev/null", stages: [[restoreNowhere(productionDump)]] };
    const subjects = [restore, ...(await restoreAndJoin(context, productionDump, local))];
    const measured = await others(result, subjects);
    await context.data.drop("scratch");
    return { results: [result], others: measured };
  },
};

/** The dump restored, and a full join with the local table through postgres_fdw. */
async function restoreAndJoin(
  { data, cluster }: Context,
  dump: string,
  local: string,
): Promise<readonly Subject[]> {
  const available =
    "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'postgres_fdw')";
  if (!(await data.psql(cluster.url("postgres"), available)).startsWith("t")) return [];
  const scratch = await data.database("scratch", { statements: [] });
  const { hostname, port, username, password, pathname } = new URL(local);
  const user = `user '${username}'${password === "" ? "" : `, password '${password}'`}`;
  const join = [
    "CREATE EXTENSION IF NOT EXISTS postgres_fdw",
    `CREATE SERVER local FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '${hostname}', port '${port || 5432}', dbname '${pathname.slice(1)}', fetch_size '10000')`,
    `CREATE USER MAPPING FOR CURRENT_USER SERVER local OPTIONS (${user})`,
    "CREATE SCHEMA local",
    "IMPORT FOREIGN SCHEMA public FROM SERVER local INTO local",
    "SELECT count(*) FROM public.reading p FULL JOIN local.reading l USING (id) WHERE p IS DISTINCT FROM l",
  ];
  const restore: Program = { command: "pg_restore", args: ["-d", scratch, dump] };
  const query: Program = {
    command: "psql",
    args: ["-Xq", "-v", "ON_ERROR_STOP=1", ...join.flatMap((text) => ["-c", text]), scratch],
  };
  const before = async () => {
    await data.copy("scratch", "empty");
  };
  await data.database("empty", { statements: [] });
  return [
    { name: "restore and full join through postgres_fdw", stages: [[restore], [query]], before },
  ];
}

const shuffledDump: Case = {
  letter: "b",
  async run(context) {
    const { rows, rounds } = context.options;
    const url = await shuffled(context.data, rows);
    const dump = await context.data.dump(`shuffled_${rows}`, url);
    const { local, updates } = await fewChanged(context, rows);
    const own = diffing(context, { production: dump, local, updates });
    const base = { name: "COPY", stages: [[copyOut(local)]] };
    const name = "the same, production shuffled";
    const bound = { of: "ratio", must: 5, aim: 2.5 } as const;
    return {
      results: [await compared(own, base, { rounds, name, bound, memory: 512 })],
      others: [],
    };
  },
};

const twoDumps: Case = {
  letter: "c",
  async run(context) {
    const { rows, rounds } = context.options;
    const { productionDump, local, updates } = await fewChanged(context, rows);
    const localDump = await context.data.dump(`edited_${rows}`, local);
    const own = diffing(context, { production: productionDump, local: localDump, updates });
    const stages = [productionDump, localDump].map((dump) => [restoreNowhere(dump)]);
    const base = { name: "two pg_restore, one after the other", stages };
    const bound = { of: "ratio", must: 1.5, aim: 1.2 } as const;
    const name = "two dumps, no server";
    return {
      results: [await compared(own, base, { rounds, name, bound, memory: 200 })],
      others: [],
    };
  },
};

const twoDatabases: Case = {
  letter: "d",
  async run(context) {
    const { rows, rounds } = context.options;
    const sides = await fewChanged(context, rows);
    const own = diffing(context, sides);
    const both = [copyOut(sides.production), copyOut(sides.local)];
    const base = { name: "two COPY side by side", stages: [both] };
    const bound = { of: "ratio", must: 1.6, aim: 1.3 } as const;
    const result = await compared(own, base, {
      rounds,
      name: "two live databases",
      bound,
      memory: 200,
    });
    const found = context.options.others ? await comparator(result, sides) : [];
    return { results: [result], others: found };
  },
};

/** It compares by checksums computed in both servers. */
async function comparator(result: Result, sides: Sides): Promise<readonly Other[]> {
  const name = "pg_comparator, two live databases";
  try {
    execFileSync("pg_comparator", ["--version"], { stdio: "ignore" });
  } catch {
    return [{ name }];
  }
  const address = (url: string): string =>
    `${url.replace(/^postgres(ql)?:/, "pgsql:")}/reading?id:author,email,body,created,note,active`;
  const args = [address(sides.production), address(sides.local)];
  const program = { command: "pg_comparator", args, codes: [0, 1, 2] };
  return others(result, [{ name, stages: [[program]] }]);
}

/** Time must grow with the rows and no faster; memory must not grow. */
const growth: Case = {
  letter: "h",
  async run(context) {
    const { rows, large } = context.options;
    const sizes = [Math.ceil(rows / 5), rows, ...(large ? [rows * 4] : [])];
    const results: Result[] = [];
    for (const size of sizes) {
      const name = `dump vs live, ${size.toLocaleString("en")} rows`;
      // Linear time is the bound here, not the ratio to COPY: a short run is mostly start.
      const { bound: _, ...result } = await dumpAgainstLive(context, size, name);
      const perMillion = (result.own.seconds / size) * 1e6;
      results.push({ ...result, note: `${perMillion.toFixed(2)} s a million rows` });
    }
    return { results, others: [] };
  },
};

export const COMPARE_CASES: readonly Case[] = [
  dumpAndLive,
  shuffledDump,
  twoDumps,
  twoDatabases,
  growth,
];
