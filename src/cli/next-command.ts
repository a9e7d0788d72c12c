/**
 * What to type next after a failure: one line for each kind.
 */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import type { Failure } from "../errors.ts";
import type { Finding } from "../findings.ts";
import { formatName } from "../names.ts";
import { shellQuote } from "../outputs/run-lines.ts";
import { parseConnectionString } from "../sources/connection/string.ts";

/** A command line for a shell. Passwords of the former command are left out. */
export function nextCommand(failure: Failure, argv: readonly string[]): string {
  switch (failure.code) {
    case "usage":
      return helpOf(argv);
    case "source_missing":
      return `ls -l ${shellQuote(folderOf(failure.path))}`;
    case "source_empty":
    case "not_a_dump":
    case "dump_unsupported":
    case "dump_damaged":
    case "ddl_unreadable":
    case "server_unsupported":
    case "definitions_missing":
    case "row_width":
      return 'pg_dump -Fc -f production.dump "$URL"';
    case "several_databases":
      return again(argv, `--database ${shellQuote(likelyDatabase(failure.databases))}`);
    case "row_too_large":
      return again(argv, `--exclude ${shellQuote(formatName(failure.table))}`);
    case "money_locale":
      return 'PGOPTIONS="-c lc_monetary=C" pg_dump -Fc -f production.dump "$URL"';
    case "connection_string":
      return "rowpatch inspect postgres://user@host:5432/database";
    case "connection":
    case "query":
      return `psql ${shellQuote(failure.display)}`;
    case "output_exists":
      return again(argv, "--force");
    case "output_foreign":
      return `ls -la ${shellQuote(failure.path)}`;
    case "bundle":
    case "bundle_changed":
      return `ls -la ${shellQuote(failure.path)}`;
    case "scratch":
      return again(
        leftOut(argv, "--scratch"),
        "--scratch 'postgres://postgres@localhost/postgres'",
      );
    case "file_system":
      return `${/space|quota/.test(failure.reason) ? "df -h" : "ls -la"} ${shellQuote(folderOf(failure.path))}`;
    case "nothing_compared":
      return helpOf(argv);
    case "table_replaced":
    case "interrupted":
      return again(argv);
  }
}

/** The same command once more, with more flags. */
export function again(argv: readonly string[], ...more: readonly string[]): string {
  return ["rowpatch", ...argv.map((word) => shellQuote(withoutPassword(word))), ...more].join(" ");
}

/** The same command with the cautious answer to each question, or the help where a flag cannot answer. */
export function answersTo(findings: readonly Finding[], argv: readonly string[]): string {
  const answers = findings.map(({ code }) => ANSWERS[code]);
  if (answers.includes(undefined)) return helpOf(argv);
  return again(argv, ...new Set(answers.filter((answer) => answer !== undefined)));
}

const ANSWERS: Partial<Record<Finding["code"], string>> = {
  deletes: "--deletes withhold",
  triggers: "--triggers disable",
  rules: "--rules disable",
};

/** The words without this flag and its value. */
function leftOut(argv: readonly string[], flag: string): readonly string[] {
  return argv.filter(
    (word, place) => word !== flag && !word.startsWith(`${flag}=`) && argv[place - 1] !== flag,
  );
}

/** A connection string without its password, which belongs into a password file; any other word as it is. */
function withoutPassword(word: string): string {
  if (!/^postgres(ql)?:\/\//.test(word) && !/\bpassword\s*=/.test(word)) return word;
  const parameters = parametersOf(word);
  if (parameters?.has("password") === false) return word;
  return [...(parameters ?? [])]
    .filter(([name]) => name !== "password")
    .map(([name, value]) => `${name}='${value.replace(/['\\]/g, "\\$&")}'`)
    .join(" ");
}

/** `undefined` where it cannot be read: then nobody knows where its password is. */
function parametersOf(text: string): ReadonlyMap<string, string> | undefined {
  try {
    return parseConnectionString(text);
  } catch {
    return undefined;
  }
}

const COMMANDS: readonly string[] = ["diff", "script", "rehearse", "inspect", "demo"];

function helpOf(argv: readonly string[]): string {
  const command = COMMANDS.find((name) => name === argv[0]);
  return command === undefined ? "rowpatch --help" : `rowpatch ${command} --help`;
}

/** Databases that every server has come after those that somebody made. */
function likelyDatabase(names: readonly string[]): string {
  const made = names.find((name) => name !== "postgres" && !/^template[01]$/.test(name));
  return made ?? names[0] ?? "name";
}

/** The folder that a path lies in, or the nearest one above it that is there: unfinished folders are gone by now. */
function folderOf(path: string): string {
  const folder = dirname(path);
  return folder === dirname(folder) || existsSync(folder) ? folder : folderOf(folder);
}
