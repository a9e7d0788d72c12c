/**
 * The effects check: what the transaction has really done, as PostgreSQL counted it, against what was reviewed.
 *
 * Source: docs, "The Cumulative Statistics System", pg_stat_xact_user_tables; rows that cascades touch are counted there too.
 * A row that moves between partitions counts as delete and insert, so counts are taken over a partition tree as
 * inserts + updates and inserts - deletes.
 */

import { nameKey, plural, quoteName, type TableName } from "../names.ts";
import type { Plan, StepKind } from "../order/steps.ts";
import { doBlock, join, literal, type Sql, sql } from "./sql.ts";
import type { ScriptTable } from "./table.ts";

interface Effects {
  inserts: number;
  updates: number;
  deletes: number;
}

const COUNTED: Readonly<Record<StepKind, keyof Effects>> = {
  release: "updates",
  insert: "inserts",
  update: "updates",
  delete: "deletes",
};

/** Rows written by the plan's steps, by table. */
function reviewedEffects(plan: Plan): ReadonlyMap<string, Effects> {
  const effects = new Map<string, Effects>();
  for (const { table, kind, count } of plan.steps) {
    const counted = effects.get(nameKey(table)) ?? { inserts: 0, updates: 0, deletes: 0 };
    counted[COUNTED[kind]] += count;
    effects.set(nameKey(table), counted);
  }
  for (const { table, updates } of plan.cascades) {
    const counted = effects.get(nameKey(table)) ?? { inserts: 0, updates: 0, deletes: 0 };
    counted.updates += updates;
    effects.set(nameKey(table), counted);
  }
  return effects;
}

export interface EffectsFacts {
  /** Tables that may have any effects. */
  readonly writtenByTriggers: readonly TableName[];
  /** Tables that the script itself makes. */
  readonly made: readonly TableName[];
  /** Changes in all: what was parked meanwhile is written twice, and counts once. */
  readonly changes: number;
  readonly direction: "deploy" | "revert";
}

/** The DO block of the effects check. It leaves what was done in the settings rowpatch.outcome and rowpatch.done. */
export function effectsCheck(
  plan: Plan,
  tables: ReadonlyMap<string, ScriptTable>,
  { writtenByTriggers, made, changes, direction }: EffectsFacts,
): Sql {
  const reviewed = [...reviewedEffects(plan)].flatMap(([key, { inserts, updates, deletes }]) => {
    const table = tables.get(key);
    return table
      ? [sql`(${literal(quoteName(table.name))}, ${inserts}, ${updates}, ${deletes})`]
      : [];
  });
  const free = [...writtenByTriggers, ...made].map(oid);
  const except =
    free.length > 0 ? sql` WHERE relid IS NULL OR relid NOT IN (${join(free, ", ")})` : sql``;
  const own = made.length > 0 ? sql` AND c.oid NOT IN (${join(made.map(oid), ", ")})` : sql``;
  const parked = plan.steps.some(({ kind }) => kind === "release");
  return doBlock(
    "effects",
    body(reviewed.length > 0 ? reviewed : [sql`(NULL, 0, 0, 0)`], {
      except,
      own,
      hint: literal(HINT[direction]),
      partly: literal(PARTLY[direction]),
      outcome: sql`${literal(plural(changes, "row"))}, wrote, 'changed'`,
      part: parked
        ? sql`done, ' rows', wrote, 'written, some of them twice; the others were in place'`
        : sql`done, CASE done WHEN 1 THEN ' row' ELSE ' rows' END, wrote, 'changed, the others were in place'`,
    }),
  );
}

function oid(table: TableName): Sql {
  return sql`to_regclass(${literal(quoteName(table))})::oid`;
}

const HINT = {
  deploy:
    "Nothing was changed. A cascade, trigger or rule wrote more than was reviewed; preflight.sql shows new rows that refer to deleted or changed ones.",
  revert:
    "Nothing was changed. A cascade, trigger or rule wrote more than was reviewed: rows that came after the deploy may refer to rows that this script takes away.",
} as const;

const PARTLY = {
  deploy:
    "Nothing was changed. preflight.sql shows which. To take them as they are, add -v in_place=accept; revert.sql would then undo them too.",
  revert:
    "Nothing was changed. Someone has taken a part of the deploy back. To take that as it is, add -v in_place=accept.",
} as const;

