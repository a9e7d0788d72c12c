import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { StepName } from "../../src/rehearse/evidence.ts";
import { type Folder, makeFolder } from "../cli/shop.ts";
import { hasServer, testServer } from "../support/postgres.ts";
import { brokenCopy, rehearseBundle, writeDemoBundle } from "./bundles.ts";

interface Broken {
  readonly what: string;
  readonly file: "deploy.sql" | "revert.sql" | "verify.sql" | "preflight.sql";
  readonly edit: (text: string) => string;
  /** Where the rehearsal must fail; `harmless` where the scripts do no harm all the same. */
  readonly failsAt: StepName | "harmless";
}

/** Takes out what lies between two marks, the first one included. */
function without(from: RegExp, to: RegExp): (text: string) => string {
  return (text) => {
    const start = text.search(from);
    const end = start + text.slice(start).search(to);
    return text.slice(0, start) + text.slice(end);
  };
}

const noState = without(/^-- State check: every change is in place$/m, /^-- Effects check/m);
const noEffects = without(/^DO \$effects\$/m, /^SELECT current_setting\('rowpatch\.outcome'\)/m);
const noChecks = (text: string): string =>
  noEffects(noState(text)).replace(
    /^SELECT current_setting\('rowpatch\.outcome'\)/m,
    "SELECT 'changed'",
  );

