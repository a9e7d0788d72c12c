/**
 * Cases of other shapes than one large table: many tables, wide rows, and how soon the program is there.
 */
import { type Case, compared, copyOut, diffing, type Result, restoreNowhere } from "./case.ts";
import { type Data, FEW } from "./data.ts";
import { inTurns, middle, rowpatch } from "./measure.ts";

/** Tables of 10 rows; one row in each tenth table is edited. */
async function manyTables(
  data: Data,
  tables: number,
): Promise<{ production: string; dump: string; local: string; updates: number }> {
  const production = await data.database(`tables_${tables}`, {
    statements: [
      `DO $$ BEGIN FOR n IN 1..${tables} LOOP
  EXECUTE format('CREATE TABLE %I (id integer PRIMARY KEY, name text NOT NULL, note text)', 'part_' || n);
  EXECUTE format('INSERT INTO %I SELECT id, md5(id::text), NULL FROM generate_series(1, 10) AS id', 'part_' || n);
  IF n % 500 = 0 THEN COMMIT; END IF;
END LOOP; END $$`,
    ],
  });
  const local = await data.database(`tables_${tables}_edited`, {
    template: `tables_${tables}`,
    statements: [
      `DO $$ BEGIN FOR n IN 1..${tables} LOOP
  IF n % 10 = 0 THEN EXECUTE format('UPDATE %I SET note = ''edited'' WHERE id = 5', 'part_' || n); END IF;
END LOOP; END $$`,
    ],
  });
  const dump = await data.dump(`tables_${tables}`, production);
  return { production, dump, local, updates: Math.floor(tables / 10) };
}

const tables: Case = {
  letter: "f",
  async run(context) {
    const { rows, rounds } = context.options;
    const count = between(rows / 1000, 20, 5000);
    const { dump, local, updates } = await manyTables(context.data, count);
    const own = diffing(context, { production: dump, local, updates });
    const base = { name: "pg_restore", stages: [[restoreNowhere(dump)]] };
    const name = `${count.toLocaleString("en")} tables of 10 rows, dump vs live`;
    const bound = { of: "seconds", must: 10, aim: 4 } as const;
    return {
      results: [await compared(own, base, { rounds, name, bound, memory: 300 })],
      others: [],
    };
  },
};

const WIDE_BYTES = 20_000;

const wide: Case = {
  letter: "g",
  async run(context) {
    const { data, options } = context;
    const count = between(options.rows / 50, 1000, 100_000);
    const production = await data.database(`wide_${count}`, {
      statements: [
        "CREATE TABLE page (id bigint PRIMARY KEY, title text NOT NULL, body text NOT NULL)",
        // Pieces of 64 random texts: the time goes into rows, not into making them.
        `CREATE TEMPORARY TABLE pool AS SELECT n, string_agg(md5(n || '-' || m), '') AS t
  FROM generate_series(0, 63) AS n, generate_series(1, ${Math.ceil((WIDE_BYTES * 2) / 32)}) AS m GROUP BY n;
INSERT INTO page SELECT id, 'page ' || id, substr(t, (id * 7 % ${WIDE_BYTES})::int + 1, ${WIDE_BYTES})
  FROM generate_series(1, ${count}) AS id JOIN pool ON n = id % 64`,
      ],
    });
    const local = await data.database(`wide_${count}_edited`, {
      template: `wide_${count}`,
      statements: [`UPDATE page SET body = 'Edited. ' || body WHERE id % ${FEW} = 0`],
    });
    const dump = await data.dump(`wide_${count}`, production);
    const own = diffing(context, { production: dump, local, updates: Math.floor(count / FEW) });
    const base = { name: "COPY", stages: [[copyOut(local, "page")]] };
    const name = `${count.toLocaleString("en")} rows of 20 KB, dump vs live`;
    const bound = { of: "ratio", must: 1.3, aim: 1.1 } as const;
    const facts = { rounds: options.rounds, name, bound, memory: 300 };
    return { results: [await compared(own, base, facts)], others: [] };
  },
};

const start: Case = {
  letter: "i",
  async run(context) {
    const { options, data, folder } = context;
    const { dump, local, updates } = await manyTables(data, 20);
    const version = {
      name: "version",
      stages: [[rowpatch({ program: options.program, folder }, ["--version"])]],
    };
    const diff = { ...diffing(context, { production: dump, local, updates }), name: "diff" };
    const runs = await inTurns([version, diff], Math.max(options.rounds, 5));
    const results: readonly Result[] = [
      {
        name: "rowpatch --version",
        own: middle(runs.get("version") ?? []),
        bound: { of: "seconds", must: 0.15 },
      },
      {
        name: "diff of 20 tables of 10 rows, dump vs live",
        own: middle(runs.get("diff") ?? []),
        bound: { of: "seconds", must: 0.6 },
      },
    ];
    return { results, others: [] };
  },
};

function between(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, Math.round(value)));
}

export const SHAPE_CASES: readonly Case[] = [tables, wide, start];
