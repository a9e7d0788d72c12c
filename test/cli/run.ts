/** Runs the command line in this process, and collects what it writes. */
import { main } from "../../src/cli/main.ts";

export interface RunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  /** Whether stdout and stderr are terminals. */
  readonly terminal?: boolean;
  /** Called with each piece that is written to stderr. */
  readonly onStderr?: (text: string) => void;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** 2026-11-21 02:03:04 UTC: the time of every run. */
export const NOW = new Date(Date.UTC(2026, 10, 21, 2, 3, 4));

export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const isTTY = options.terminal ?? false;
  const code = await main(argv, {
    stdout: { write: (chunk) => stdout.push(Buffer.from(chunk).toString()), isTTY },
    stderr: {
      write: (text) => {
        stderr.push(text);
        options.onStderr?.(text);
      },
      isTTY,
    },
    env: options.env ?? {},
    now: () => NOW,
    ...(options.signal ? { signal: options.signal } : {}),
  });
  return { code, stdout: stdout.join(""), stderr: stderr.join("") };
}

/** The last line: what to type next. */
export function lastLine(text: string): string | undefined {
  return text.trimEnd().split("\n").at(-1);
}
