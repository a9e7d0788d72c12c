#!/usr/bin/env node
/** Starts the compiled command line; the only place that knows the process. */
import { existsSync } from "node:fs";

const compiled = new URL("../dist/cli/main.js", import.meta.url);

if (existsSync(compiled)) {
  const { main } = await import(compiled.href);
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    // Once: whoever cannot wait for the clean-up interrupts again.
    process.once(signal, () => interrupt.abort());
  }
  // A reader such as `head` that has seen enough is no failure.
  process.stdout.on("error", (error) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  process.exitCode = await main(process.argv.slice(2), {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    now: () => new Date(),
    signal: interrupt.signal,
  });
} else {
  process.stderr.write("rowpatch: this copy is not built\nnpm ci && npm run build\n");
  process.exitCode = 2;
}
