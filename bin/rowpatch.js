#!/usr/bin/env node
/** Starts the compiled command line; the only place that knows the process. */
import { statSync } from "node:fs";

const compiled = new URL("../dist/cli/main.js", import.meta.url);
/** The same in a few files, where that is not older: the compiler alone writes no bundle. */
const bundled = new URL("../dist/bundle/main.js", import.meta.url);
const [compiledAt, bundledAt] = [compiled, bundled].map(
  (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs,
);

if (compiledAt !== undefined) {
  const { main } = await import((bundledAt >= compiledAt ? bundled : compiled).href);
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    // Once: whoever cannot wait for the clean-up interrupts again.
    process.once(signal, () => interrupt.abort());
  }
  // A reader such as `head` that has seen enough is no failure. A full disk is: the code must not say "differences".
  process.stdout.on("error", (error) => {
    if (error.code === "EPIPE") process.exit(0);
    process.stderr.write(`rowpatch: writing the output failed: ${error.message}\n`);
    process.exit(2);
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
