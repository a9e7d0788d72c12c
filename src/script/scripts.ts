/**
 * The four scripts, as functions of changeset, plan and catalog. Everything streams; nothing here opens a file.
 */
import { activeRules, firingTriggers } from "../catalog/firing.ts";
import type { Catalog } from "../catalog/types.ts";
import type { Changeset, SequenceTarget } from "../changeset/types.ts";
import { totalOf } from "../changeset/types.ts";
import type { Finding } from "../findings.ts";
import { plural, quoteName, type TableName } from "../names.ts";
import type { Plan } from "../order/steps.ts";
import type { BulkOptions } from "./bulk.ts";
import { checkAll, fillLoads, planLoads } from "./checks.ts";
import { effectsCheck } from "./effects.ts";
import { header, operationNotes } from "./header.ts";
import { preflightCheck } from "./preflight.ts";
import { environmentGuard, pinnedSettings, privilegeGuard } from "./prologue.ts";
import { relationChecks } from "./relations.ts";
import { shapeGuards } from "./shape.ts";
import { comment, doBlock, ident, join, lines, literal, qualified, type Sql, sql } from "./sql.ts";
import { stateCheck } from "./state-check.ts";
import { reusableLoads, stepStatements, writtenSteps } from "./step-statements.ts";
import { type ScriptTable, scriptTables, type TriggerColumns } from "./table.ts";
import { fill } from "./template.ts";
import { ownershipGuard, rulesOff, rulesOn, triggersOff, triggersOn } from "./triggers.ts";

/** Texts of templates/, handed in by who may read files. */
export interface Templates {
  readonly deploy: string;
  readonly verify: string;
  readonly preflight: string;
}

export interface ScriptInput {
  readonly catalog: Catalog;
  readonly changeset: Changeset;
  readonly plan: Plan;
  readonly findings: readonly Finding[];
  readonly templates: Templates;
  /** Names the run in messages; the ticket where there is one. */
  readonly name: string;
  readonly ticket: string | undefined;
  readonly tool: string;
  readonly generatedAt: Date;
  readonly expectDatabase: string | undefined;
  /** A PostgreSQL interval such as `5s`. */
  readonly lockTimeout: string;
  readonly bulk: BulkOptions;
  readonly disableTriggers: boolean;
  readonly disableRules: boolean;
  /** What triggers that fire may write: left out of the checks. */
  readonly triggerWrites: TriggerWrites;
}

export interface TriggerWrites {
  readonly columns: (table: TableName, column: string) => boolean;
  /** Tables that may have any effects. */
  readonly tables: readonly TableName[];
  /** As the user named them. */
  readonly named: readonly string[];
}

/** Before a revert, triggers have written those columns in the deploy. */
function triggerColumns(
  { triggerWrites }: ScriptInput,
  direction: "deploy" | "revert",
): TriggerColumns {
  return {
    matches: triggerWrites.columns,
    checked: { before: direction === "deploy", after: false },
  };
}

const AFTER = { before: false, after: true };
const BOTH = { before: true, after: true };

