import { Client, DatabaseError } from "pg";
import { describe, expect, test } from "vitest";
import { choiceOf } from "./random/choice.ts";
import { rowsOf } from "./support/content.ts";
import { createDatabase, execute, hasServer, psql } from "./support/postgres.ts";
import { scriptsOf } from "./support/scripts.ts";

/** How often a script is run while production changes. */
const RUNS = Number(process.env["ROWPATCH_CONCURRENT_DEPLOYS"] ?? 50);

const PRODUCTION = `
CREATE TABLE account (id int PRIMARY KEY, code text NOT NULL UNIQUE, status text NOT NULL, hits int NOT NULL DEFAULT 0);
CREATE TABLE entry (id bigint PRIMARY KEY, account int NOT NULL REFERENCES account ON DELETE CASCADE, amount int NOT NULL);
INSERT INTO account SELECT g, 'c' || g, 'open', 0 FROM generate_series(1, 100) g;
INSERT INTO entry SELECT g, 1 + g % 50, g FROM generate_series(1, 200) g;`;

/** Odd accounts are the writers' as well; even ones among 1 to 40, 62 to 70 and 102 to 110 are nobody's but the scripts'. */
const LOCAL = `
UPDATE account SET code = code || ' moves' WHERE id <= 20;
UPDATE account SET code = 'c' || (21 - id), status = 'closed' WHERE id <= 20;
UPDATE account SET status = 'closed' WHERE id BETWEEN 21 AND 40;
DELETE FROM account WHERE id BETWEEN 61 AND 70;
INSERT INTO account SELECT g, 'c' || g, 'new', 0 FROM generate_series(101, 110) g;
INSERT INTO entry SELECT 1000 + g, g, g FROM generate_series(101, 110) g;
UPDATE entry SET amount = -amount WHERE account BETWEEN 5 AND 9;`;

/** What only scripts change, in one snapshot. */
const SEEN = `SELECT concat_ws(' ',
  (SELECT count(*) FROM account WHERE id BETWEEN 22 AND 40 AND id % 2 = 0 AND status = 'closed'),
  (SELECT count(*) FROM account WHERE id BETWEEN 102 AND 110 AND id % 2 = 0 AND status = 'new'),
  (SELECT count(*) FROM account WHERE id BETWEEN 62 AND 70 AND id % 2 = 0),
  (SELECT count(*) FROM account WHERE id <= 20 AND code = 'c' || (21 - id)))`;
const BEFORE = "0 0 5 0";
const AFTER = "10 5 0 20";

/** A writer's own rows and values, each taken back with an exact look: a write that is gone is a lost one. */
async function writer(url: string, seed: number, over: () => boolean): Promise<Written> {
  const client = new Client(url);
  await client.connect();
  const choice = choiceOf(seed);
  const hits = new Map<number, number>();
  const lost: string[] = [];
  let committed = 0;
  const run = async (sql: string): Promise<number | undefined> => {
    try {
      const { rowCount } = await client.query(sql);
      committed += rowCount ?? 0;
      return rowCount ?? 0;
    } catch (error) {
      // A constraint, a deadlock: this write did not happen.
      if (error instanceof DatabaseError && /^(23|40)/.test(error.code ?? "")) return undefined;
      throw error;
    }
  };
  const hit = async (): Promise<void> => {
    const id = choice.between(1, 60);
    if (await run(`UPDATE account SET hits = hits + 1 WHERE id = ${id}`))
      hits.set(id, (hits.get(id) ?? 0) + 1);
  };
  /** Does something, goes on with other work, and undoes it. */
  const whim = async (doing: string, undoing: string): Promise<void> => {
    if (!(await run(doing))) return;
    for (let n = choice.between(2, 40); n > 0; n -= 1) await hit();
    for (let gone = await run(undoing); gone !== 1; gone = await run(undoing))
      if (gone !== undefined) {
        lost.push(`${doing}: ${undoing} finds ${gone}`);
        return;
      }
  };
  let number = seed * 1_000_000;
  while (!over()) {
    for (let n = choice.between(5, 60); n > 0; n -= 1) await hit();
    number += 1;
    const odd = (low: number) => low + 2 * choice.below(5) + 1;
    const mark = `w${number}`;
    const [updated, deleted, inserted] = [odd(20), odd(60), odd(100)];
    const kind = choice.below(4);
    if (kind === 0) {
      const [row] = await execute(url, `SELECT status FROM account WHERE id = ${updated}`);
      const was = row?.[0] ?? "";
      if (/^w/.test(was)) continue;
      await whim(
        `UPDATE account SET status = '${mark}' WHERE id = ${updated} AND status = '${was}'`,
        `UPDATE account SET status = '${was}' WHERE id = ${updated} AND status = '${mark}'`,
      );
    } else if (kind === 1)
      await whim(
        `INSERT INTO entry VALUES (${number}, ${deleted}, 1)`,
        `DELETE FROM entry WHERE id = ${number}`,
      );
    else if (kind === 2)
      await whim(
        `INSERT INTO account VALUES (${inserted}, '${mark}', 'mine')`,
        `DELETE FROM account WHERE id = ${inserted} AND code = '${mark}'`,
      );
    else
      await whim(
        `INSERT INTO account VALUES (${number}, 'c${inserted}', 'mine')`,
        `DELETE FROM account WHERE id = ${number} AND code = 'c${inserted}'`,
      );
  }
  await client.end();
  return { hits, lost, committed };
}

