/**
 * The command line as a function: arguments in, exit code out. The one place where failures become text.
 */
import { ExpectedError } from "../errors.ts";
import { fileSystemReason } from "../outputs/file-errors.ts";
import { exitCode, type Outcome } from "./exit.ts";
import type { Io } from "./io.ts";
import { readVersion } from "./version.ts";

export type { Io, OutputStream } from "./io.ts";

/**
 * Runs one command and resolves to its exit code. Never rejects, never ends the process, writes to the streams given.
 */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  const outcome = await run(argv, io);
  return exitCode(outcome);
}

async function run(argv: readonly string[], io: Io): Promise<Outcome> {
  try {
    const { runProgram } = await import("./program.ts");
    return await runProgram(argv, io);
  } catch (thrown) {
    const error = io.signal?.aborted
      ? new ExpectedError({ code: "interrupted" }, { cause: thrown })
      : expected(thrown);
    if (!error) {
      const { sourceStack } = await import("./stack.ts");
      reportBug(thrown instanceof Error ? sourceStack(thrown) : String(thrown), io);
      return { kind: "bug" };
    }
    // Whoever has no failure does without.
    const { nextCommand } = await import("./next-command.ts");
    const [first = "", ...others] = error.message.split("\n");
    const lines = others.length === 0 ? [first] : ["these settings are wrong:", first, ...others];
    io.stderr.write(withoutPasswords(`rowpatch: ${lines.join("\n  ")}\n`));
    io.stderr.write(withoutPasswords(`${nextCommand(error.failure, argv)}\n`));
    return { kind: "failed", failure: error.failure };
  }
}

/** Foreseen failures as they are; what the operating system says about files as one of them. */
function expected(thrown: unknown): ExpectedError | undefined {
  if (thrown instanceof ExpectedError) return thrown;
  const reason = fileSystemReason(thrown);
  if (reason === undefined) return undefined;
  const path =
    thrown instanceof Error && "path" in thrown ? String(thrown.path) : "a temporary file";
  return new ExpectedError(
    { code: "file_system", doing: "using", path, reason },
    { cause: thrown },
  );
}

function reportBug(stack: string, io: Io): void {
  const lines = [
    "rowpatch: this is a bug, nothing was written; please report it with these lines",
    `rowpatch ${readVersion()}, Node ${process.version}, ${process.platform}`,
    stack,
  ];
  io.stderr.write(withoutPasswords(`${lines.join("\n")}\n`));
}

/** What was typed may stand in a message before anyone knew it for a URL: misspelled, or in the wrong place. */
function withoutPasswords(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/{1,2}[^\s:/@'"]*):[^\s'"]*@/gi, "$1:***@");
}