/** The deploy script; with the inverted changeset and its plan, the revert script. */
export async function* deployScript(
  input: ScriptInput,
  direction: "deploy" | "revert",
): AsyncGenerator<string> {
  const tables = scriptTables(
    input.catalog,
    input.changeset.tables,
    triggerColumns(input, direction),
  );
  const touched = [...tables.values()].filter(({ changed }) => totalOf(changed.counts) > 0);
  const switched = input.disableTriggers
    ? touched.filter((table) => hasTriggers(input.catalog, table))
    : [];
  const ruled = input.disableRules
    ? touched.filter(({ catalog }) => activeRules(catalog).length > 0)
    : [];
  const steps = await writtenSteps(input.plan, tables, input.bulk);
  const temporary = steps.some(({ form }) => form === "table");
  yield* fill(input.templates.deploy, {
    header: header({
      ...input,
      title: title(input.changeset, direction),
      tables: touched,
      notes: [
        ...operationNotes(touched, input.plan.deferred, input.lockTimeout),
        ...(switched.length > 0
          ? [
              `triggers     off while it runs: ${labels(switched)}; needs their owner, and locks them against all writers until COMMIT`,
            ]
          : []),
        ...(input.triggerWrites.named.length > 0
          ? [`not checked  what triggers may write: ${input.triggerWrites.named.join(", ")}`]
          : []),
        ...(ruled.length > 0
          ? [
              `rules        off while it runs: ${labels(ruled)}; needs their owner, and locks them against readers too until COMMIT`,
            ]
          : []),
      ],
      run: RUN[direction],
    }),
    settings: pinnedSettings(input.lockTimeout),
    guards: present([
      environmentGuard(input.expectDatabase, true),
      privilegeGuard(touched, {
        writes: true,
        temporary,
        sequences: input.changeset.sequences.map(({ sequence }) => sequence),
      }),
      ...(switched.length + ruled.length > 0 ? [ownershipGuard([...switched, ...ruled])] : []),
    ]),
    locks: locks(touched),
    shape: shapeGuards(
      input.catalog,
      touched.map(({ catalog }) => catalog),
    ),
    prepare: lines([
      ...(switched.length > 0 ? [comment("Triggers off"), triggersOff(switched)] : []),
      ...rulesOff(ruled),
      ...deferrals(input.plan),
    ]),
    statements: stepStatements(steps),
    restore: lines([
      ...(switched.length > 0 ? [comment("Triggers back as they were"), triggersOn()] : []),
      ...rulesOn(ruled),
    ]),
    state: checkAll(input.changeset, touched, {
      loads: reusableLoads(steps),
      check: stateCheck,
      sides: AFTER,
    }),
    effects: effectsCheck(input.plan, tables, input.triggerWrites.tables),
    sequences: lines(input.changeset.sequences.map(raiseSequence)),
    name: literal(direction === "deploy" ? input.name : `revert of ${input.name}`),
  });
}

/** The state check alone, read-only. */
export async function* verifyScript(input: ScriptInput): AsyncGenerator<string> {
  const tables = scriptTables(
    input.catalog,
    input.changeset.tables,
    triggerColumns(input, "deploy"),
  );
  const touched = [...tables.values()].filter(({ changed }) => totalOf(changed.counts) > 0);
  const loads = planLoads(input.changeset, touched, { options: input.bulk, sides: AFTER });
  yield* fill(input.templates.verify, {
    header: header({
      ...input,
      title: "Checks, read-only, that every change of deploy.sql is in place.",
      tables: touched,
      findings: [],
      notes: ["reads only; needs SELECT on the tables above"],
      run: ['run          psql -X -v ON_ERROR_STOP=1 -f verify.sql "$URL"'],
    }),
    settings: pinnedSettings(input.lockTimeout),
    guards: present([
      environmentGuard(input.expectDatabase, false),
      privilegeGuard(touched, { writes: false, temporary: loads.size > 0 }),
    ]),
    shape: shapeGuards(
      input.catalog,
      touched.map(({ catalog }) => catalog),
    ),
    load: fillLoads(loads.values()),
    state: checkAll(input.changeset, touched, { loads, check: stateCheck, sides: AFTER }),
    name: literal(input.name),
  });
}

/** What deploy.sql would find, read-only, before anyone writes. */
export async function* preflightScript(input: ScriptInput): AsyncGenerator<string> {
  const tables = scriptTables(
    input.catalog,
    input.changeset.tables,
    triggerColumns(input, "deploy"),
  );
  const touched = [...tables.values()].filter(({ changed }) => totalOf(changed.counts) > 0);
  const loads = planLoads(input.changeset, touched, { options: input.bulk, sides: BOTH });
  yield* fill(input.templates.preflight, {
    header: header({
      ...input,
      title:
        "Tells, read-only, of every change of deploy.sql whether it is pending, in place, or drifted.",
      tables: touched,
      findings: [],
      notes: ["reads only; needs SELECT on the tables above"],
      run: ['run          psql -X -v ON_ERROR_STOP=1 -f preflight.sql "$URL"'],
    }),
    settings: pinnedSettings(input.lockTimeout),
    guards: present([
      environmentGuard(input.expectDatabase, false),
      privilegeGuard(touched, { writes: false, temporary: loads.size > 0 }),
    ]),
    shape: shapeGuards(
      input.catalog,
      touched.map(({ catalog }) => catalog),
    ),
    load: fillLoads(loads.values()),
    state: checkAll(input.changeset, touched, { loads, check: preflightCheck, sides: BOTH }),
    relations: relationChecks(input.catalog, input.changeset, tables),
    name: literal(input.name),
  });
}

