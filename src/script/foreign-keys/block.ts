/**
 * The DO block that refuses what queries over the changed rows find.
 */
import { quoteName } from "../../names.ts";
import { comment, doBlock, join, literal, type Sql, sql } from "../sql.ts";
import { NAMED_ROWS } from "../state-check.ts";
import type { Link } from "./links.ts";

/** What an exception says before the rows, and its hint. */
export interface Words {
  readonly message: string;
  readonly hint: string;
}

/** A query that finds rows in the way of one foreign key, each as a text. */
export interface Query {
  readonly link: Link;
  readonly rows: Sql;
}

/** Statements around the queries over many rows, which say how they are best planned. */
export interface Planned {
  readonly before: readonly Sql[];
  readonly after: readonly Sql[];
}

/** Parents are found by their unique index, whose pages PostgreSQL's own check reads right after. */
export const PARENTS_PLANNED: Planned = {
  before: [
    comment("The pages of indexes that this reads are those of PostgreSQL's own check"),
    sql`SET LOCAL random_page_cost TO 0.1;`,
  ],
  after: [sql`SET LOCAL random_page_cost TO DEFAULT;`],
};

/** Children are looked up one by one where an index serves PostgreSQL's own check too, and joined at once where there is none. */
export function childrenPlanned({ child, foreignKey }: Link): Planned {
  const names = foreignKey.columns.map(literal);
  const leading = sql`(SELECT bool_and(a.attname IN (${join(names, ", ")})) FROM pg_attribute AS a WHERE a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:${names.length - 1}]))`;
  return {
    before: [
      comment(
        "With an index each row is looked up, as PostgreSQL does; else all are joined at once",
      ),
      sql`IF EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = to_regclass(${literal(quoteName(child))}) AND i.indisvalid AND i.indpred IS NULL AND i.indnkeyatts >= ${names.length}
        AND ${leading}) THEN
    SET LOCAL enable_hashjoin TO off;
    SET LOCAL enable_mergejoin TO off;
  END IF;`,
    ],
    after: [
      sql`SET LOCAL enable_hashjoin TO DEFAULT;`,
      sql`SET LOCAL enable_mergejoin TO DEFAULT;`,
    ],
  };
}

/** Nobody counts further. */
export const COUNTED_ROWS = 1000;

/**
 * Refuses the rows that the queries find, under a comment that says what they ask. `given` is a list that they read under that name.
 * What happens between this check and the statement is left to PostgreSQL's own: nothing is locked for it.
 */
export function refusal(
  queries: readonly Query[],
  {
    asks,
    given,
    words,
    large = { before: [], after: [] },
  }: {
    readonly asks: string;
    readonly given?: Sql;
    readonly words: Words;
    readonly large?: Planned;
  },
): Sql {
  const list = given === undefined ? sql`` : sql`given AS (SELECT want.* FROM ${given}),\n    `;
  const asked = join(
    queries.map(({ rows }) => rows),
    "\n      UNION ALL\n      ",
  );
  // The limit must not make PostgreSQL plan for the first rows: it is right that there are none.
  const found = sql`others (row) AS MATERIALIZED (\n      ${asked})`;
  const block = doBlock(
    "foreign_keys",
    sql`DECLARE
  others text[];
BEGIN
  ${lines(large.before)}others := ARRAY(
    WITH ${list}${found}
    SELECT row FROM others LIMIT ${COUNTED_ROWS});
  ${lines(large.after)}${refuse(words)}
${LEFT_TO_POSTGRESQL}
END`,
  );
  const names = [...new Set(queries.map(({ link }) => link.foreignKey.name))].join(", ");
  return sql`${comment(`${asks} (${names}); PostgreSQL makes sure of it as it writes`)}\n${block}`;
}

function lines(statements: readonly Sql[]): Sql {
  return join(
    statements.map((statement) => sql`${statement}\n  `),
    "",
  );
}

/** Raises where `others`, texts, holds any. */
export function refuse({ message, hint }: Words): Sql {
  return sql`IF others <> '{}' THEN
    RAISE EXCEPTION USING MESSAGE = concat(${literal(`${message}, `)}, cardinality(others), CASE cardinality(others) WHEN 1 THEN ' row' WHEN ${COUNTED_ROWS} THEN ' rows or more' ELSE ' rows' END, E':\\n  ',
        array_to_string(others[:${NAMED_ROWS}], E'\\n  '), E'\\n  and ' || nullif(greatest(cardinality(others) - ${NAMED_ROWS}, 0), 0) || ' more'),
      HINT = ${literal(hint)};
  END IF;`;
}

/**
 * The end of a block: what cannot be asked is no reason to refuse. A role may not read those tables, collations may differ, and of a
 * foreign key of a single partition nobody has made sure that its tables are still there.
 */
export const LEFT_TO_POSTGRESQL: Sql = sql`EXCEPTION WHEN syntax_error_or_access_rule_violation THEN NULL; -- cannot be asked here: left to PostgreSQL`;

/** Whether a foreign key that only a partition has, or that refers to one, is there still. */
export function isThere({ child, foreignKey }: Link): Sql {
  return sql`EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = to_regclass(${literal(quoteName(child))}) AND k.conname = ${literal(foreignKey.name)} AND k.contype = 'f')`;
}
