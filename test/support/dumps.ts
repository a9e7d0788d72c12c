/** Dumps of test databases as files. */
import { pgDump, testServer } from "./postgres.ts";

const FORMATS = { plain: "-Fp", custom: "-Fc" } as const;

export type DumpFormat = keyof typeof FORMATS;

let able: Promise<boolean> | undefined;

/** Whether the run's pg_dump reads the run's server: it refuses servers that are newer than itself. */
export function canDump(): Promise<boolean> {
  able ??= pgDump(testServer().url, ["--schema-only", "-f", "/dev/null"]).then(
    ({ exitCode }) => exitCode === 0,
  );
  return able;
}

/** Writes a dump and returns its path. */
export async function dumpTo(path: string, url: string, format: DumpFormat): Promise<string> {
  const { exitCode, stderr } = await pgDump(url, [FORMATS[format], "-f", path]);
  if (exitCode !== 0) throw new Error(`pg_dump: ${stderr}`);
  return path;
}