const RUN = {
  deploy: [
    'check first  psql -X -v ON_ERROR_STOP=1 -f preflight.sql "$URL"',
    'try          psql -X -v ON_ERROR_STOP=1 -v dry_run=1 -f deploy.sql "$URL"',
    'run          psql -X -v ON_ERROR_STOP=1 -f deploy.sql "$URL"',
    'verify       psql -X -v ON_ERROR_STOP=1 -f verify.sql "$URL"',
    'undo         psql -X -v ON_ERROR_STOP=1 -f revert.sql "$URL"',
  ],
  revert: [
    'try          psql -X -v ON_ERROR_STOP=1 -v dry_run=1 -f revert.sql "$URL"',
    'run          psql -X -v ON_ERROR_STOP=1 -f revert.sql "$URL"',
  ],
} as const;

function title({ tables }: Changeset, direction: "deploy" | "revert"): string {
  const sum = (kind: "insert" | "update" | "delete") =>
    tables.reduce((total, { counts }) => total + counts[kind], 0);
  const counts = (["insert", "update", "delete"] as const)
    .map((kind) => plural(sum(kind), kind))
    .join(", ");
  const touched = plural(tables.filter(({ counts }) => totalOf(counts) > 0).length, "table");
  return direction === "deploy"
    ? `Brings ${counts} in ${touched} from local to production.`
    : `Takes deploy.sql back: ${counts} in ${touched}.`;
}

/** Whether a user trigger of the table or one of its partitions would fire. */
function hasTriggers(catalog: Catalog, table: ScriptTable): boolean {
  return firingTriggers(catalog, table.catalog).length > 0;
}

function labels(tables: readonly ScriptTable[]): string {
  return tables.map(({ label }) => label).join(", ");
}

function present(blocks: readonly Sql[]): readonly Sql[] {
  return blocks.filter((block) => block !== "");
}

/**
 * The weakest locks that keep definitions from changing; against other writers only where no index decides conflicts of inserts. What
 * is not there as a table is left to the shape guard; a role that may write only some columns may not lock, and goes on without.
 */
function locks(tables: readonly ScriptTable[]): Sql {
  const rows = tables.map(({ arbiter, changed, name, only }) => {
    const mode = !arbiter && changed.counts.insert > 0 ? "SHARE ROW EXCLUSIVE" : "ROW EXCLUSIVE";
    return sql`(${literal(quoteName(name))}, ${literal(only ? "ONLY " : "")}, ${literal(mode)})`;
  });
  return doBlock(
    "locks",
    sql`DECLARE
  t record;
BEGIN
  FOR t IN SELECT listed.* FROM (VALUES
      ${join(rows, ",\n      ")}) AS listed (tbl, only_this, mode)
    JOIN pg_class c ON c.oid = to_regclass(listed.tbl) WHERE c.relkind IN ('r', 'p')
  LOOP
    BEGIN
      EXECUTE concat('LOCK TABLE ', t.only_this, t.tbl, ' IN ', t.mode, ' MODE');
    EXCEPTION WHEN insufficient_privilege THEN
      IF t.mode <> 'ROW EXCLUSIVE' THEN RAISE; END IF;
    END;
  END LOOP;
END`,
  );
}

function deferrals({ deferred }: Plan): readonly Sql[] {
  return deferred.map(
    ({ table, name }) => sql`SET CONSTRAINTS ${ident(table.schema)}.${ident(name)} DEFERRED;`,
  );
}

/** Sequences are raised, never lowered. setval() is not undone by a rollback, so it stands last and not in a dry run. */
function raiseSequence({ sequence, value }: SequenceTarget): Sql {
  const name = qualified(sequence);
  const target = literal(value);
  return sql`  SELECT (SELECT setval(${literal(quoteName(sequence))}, ${target}::bigint) FROM ${name} WHERE last_value < ${target}::bigint OR (last_value = ${target}::bigint AND NOT is_called)) AS raised \\gset rowpatch_`;
}
