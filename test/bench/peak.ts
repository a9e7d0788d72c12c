/**
 * Loaded into a measured node process (`--import`): writes its peak resident memory, in kB, into the file that ROWPATCH_BENCH_PEAK names.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const path = process.env["ROWPATCH_BENCH_PEAK"];
if (path !== undefined && isMainThread) {
  process.on("exit", () => writeFileSync(path, String(peak())));
}

/** Of this process alone: what getrusage() says may be that of the process which started it. */
function peak(): number {
  try {
    const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"));
    if (line) return Number(line[1]);
  } catch {
    // Not on Linux.
  }
  return process.resourceUsage().maxRSS;
}