/** Deliberately broken, one thing each. */
const BROKEN: readonly Broken[] = [
  {
    what: "a value altered in an UPDATE",
    file: "deploy.sql",
    edit: (text) => text.replace(`SET "tier" = 'gold'`, `SET "tier" = 'bronze'`),
    failsAt: "deploy",
  },
  {
    what: "a value altered, checks and all",
    file: "deploy.sql",
    edit: (text) => text.replaceAll("'52.40'", "'52.41'"),
    failsAt: "compare deployed",
  },
  {
    what: "a value altered in an INSERT, without checks",
    file: "deploy.sql",
    edit: (text) => noChecks(text).replace("'Teapot, 1.2 l'", "'Teapot, 1.3 l'"),
    failsAt: "compare deployed",
  },
  {
    what: "an UPDATE dropped",
    file: "deploy.sql",
    edit: (text) => text.replace(/^UPDATE "public"\."shipping_zone".*\n/m, ""),
    failsAt: "deploy",
  },
  {
    what: "an INSERT dropped, without checks",
    file: "deploy.sql",
    edit: (text) => noChecks(text).replace(/^INSERT INTO "public"\."page".*\n/m, ""),
    failsAt: "compare deployed",
  },
  {
    what: "a DELETE dropped, without checks",
    file: "deploy.sql",
    edit: (text) => noChecks(text).replace(/^DELETE FROM "public"\."page".*\n/m, ""),
    failsAt: "compare deployed",
  },
  {
    what: "a DELETE of more rows, without checks",
    file: "deploy.sql",
    edit: (text) => noChecks(text).replace(/^(DELETE FROM "public"\."review").*$/m, "$1;"),
    failsAt: "compare deployed",
  },
  {
    what: "a guard removed from an UPDATE",
    file: "deploy.sql",
    edit: (text) => text.replace(` AND "tier" = 'silver'::"public"."customer_tier"`, ""),
    failsAt: "deploy again",
  },
  {
    what: "the guards removed from a DELETE",
    file: "deploy.sql",
    edit: (text) =>
      text.replace(/^(DELETE FROM "public"\."page" WHERE "slug" = '[^']*').*$/m, "$1;"),
    failsAt: "drift",
  },
  {
    what: "an INSERT that overwrites, without the state check",
    file: "deploy.sql",
    edit: (text) =>
      noState(text).replace(
        /^(INSERT INTO "public"\."shipping_zone".*) DO NOTHING;$/m,
        '$1 DO UPDATE SET "name" = excluded."name";',
      ),
    failsAt: "deploy again",
  },
  {
    what: "children inserted before their parents",
    file: "deploy.sql",
    edit: (text) => {
      const parent = /^INSERT INTO "public"\."orders".*\n/m.exec(text)?.[0] ?? "";
      return text.replace(parent, "").replace(/^UPDATE "public"\."customer"/m, `${parent}$&`);
    },
    failsAt: "deploy",
  },
  {
    what: "the checks removed",
    file: "deploy.sql",
    edit: noChecks,
    failsAt: "drift",
  },
  {
    what: "triggers left off, past the effects check",
    file: "deploy.sql",
    edit: (text) =>
      text.replace(
        /^ {2}COMMIT;$/m,
        '  ALTER TABLE "public"."product" DISABLE TRIGGER USER;\n  COMMIT;',
      ),
    failsAt: "compare deployed",
  },
  {
    what: "triggers left off",
    file: "revert.sql",
    edit: (text) =>
      text.replace(
        /^ {2}COMMIT;$/m,
        '  ALTER TABLE "public"."product" DISABLE TRIGGER USER;\n  COMMIT;',
      ),
    failsAt: "compare reverted",
  },
  {
    what: "an UPDATE dropped",
    file: "revert.sql",
    edit: (text) => text.replace(/^UPDATE "public"\."customer".*\n/m, ""),
    failsAt: "revert",
  },
  {
    what: "triggers that fire",
    file: "deploy.sql",
    edit: without(/^-- Triggers off$/m, /^INSERT INTO/m),
    failsAt: "deploy",
  },
  {
    what: "a row written elsewhere after the checks",
    file: "deploy.sql",
    edit: (text) =>
      text.replace(/^ {2}COMMIT;$/m, `  UPDATE "public"."page" SET "title" = 'x';\n  COMMIT;`),
    failsAt: "compare deployed",
  },
  {
    what: "a COMMIT in the middle, before the checks",
    file: "deploy.sql",
    edit: (text) => text.replace(/^SET CONSTRAINTS ALL IMMEDIATE;$/m, "COMMIT;\nBEGIN;\n$&"),
    failsAt: "deploy",
  },
  {
    what: "a ROLLBACK in the place of COMMIT",
    file: "deploy.sql",
    edit: (text) => text.replace(/^ {2}COMMIT;$/m, "  ROLLBACK;"),
    failsAt: "compare deployed",
  },
  {
    what: "a sequence not raised",
    file: "deploy.sql",
    edit: (text) => text.replace(/^ {2}SELECT \(SELECT setval\(.*orders_id_seq.*\n/m, ""),
    failsAt: "compare deployed",
  },
  {
    what: "a statement that is no SQL",
    file: "deploy.sql",
    edit: (text) => text.replace(/^DELETE FROM "public"\."orders"/m, "DELETE FORM orders"),
    failsAt: "deploy",
  },
  {
    what: "a value not taken back",
    file: "revert.sql",
    edit: (text) => text.replaceAll(`'49.90'`, `'49.91'`),
    failsAt: "compare reverted",
  },
  {
    what: "a deleted row not brought back, without checks",
    file: "revert.sql",
    edit: (text) => noChecks(text).replace(/^INSERT INTO "public"\."page".*\n/m, ""),
    failsAt: "compare reverted",
  },
  {
    what: "an inserted row not taken away, without checks",
    file: "revert.sql",
    edit: (text) => noChecks(text).replace(/^DELETE FROM "public"\."page".*\n/m, ""),
    failsAt: "compare reverted",
  },
  {
    what: "one value that verify does not look for",
    file: "verify.sql",
    edit: (text) => text.replaceAll("'52.40'", "'52.41'"),
    failsAt: "verify",
  },
  {
    what: "a verify that always passes",
    file: "verify.sql",
    edit: without(/^-- State check/m, /^ROLLBACK;/m),
    failsAt: "verify before",
  },
  {
    what: "a comment dropped",
    file: "deploy.sql",
    edit: (text) => text.replace(/^-- Effects check.*\n/m, ""),
    failsAt: "harmless",
  },
  {
    what: "independent inserts in another order",
    file: "deploy.sql",
    edit: (text) => {
      const [first = ""] = /^INSERT INTO "public"\."page".*\n/m.exec(text) ?? [];
      return text.replace(first, "").replace(/^UPDATE "public"\."customer"/m, `${first}$&`);
    },
    failsAt: "harmless",
  },
  {
    what: "a comment dropped",
    file: "verify.sql",
    edit: (text) => text.replace(/^-- Shape guard.*\n/m, ""),
    failsAt: "harmless",
  },
];

describe.skipIf(!hasServer)("broken scripts", () => {
  let folder: Folder;
  let bundle: string;
  beforeAll(async () => {
    folder = makeFolder();
    bundle = await writeDemoBundle(folder);
  });
  afterAll(() => folder.remove());

  test.for(BROKEN.map((broken, index) => ({ ...broken, index })))(
    "$file, $what: $failsAt",
    async ({ file, edit, failsAt, index }) => {
      const copy = brokenCopy(bundle, folder.at(`broken${index}`), file, edit);
      const { evidence } = await rehearseBundle(copy, { scratch: testServer().url });
      const failed = evidence.steps.find(({ outcome }) => outcome === "failed");
      expect([evidence.failedAt ?? "harmless", failed?.reason]).toEqual([
        failsAt,
        failsAt === "harmless" ? undefined : expect.stringMatching(/./),
      ]);
      if (failsAt === "deploy" || failsAt === "revert") {
        expect(failed).toMatchObject({ script: file, line: expect.any(Number) });
      }
    },
  );
});
