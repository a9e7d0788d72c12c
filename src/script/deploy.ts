/**
 * The deploy script; with the inverted changeset and its plan, the revert script.
 */
import { activeRules } from "../catalog/firing.ts";
import { withLongTexts } from "../changeset/long-texts.ts";
import type { Changeset, SequenceTarget } from "../changeset/types.ts";
import { totalOf } from "../changeset/types.ts";
import type { Counts } from "../compare/change.ts";
import { nameKey, plural, quoteName } from "../names.ts";
import type { Plan, StepKind } from "../order/steps.ts";
import { type FiringTrigger, triggersFired, writtenTables } from "../order/triggers.ts";
import { type Backup, backupsOf, fillBackups, settleBackups } from "./backup.ts";
import { checkAll } from "./checks.ts";
import { effectsCheck } from "./effects.ts";
import { header } from "./header.ts";
import { type LedgerEntry, ledgerCheck, ledgerWrite } from "./ledger.ts";
import { isLocked, singleRun, tableLocks } from "./locks.ts";
import { type Needs, writingNeeds } from "./needs.ts";
import { operationNotes } from "./operation-notes.ts";
import { progress } from "./progress.ts";
import { environmentGuard, pinnedSettings, privilegeGuard } from "./prologue.ts";
import { type ScriptInput, sessionOptions, triggerColumns } from "./scripts.ts";
import { shapeGuards } from "./shape.ts";
import { comment, ident, LONG_WRITERS, lines, literal, qualified, type Sql, sql } from "./sql.ts";
import { driftRefusal, stateCheck } from "./state-check.ts";
import {
  reusableLoads,
  stepStatements,
  type WrittenStep,
  writtenSteps,
} from "./step-statements.ts";
import { type ScriptTable, scriptTables } from "./table.ts";
import { fill } from "./template.ts";
import { ownershipGuard, rulesOff, rulesOn, triggersOff, triggersOn } from "./triggers.ts";

export type Direction = "deploy" | "revert";

/** What a script that writes does, beside its text. */
export interface Operation {
  readonly tables: ReadonlyMap<string, ScriptTable>;
  /** With changes. */
  readonly touched: readonly ScriptTable[];
  readonly steps: readonly WrittenStep[];
  /** What would fire, by `nameKey` of the table that is written. */
  readonly firing: ReadonlyMap<string, readonly FiringTrigger[]>;
  /** Of these, triggers or rules are switched off meanwhile. */
  readonly switched: readonly ScriptTable[];
  readonly ruled: readonly ScriptTable[];
  readonly needs: Needs;
  readonly backups: readonly Backup[];
  readonly ledger: LedgerEntry | undefined;
}

/** Decides it. Reads the changes of steps that releases have altered. */
export async function operationOf(input: ScriptInput, direction: Direction): Promise<Operation> {
  const { catalog, changeset, plan } = input;
  const tables = scriptTables(catalog, changeset.tables, triggerColumns(input, direction));
  const touched = [...tables.values()].filter(({ changed }) => totalOf(changed.counts) > 0);
  const written = await writtenTables(catalog, changeset.tables, plan);
  const firing = new Map(
    touched.flatMap(({ name, catalog: table }) => {
      const triggers = triggersFired(catalog, table, written.get(nameKey(name)));
      return triggers.length > 0 ? [[nameKey(name), triggers] as const] : [];
    }),
  );
  const switched = input.disableTriggers
    ? touched.filter(({ name }) => firing.has(nameKey(name)))
    : [];
  const ruled = input.disableRules
    ? touched.filter((table) => activeRules(table.catalog).length > 0)
    : [];
  const steps = await writtenSteps(plan, tables, input.bulk);
  const backups =
    input.backupSchema === undefined
      ? []
      : backupsOf(touched, { ...input, schema: input.backupSchema, direction });
  const needs = writingNeeds(touched, {
    plan,
    sequences: changeset.sequences.map(({ sequence }) => sequence),
    temporary: steps.some(({ form }) => form === "table"),
    locked: (table) => isLocked(table, input.lockTables),
    owned: [...switched, ...ruled],
    saved: backups.length > 0,
  });
  const ledger = input.ledger && {
    ...input,
    ledger: input.ledger,
    direction,
    counts: countsOf(changeset),
  };
  return { tables, touched, firing, steps, switched, ruled, needs, backups, ledger };
}

/** The text, in pieces. */
export function deployScript(input: ScriptInput, direction: Direction): AsyncIterable<string> {
  return withLongTexts(deployText(input, direction), input.changeset.longTexts, LONG_WRITERS);
}