interface Texts {
  readonly except: Sql;
  readonly own: Sql;
  readonly hint: Sql;
  readonly partly: Sql;
  readonly outcome: Sql;
  readonly part: Sql;
}

function body(reviewed: readonly Sql[], texts: Texts): Sql {
  return sql`DECLARE
  other text;
  fewer text;
  redefined text;
  done bigint;
  wrote CONSTANT text := CASE WHEN current_setting('rowpatch.dry_run')::boolean THEN ' would be ' ELSE ' ' END;
BEGIN
  WITH listed (tbl, ins, upd, del) AS (VALUES
      ${join(reviewed, ",\n      ")}),
  reviewed AS (SELECT to_regclass(tbl)::oid AS relid, ins, upd, del FROM listed WHERE tbl IS NOT NULL),
  counted AS (
    SELECT coalesce(pg_partition_root(s.relid)::oid, s.relid) AS relid,
           sum(s.n_tup_ins - coalesce((b.counts ->> 0)::bigint, 0)) AS ins,
           sum(s.n_tup_upd - coalesce((b.counts ->> 1)::bigint, 0)) AS upd,
           sum(s.n_tup_del - coalesce((b.counts ->> 2)::bigint, 0)) AS del
    FROM pg_stat_xact_user_tables s
    JOIN pg_class c ON c.oid = s.relid AND c.relpersistence <> 't'
    LEFT JOIN jsonb_each(current_setting('rowpatch.before')::jsonb) AS b (relid, counts) ON b.relid = s.relid::text
    GROUP BY 1),
  compared AS (
    SELECT relid::regclass::text AS tbl, (SELECT c.relkind = 'p' FROM pg_class c WHERE c.oid = relid) AS partitioned,
           coalesce(a.ins, 0) AS ins, coalesce(a.upd, 0) AS upd, coalesce(a.del, 0) AS del,
           coalesce(r.ins, 0) AS rins, coalesce(r.upd, 0) AS rupd, coalesce(r.del, 0) AS rdel
    FROM reviewed r FULL JOIN counted a USING (relid)${texts.except}),
  judged AS (
    SELECT format('%s: %s inserts, %s updates, %s deletes, reviewed %s, %s, %s', tbl, ins, upd, del, rins, rupd, rdel) AS line,
           ins + upd + del AS rows,
           -- A move between partitions turns one update into an insert and a delete; elsewhere the counts are exact.
           CASE WHEN partitioned THEN ins + upd = rins + rupd AND ins - del = rins - rdel ELSE (ins, upd, del) = (rins, rupd, rdel) END AS same,
           upd <= rupd AND greatest(ins - rins, del - rdel, 0) <= CASE WHEN partitioned THEN rupd - upd ELSE 0 END AS within
    FROM compared)
  SELECT string_agg(line, E'\\n  ' ORDER BY line) FILTER (WHERE NOT within),
         string_agg(line, E'\\n  ' ORDER BY line) FILTER (WHERE within AND NOT same),
         coalesce(sum(rows), 0)
  INTO other, fewer, done FROM judged;
  -- Emptying or rewriting a table does not count as rows; it leaves its entry in pg_class as written by this transaction.
  SELECT string_agg(c.oid::regclass::text, ', ') INTO redefined FROM pg_class c
  WHERE c.xmin = pg_current_xact_id()::xid AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND c.relnamespace <> 'pg_toast'::regnamespace${texts.own};
  IF redefined IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = concat('this transaction has truncated or redefined tables: ', redefined), HINT = 'Nothing was changed. A trigger or rule did that; it was not reviewed.';
  END IF;
  IF other IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = concat(E'the effects are not those reviewed:\\n  ', concat_ws(E'\\n  ', other, fewer)),
      HINT = ${texts.hint};
  ELSIF done > 0 AND fewer IS NOT NULL AND current_setting('rowpatch.in_place') <> 'accept' THEN
    RAISE EXCEPTION USING MESSAGE = concat(E'a part of the changes is in place already:\\n  ', fewer),
      HINT = ${texts.partly};
  END IF;
  PERFORM set_config('rowpatch.done', done::text, true), set_config('rowpatch.outcome', CASE WHEN done = 0 THEN concat('already in place, nothing', wrote, 'changed')
    WHEN fewer IS NOT NULL THEN concat(${texts.part}) ELSE concat(${texts.outcome}) END, true);
END`;
}
