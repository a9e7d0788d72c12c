/**
 * The preflight script: what deploy.sql would find, before anyone writes.
 */
import { withLongTexts } from "../changeset/long-texts.ts";
import { checkAll, fillLoads, planLoads } from "./checks.ts";
import { operationOf } from "./deploy.ts";
import { header } from "./header.ts";
import { readingNeeds } from "./needs.ts";
import { preflightCheck } from "./preflight.ts";
import { missingPrivileges } from "./privileges.ts";
import { environmentGuard, pinnedSettings, privilegeGuard } from "./prologue.ts";
import { refusals } from "./refusals.ts";
import { relatedTables, relationChecks } from "./relations.ts";
import { type ScriptInput, sessionOptions } from "./scripts.ts";
import { shapeGuards } from "./shape.ts";
import { LONG_WRITERS, literal } from "./sql.ts";
import { fill } from "./template.ts";

const BOTH = { before: true, after: true };

/** What deploy.sql would find, read-only, and which privileges it and revert.sql, made from `back`, would miss. */
export function preflightScript(input: ScriptInput, back: ScriptInput): AsyncIterable<string> {
  return withLongTexts(preflightText(input, back), input.changeset.longTexts, LONG_WRITERS);
}

async function* preflightText(input: ScriptInput, back: ScriptInput): AsyncGenerator<string> {
  const { tables, touched, needs, ledger, backups } = await operationOf(input, "deploy");
  const revert = (await operationOf(back, "revert")).needs;
  const loads = planLoads(input.changeset, touched, { options: input.bulk, sides: BOTH });
  yield* fill(input.templates.preflight, {
    header: header({
      ...input,
      title:
        "Tells, read-only, of every change of deploy.sql whether it is pending, in place, or drifted.",
      tables: touched,
      findings: [],
      notes: [
        "reads only; needs SELECT on the tables above and on those that foreign keys tie to them",
      ],
      run: [
        'run          psql -X -v ON_ERROR_STOP=1 -f preflight.sql "$URL"',
        "             -v role=NAME asks for the privileges of the role that will deploy",
      ],
    }),
    settings: pinnedSettings(sessionOptions(input)),
    guards: [
      environmentGuard(input.expectDatabase, false),
      privilegeGuard(readingNeeds(touched, loads.size > 0, relatedTables(input.catalog, touched))),
    ],
    shape: shapeGuards(
      input.catalog,
      touched.map(({ catalog }) => catalog),
    ),
    load: fillLoads(loads.values()),
    state: checkAll(input.changeset, touched, { loads, check: preflightCheck, sides: BOTH }),
    privileges: missingPrivileges({ deploy: needs, revert }, input),
    relations: relationChecks(input.catalog, input.changeset, tables),
    refusals: refusals(ledger, backups),
    name: literal(input.name),
  });
}