async function* deployText(input: ScriptInput, direction: Direction): AsyncGenerator<string> {
  const operation = await operationOf(input, direction);
  const { tables, touched, firing, steps, switched, ruled, needs } = operation;
  const { backups, ledger } = operation;
  const isFired = ({ name }: ScriptTable) => firing.has(nameKey(name));
  const { catalog, changeset, plan } = input;
  const isPrepared = (table: ScriptTable, kind: StepKind) =>
    !switched.includes(table) && preparedBy(firing.get(nameKey(table.name)) ?? [], kind);
  const drifted = driftRefusal({
    message: DRIFT[direction],
    hint: driftHint(switched.length > 0 ? [] : touched.filter(isFired), direction),
  });
  yield* fill(input.templates.deploy, {
    header: header({
      ...input,
      title: title(changeset, direction),
      tables: touched,
      notes: operationNotes(input, operation),
      run: RUN[direction],
    }),
    settings: pinnedSettings(sessionOptions(input)),
    guards: present([
      environmentGuard(input.expectDatabase, true),
      singleRun(),
      privilegeGuard(needs),
      ...(switched.length + ruled.length > 0 ? [ownershipGuard([...switched, ...ruled])] : []),
      ...(ledger ? [ledgerCheck(ledger)] : []),
    ]),
    start: progress(START[direction]),
    locks: tableLocks(touched, input.lockTables),
    shape: shapeGuards(
      catalog,
      touched.map((table) => table.catalog),
    ),
    prepare: lines([
      ...(switched.length > 0
        ? [comment("Triggers off"), triggersOff([...firing.values()].flat())]
        : []),
      ...rulesOff(ruled),
      ...deferrals(plan),
    ]),
    backup: fillBackups(backups, changeset, { ...input.bulk, name: input.name }),
    statements: stepStatements(
      steps,
      { catalog, plan, words: { message: DRIFT[direction], hint: RELATED[direction] }, isPrepared },
      drifted,
    ),
    restore: lines([
      ...(switched.length > 0 ? [comment("Triggers back as they were"), triggersOn()] : []),
      ...rulesOn(ruled),
    ]),
    state: checkAll(changeset, touched, {
      loads: reusableLoads(steps),
      check: stateCheck,
      sides: { before: false, after: true },
    }),
    checking: progress("checking that every change is in place, and nothing else was done"),
    drift: drifted,
    effects: effectsCheck(plan, tables, {
      writtenByTriggers: input.triggerWrites.tables,
      made: backups.map(({ name }) => name),
      changes: totalOf(countsOf(changeset)),
      direction,
    }),
    settle: lines(present([settleBackups(backups), ledger ? ledgerWrite(ledger) : sql``])),
    sequences: lines(changeset.sequences.map(raiseSequence)),
    name: literal(direction === "deploy" ? input.name : `revert of ${input.name}`),
  });
}

/** Also for what ends in PostgreSQL's own words, such as a foreign key. */
const START = {
  deploy:
    "one transaction: whatever stops it, nothing is changed, and preflight.sql tells what is in the way",
  revert: "one transaction: whatever stops it, nothing is changed",
} as const;

const DRIFT = {
  deploy: "production is not as reviewed",
  revert: "production is not as the deploy left it",
} as const;

/** Where other rows are in the way. */
const RELATED = {
  deploy:
    "Nothing was changed. Others have added, changed or removed rows since the comparison: these, or rows that should have changed before them; preflight.sql shows every row.",
  revert:
    "Nothing was changed. Others have added, changed or removed rows since the deploy: these, or rows that should have changed before them; verify.sql names what is not as deployed. Decide by hand what should become of them.",
} as const;

/** Whether triggers do something when such rows are written. Those that fire afterwards may have names before those of foreign keys. */
function preparedBy(triggers: readonly FiringTrigger[], kind: StepKind): boolean {
  const event = kind === "release" ? "update" : kind;
  return triggers.some(({ trigger: { events } }) => events.includes(event));
}

/** Where to look next. Triggers that fire may have put other values into the rows. */
function driftHint(firing: readonly ScriptTable[], direction: Direction): string {
  const said =
    direction === "deploy"
      ? "Nothing was changed. preflight.sql shows every row."
      : "Nothing was changed. Someone has changed these rows since the deploy; decide by hand what they should hold.";
  if (firing.length === 0) return said;
  const labels = firing.map(({ label }) => label).join(", ");
  return `${said} Triggers fire on ${labels}: name columns that they write with --trigger-writes.`;
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

function title({ tables }: Changeset, direction: Direction): string {
  const sums = countsOf({ tables });
  const counts = (["insert", "update", "delete"] as const)
    .map((kind) => plural(sums[kind], kind))
    .join(", ");
  const touched = plural(tables.filter(({ counts }) => totalOf(counts) > 0).length, "table");
  return direction === "deploy"
    ? `Brings ${counts} in ${touched} from local to production.`
    : `Takes deploy.sql back: ${counts} in ${touched}.`;
}

function countsOf({ tables }: Pick<Changeset, "tables">): Counts {
  const sum = (kind: keyof Counts) => tables.reduce((total, { counts }) => total + counts[kind], 0);
  return { insert: sum("insert"), update: sum("update"), delete: sum("delete") };
}

function present(blocks: readonly Sql[]): readonly Sql[] {
  return blocks.filter((block) => block !== "");
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
