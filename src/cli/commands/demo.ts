/**
 * `rowpatch demo`: the main job on a small shop, with an embedded PostgreSQL in place of the local server.
 */
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { PGlite } from "@electric-sql/pglite";
import { ExpectedError } from "../../errors.ts";
import { plural } from "../../names.ts";
import { restoreDump, restoreFailed } from "../../rehearse/restore.ts";
import { pgliteTarget } from "../../rehearse/scratch/pglite.ts";
import { openDump } from "../../sources/dump.ts";
import type { Outcome } from "../exit.ts";
import { type Io, type Paint, painter } from "../io.ts";
import type { RawSettings } from "../setting-reader.ts";
import { runRehearse } from "./rehearse.ts";
import { runScript } from "./script.ts";

/** Lines of deploy.sql that the demo shows. */
const LINES_SHOWN = 30;

export async function runDemo(flags: RawSettings, io: Io): Promise<Outcome> {
  const paint = painter(io.stdout, io, flags["color"] !== false);
  const out = typeof flags["out"] === "string" ? flags["out"] : join("out", "demo");
  const production = templatePath("production.sql");
  const say = (...lines: readonly string[]): void => {
    for (const line of lines) io.stdout.write(`${line}\n`);
  };
  say("A small shop: production is a dump, local a copy of it that somebody edits for a week.", "");
  const outcome = await writeDemo({ production, out, paint, say, io });
  if (outcome.kind !== "done") return outcome;
  stopIfInterrupted(io);
  say("", command(paint, `rowpatch rehearse ${out} --production ${production}`));
  const scratchKind = flags["scratchKind"];
  const rehearsed = await runRehearse(out, { production, scratchKind, quiet: true }, io);
  say("", ...nextSteps(out, production));
  return rehearsed;
}

interface Demo {
  readonly production: string;
  readonly out: string;
  readonly paint: Paint;
  readonly say: (...lines: readonly string[]) => void;
  readonly io: Io;
}

/** The embedded server stands only as long as it is needed. */
async function writeDemo({ production, out, paint, say, io }: Demo): Promise<Outcome> {
  say("Starting an embedded PostgreSQL in place of a server of yours ...");
  await using local = await startPglite();
  stopIfInterrupted(io);
  say("", command(paint, `psql -X -f ${production} ${local.url}`));
  say(await restoreProduction(production, local.db));
  stopIfInterrupted(io);
  say("", command(paint, `psql -X -f ${templatePath("edits.sql")} ${local.url}`));
  await local.db.exec(await readFile(templatePath("edits.sql"), "utf8"));
  say("edited", "");
  const argv = ["script", "--production", production, "--local", local.url, "--ticket", "demo"];
  argv.push("--deletes", "apply", "--triggers", "disable", "--out", out, "--force");
  say(command(paint, `rowpatch ${argv.join(" ")}`));
  const settings = { production, local: local.url, ticket: "demo", out, force: true };
  const answers = { deletes: "apply", triggers: "disable" };
  const outcome = await runScript(
    { ...settings, ...answers, config: false, quiet: true },
    io,
    argv,
  );
  if (outcome.kind !== "done") return outcome;
  say("", command(paint, `head -n ${LINES_SHOWN} ${join(out, "deploy.sql")}`));
  await showHead(join(out, "deploy.sql"), io);
  return outcome;
}

function command(paint: Paint, line: string): string {
  return paint("bold", `$ ${line}`);
}

function nextSteps(out: string, production: string): readonly string[] {
  return [
    "Next:",
    `  read ${join(out, "report.md")} and ${join(out, "deploy.sql")}`,
    "  with a PostgreSQL server at hand, play production:",
    "    createdb shop",
    `    psql -X -q -v ON_ERROR_STOP=1 -f ${production} shop`,
    `    psql -X -v ON_ERROR_STOP=1 -f ${join(out, "deploy.sql")} shop`,
    "  or rehearse on that server:",
    `    rowpatch rehearse ${out} --production ${production} --scratch postgres://localhost/postgres`,
    "  with a database of yours:",
    "    rowpatch diff --production production.dump --local postgres://localhost/your_copy",
  ];
}

/** Short where the package lies in this folder, else absolute. */
function templatePath(name: string): string {
  const path = fileURLToPath(new URL(`../../../templates/demo/${name}`, import.meta.url));
  const short = relative(process.cwd(), path);
  return short.startsWith("..") ? path : short;
}

/** PostgreSQL as WebAssembly, behind a port of this machine that takes one connection at a time. */
interface LocalServer extends AsyncDisposable {
  readonly url: string;
  readonly db: PGlite;
}

async function startPglite(): Promise<LocalServer> {
  const [{ PGlite }, { PGLiteSocketServer }] = await Promise.all([
    import("@electric-sql/pglite"),
    import("@electric-sql/pglite-socket"),
  ]);
  const db = await PGlite.create();
  const server = new PGLiteSocketServer({ db, host: "127.0.0.1", port: 0 });
  await server.start();
  return {
    db,
    url: `postgres://postgres@${server.getServerConn()}/postgres`,
    async [Symbol.asyncDispose]() {
      await server.stop();
      await db.close();
    },
  };
}

async function restoreProduction(path: string, db: PGlite): Promise<string> {
  await using dump = await openDump(path);
  const restored = await restoreDump(dump, pgliteTarget(db));
  if (restored.failures.length > 0) throw restoreFailed(path, restored.failures);
  return `restored ${plural(restored.tables, "table")}`;
}

async function showHead(path: string, io: Io): Promise<void> {
  let shown = 0;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    if (shown === LINES_SHOWN) break;
    shown += 1;
    io.stdout.write(`${line}\n`);
  }
}

function stopIfInterrupted({ signal }: Io): void {
  if (signal?.aborted) throw new ExpectedError({ code: "interrupted" });
}
