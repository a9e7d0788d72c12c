/**
 * Commands and flags: what exists, what it is called, what --help says. Commands are loaded when they run.
 */
import { Command, CommanderError, Option } from "commander";
import { ExpectedError } from "../errors.ts";
import { EXIT_CODES, type Outcome } from "./exit.ts";
import type { Io } from "./io.ts";
import type { RawSettings } from "./setting-reader.ts";
import { readVersion } from "./version.ts";

/**
 * Runs the command that the arguments name.
 *
 * @throws ExpectedError `usage` for arguments that mean nothing, and whatever the command foresees.
 */
export async function runProgram(argv: readonly string[], io: Io): Promise<Outcome> {
  let outcome: Outcome = { kind: "done" };
  const finish = (result: Outcome): void => {
    outcome = result;
  };
  const program = buildProgram({ io, argv, finish });
  if (argv.length === 0) {
    program.outputHelp({ error: true });
    throw new ExpectedError({ code: "usage", message: "name a command" });
  }
  try {
    await program.parseAsync([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: "done" };
    if (error.code === "commander.help") {
      throw new ExpectedError({ code: "usage", message: `there is no command ${argv.at(-1)}` });
    }
    const text = error.message.replace(/^error: /, "").replaceAll("\n", " ");
    const message = hasLooseSides(error, argv)
      ? `${text.replace(/\.$/, "")}; name the sides with --production and --local`
      : text;
    throw new ExpectedError({ code: "usage", message }, { cause: error });
  }
  return outcome;
}

/** The two sides may have been named as arguments, as diff(1) takes them. */
function hasLooseSides({ code }: CommanderError, [command = ""]: readonly string[]): boolean {
  return code === "commander.excessArguments" && ["diff", "script"].includes(command);
}

export interface ProgramContext {
  readonly io: Io;
  readonly argv: readonly string[];
  /** Takes what the command came to. */
  readonly finish: (outcome: Outcome) => void;
}

/** The whole command line. */
export function buildProgram(context: ProgramContext): Command {
  const { io } = context;
  const program = new Command("rowpatch")
    .description(
      "Brings data edited in a local PostgreSQL copy to production, as an SQL script that is reviewed and checks itself.",
    )
    .version(readVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "Prints the help of a command.")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      // The failure is reported once, by main.
      outputError: () => undefined,
      getOutHelpWidth: () => 100,
      getErrHelpWidth: () => 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText("after", `\n${EXIT_CODES}`);
  addDiff(program, context);
  addScript(program, context);
  addRehearse(program, context);
  addInspect(program, context);
  addDemo(program, context);
  return program;
}

function addDiff(program: Command, { io, finish }: ProgramContext): void {
  const command = program
    .command("diff")
    .description("Compares production with local and shows how many rows differ.");
  sides(command).option("--json", "print the comparison as JSON");
  compared(command);
  answers(command);
  common(command).addHelpText(
    "after",
    examples(
      "rowpatch diff --production prod.dump --local postgres://localhost/shop",
      'rowpatch diff --production service=prod --local service=local --include "public.*" --json',
    ),
  );
  command.action(async (flags: RawSettings) => {
    const { runDiff } = await import("./commands/diff.ts");
    finish(await runDiff(flags, io));
  });
}

function addScript(program: Command, { io, argv, finish }: ProgramContext): void {
  const command = program
    .command("script")
    .description("Compares, and writes the scripts that bring local's changes to production.");
  sides(command)
    .option("--ticket <name>", "names the change and its folder")
    .option("--out <folder>", "where to write (default: out/<ticket>, else out/<time>)")
    .option("--force", "replace the bundle that lies there");
  answers(command);
  compared(command);
  command
    .option("--expect-database <name>", "let the scripts run only in a database of this name")
    .option("--lock-timeout <time>", "how long the scripts wait for a lock (default: 5s)")
    .option("--statement-timeout <time>", "how long one statement may take (default: no limit)")
    .option("--lock", "lock the tables against other writers before the first step")
    .option("--ledger <schema.table>", "keep in this table who ran which script when")
    .option("--backup-schema <name>", "copy rows here before they are updated or deleted")
    .option(
      "--trigger-writes <table[=column]>",
      "what triggers that fire may write; not checked (repeatable)",
      collect,
    )
    .option(
      "--bulk-threshold <rows>",
      "steps of more rows go set-based, as COPY data (default: 1000, or 8 MB)",
    )
    .option("--no-temp-tables", "large steps use VALUES lists, for roles without TEMPORARY")
    .option("--dbml", "write production's schema as DBML too")
    .option("--json", "print what was written as JSON");
  common(command).addHelpText(
    "after",
    examples(
      "rowpatch script --production prod.dump --local postgres://localhost/shop --ticket CHG-1042",
      "rowpatch script --production prod.dump --local service=local --deletes apply --triggers disable",
    ),
  );
  command.action(async (flags: RawSettings) => {
    const { runScript } = await import("./commands/script.ts");
    finish(await runScript(flags, io, argv));
  });
}

function addRehearse(program: Command, { io, finish }: ProgramContext): void {
  const command = program
    .command("rehearse")
    .description("Proves a bundle on a scratch copy of production, and adds the evidence to it.")
    .argument("<bundle>", "the folder that script wrote")
    .option("--production <source>", "what is copied: a dump, a URL or a connection string")
    .option("--scratch <server>", "make the scratch database on this server")
    .addOption(choice("--scratch-kind <kind>", "what else to use", "binaries", "docker", "pglite"))
    .option("--image <image>", "of Docker (default: postgres of production's version)")
    .option("--keep", "leave the scratch database, and say how to connect")
    .option("--database <name>", "which database of a pg_dumpall file")
    .option("--json", "print the evidence as JSON")
    .option("--quiet", "show no progress")
    .option("--no-color", "use no colours");
  command.addHelpText(
    "after",
    examples(
      "rowpatch rehearse out/CHG-1042 --production prod.dump",
      "rowpatch rehearse out/CHG-1042 --production prod.dump --scratch postgres://localhost/postgres",
    ),
  );
  command.action(async (bundle: string, flags: RawSettings) => {
    const { runRehearse } = await import("./commands/rehearse.ts");
    finish(await runRehearse(bundle, flags, io));
  });
}

function addInspect(program: Command, { io, finish }: ProgramContext): void {
  const command = program
    .command("inspect")
    .description("Shows what a dump or database holds: tables, keys, rows, sequences.")
    .argument("<source>", "a dump, a postgres:// URL or a connection string")
    .option("--json", "print it as JSON")
    .option("--rows <table>", "print the rows of this table as COPY text instead")
    .option("--dbml", "print the schema as DBML instead")
    .option("--database <name>", "which database of a pg_dumpall file");
  command.option("--quiet", "show no progress").option("--no-color", "use no colours");
  command.addHelpText(
    "after",
    examples(
      "rowpatch inspect prod.dump",
      "rowpatch inspect prod.dump --rows public.orders | head",
      "rowpatch inspect postgres://localhost/shop --dbml > shop.dbml",
    ),
  );
  command.action(async (source: string, flags: RawSettings) => {
    const { runInspect } = await import("./commands/inspect.ts");
    finish(await runInspect(source, flags, io));
  });
}

function addDemo(program: Command, { io, finish }: ProgramContext): void {
  const command = program
    .command("demo")
    .description(
      "Goes the whole way on a small shop, with an embedded PostgreSQL: needs no server.",
    )
    .option("--out <folder>", "where to write", "out/demo")
    .addOption(choice("--scratch-kind <kind>", "where to rehearse", "binaries", "docker", "pglite"))
    .option("--no-color", "use no colours")
    .addHelpText("after", examples("rowpatch demo", "rowpatch demo --out /tmp/demo"));
  command.action(async (flags: RawSettings) => {
    const { runDemo } = await import("./commands/demo.ts");
    finish(await runDemo(flags, io));
  });
}

/** The flags that every comparison needs. */
function sides(command: Command): Command {
  return command
    .option("--production <source>", "what will be changed: a dump, a URL or a connection string")
    .option("--local <source>", "what has the edits: a URL, a connection string or a dump");
}

/** How questions that only a person can answer are answered. */
function answers(command: Command): Command {
  return command
    .addOption(
      choice("--deletes <policy>", "rows that exist only in production", "apply", "withhold"),
    )
    .addOption(
      choice("--triggers <policy>", "triggers of the tables that change", "fire", "disable"),
    )
    .addOption(choice("--rules <policy>", "rewrite rules of the tables that change", "disable"));
}

/** Choices are for the help; settings are checked together, so that one run names every mistake. */
function choice(flags: string, description: string, ...choices: readonly string[]): Option {
  return new Option(flags, description).choices(choices).argParser((value) => value);
}

/** What is compared, and how. */
function compared(command: Command): Command {
  return command
    .option("--include <glob>", "compare only these tables, schema.table (repeatable)", collect)
    .option("--exclude <glob>", "leave these tables out (repeatable)", collect)
    .option("--key <table=columns>", "what identifies a row of this table (repeatable)", collect)
    .option("--ignore-column <glob>", "column or table.column not to compare (repeatable)", collect)
    .option("--where <table=SQL>", "compare only these rows; both sides live (repeatable)", collect)
    .option("--database <name>", "which database of a pg_dumpall file")
    .option(
      "--memory <size>",
      "memory for rows that wait for their pair, and for sorting (default: 256MB)",
    )
    .option(
      "--jobs <number>",
      "connections to each database, and tables compared at a time (default: by cores, at most 4)",
    );
}

function common(command: Command): Command {
  return command
    .option("--config <file>", "settings; flags win (default: rowpatch.config.yaml)")
    .option("--quiet", "show no progress")
    .option("--no-color", "use no colours");
}

function collect(value: string, former: readonly string[] | undefined): readonly string[] {
  return [...(former ?? []), value];
}

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}\n\n${EXIT_CODES}`;
}
