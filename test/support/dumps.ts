/** Dumps of test databases as files. */
import { pgDump } from "./postgres.ts";

const FORMATS = { plain: "-Fp", custom: "-Fc" } as const;

export type DumpFormat = keyof typeof FORMATS;

/** Writes a dump and returns its path. */
export async function dumpTo(path: string, url: string, format: DumpFormat): Promise<string> {
  const { exitCode, stderr } = await pgDump(url, [FORMATS[format], "-f", path]);
  if (exitCode !== 0) throw new Error(`pg_dump: ${stderr}`);
  return path;
}