interface Written {
  readonly hits: ReadonlyMap<number, number>;
  readonly lost: readonly string[];
  readonly committed: number;
}

/** Every state that a reader sees. */
async function observer(url: string, over: () => boolean): Promise<ReadonlySet<string>> {
  const client = new Client(url);
  await client.connect();
  const seen = new Set<string>();
  while (!over()) {
    const { rows } = await client.query<string[]>({ text: SEEN, rowMode: "array" });
    seen.add(rows[0]?.[0] ?? "");
  }
  await client.end();
  return seen;
}

describe.skipIf(!hasServer)("while others write", () => {
  test(`each of ${RUNS} or more deploys and reverts applies whole or not at all, and no write is lost`, async () => {
    await using production = await createDatabase({ sql: PRODUCTION });
    await using local = await createDatabase({ template: production.name, sql: LOCAL });
    await using files = await scriptsOf(
      { production: production.url, local: local.url },
      { deletes: "apply" },
    );
    let done = false;
    const over = () => done;
    const others = Promise.all([writer(production.url, 1, over), writer(production.url, 2, over)]);
    const reader = observer(production.url, over);
    const turn: { next: "deploy" | "revert" } = { next: "deploy" };
    const outcomes = { applied: 0, refused: 0 };
    const step = async () => {
      const { exitCode, stdout, stderr } = await psql(production.url, {
        file: files.path(turn.next),
        variables: { quiet: "1" },
      });
      const [state] = await execute(production.url, SEEN);
      const applied = exitCode === 0;
      expect({ exitCode, stdout, stderr }).toEqual({
        exitCode: applied ? 0 : 3,
        stdout: applied ? expect.stringMatching(/: \d+ rows? changed\n$/) : "",
        stderr: applied ? "" : expect.stringContaining("ERROR"),
      });
      expect(state).toEqual([(turn.next === "deploy") === applied ? AFTER : BEFORE]);
      if (applied) turn.next = turn.next === "deploy" ? "revert" : "deploy";
      outcomes[applied ? "applied" : "refused"] += 1;
      return applied;
    };
    // On a busy machine nearly every run meets a writer, on a fast one hardly any: both outcomes must come.
    const isOneSided = () => outcomes.applied === 0 || outcomes.refused === 0;
    for (let n = 0; n < RUNS || (isOneSided() && n < 10 * RUNS); n += 1) await step();
    done = true;
    const written = await others;
    expect([...(await reader)].filter((state) => state !== BEFORE && state !== AFTER)).toEqual([]);
    expect(written.flatMap(({ lost }) => lost)).toEqual([]);
    expect(outcomes.applied, JSON.stringify(outcomes)).toBeGreaterThan(0);
    expect(outcomes.refused, JSON.stringify(outcomes)).toBeGreaterThan(0);

    // The writers have taken everything back but their hits: production is what it was, and those.
    if (turn.next === "revert") expect(await step()).toBe(true);
    const hits = new Map<number, number>();
    for (const own of written)
      for (const [id, count] of own.hits) hits.set(id, (hits.get(id) ?? 0) + count);
    const counted = await execute(
      production.url,
      "SELECT id, hits FROM account WHERE hits > 0 ORDER BY id",
    );
    expect(counted).toEqual(
      [...hits].sort(([a], [b]) => a - b).map(([id, count]) => [String(id), String(count)]),
    );
    await execute(production.url, "UPDATE account SET hits = 0 WHERE hits > 0");
    await using original = await createDatabase({ sql: PRODUCTION });
    expect(await rowsOf(production.url)).toEqual(await rowsOf(original.url));
  }, 600_000);
});
