/**
 * Cleans up after a run however it ends, `kill -9` included: a shell waits for the end of its input, which only this process holds open.
 */
import { type ChildProcess, type PromiseWithChild, spawn } from "node:child_process";
import { once } from "node:events";
import { shellQuote } from "../outputs/run-lines.ts";

/** Holds what must not stay behind. Disposing of it cleans up and waits until that is done. */
export interface Watchdog extends AsyncDisposable {
  /** Adds a command, to be run before those added earlier. Its words are quoted; `env` is set for it alone. Returns how to forget it. */
  add(words: readonly string[], env?: Readonly<Record<string, string>>): () => void;
  /** Adds lines of shell, to be run before those added earlier. Returns how to forget them. */
  addShell(lines: string): () => void;
}

/**
 * Waits for a program that makes what other entries clean up. A clean-up meanwhile begins with its end: else it would go on making
 * files while they are removed. `kill` ends it at once, else it is waited for.
 */
export async function guarded<T>(
  watchdog: Watchdog,
  running: PromiseWithChild<T>,
  { kill }: { readonly kill: boolean },
): Promise<T> {
  const { pid } = running.child;
  const forget = pid === undefined ? () => undefined : watchdog.addShell(endShell(pid, kill));
  try {
    return await running;
  } finally {
    forget();
  }
}

function endShell(pid: number, kill: boolean): string {
  return `${kill ? `kill -9 ${pid} 2>/dev/null` : ":"}
tries=0
while kill -0 ${pid} 2>/dev/null && [ $tries -lt 200 ]; do sleep 0.05; tries=$((tries + 1)); done`;
}

/** Removes a folder in which processes that are about to end may still be writing. */
export function removeShell(folder: string): string {
  const path = shellQuote(folder);
  return `tries=0
while [ -e ${path} ] && [ $tries -lt 200 ]; do rm -rf ${path} 2>/dev/null || sleep 0.05; tries=$((tries + 1)); done`;
}

/** Reads entries that end in `end <number>`; at the end of the input it runs them, the last one first. */
const SHELL = `
trap '' INT TERM HUP
entry=
last=0
while IFS= read -r line; do
  case "$line" in
    "end "*) set -- $line; eval "entry$2=\\$entry"; last=$2; entry= ;;
    "forget "*) set -- $line; eval "entry$2=" ;;
    *) entry="$entry
$line" ;;
  esac
done
while [ "$last" -gt 0 ]; do
  eval "commands=\\$entry$last"
  eval "$commands"
  last=$((last - 1))
done`;

/** Starts the shell. Where there is none, nothing guards the run but its own end. */
export function startWatchdog(): Watchdog {
  const shell = spawn("/bin/sh", ["-c", SHELL], {
    cwd: "/",
    // What it cleans up with lies there, whatever PATH says.
    env: { ...process.env, PATH: pathOf(process.env["PATH"]) },
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  const ended = hasEnded(shell);
  shell.stdin.on("error", () => undefined);
  let count = 0;
  const addShell = (lines: string) => {
    count += 1;
    const number = count;
    shell.stdin.write(`${lines}\nend ${number}\n`);
    return () => void shell.stdin.write(`forget ${number}\n`);
  };
  return {
    add(words, env = {}) {
      const variables = Object.entries(env).map(([name, value]) => `${name}=${shellQuote(value)} `);
      return addShell(`${variables.join("")}${words.map(shellQuote).join(" ")}`);
    },
    addShell,
    async [Symbol.asyncDispose]() {
      shell.stdin.end();
      await ended;
    },
  };
}

function pathOf(path: string | undefined): string {
  return [...(path ? [path] : []), "/usr/bin", "/bin"].join(":");
}

async function hasEnded(shell: ChildProcess): Promise<void> {
  try {
    await once(shell, "exit");
  } catch {
    // There is no shell on this machine.
  }
}
