/**
 * The psql lines that run a bundle's scripts, for the command line and the report.
 */

export interface RunLine {
  /** What running it does, in a few words. */
  readonly purpose: string;
  /** To be typed into a shell where `URL` names production. */
  readonly command: string;
}

/** In the order in which they are run. `folder` is the bundle's path; empty for its files alone. */
export function runLines(folder: string): readonly RunLine[] {
  const psql = (script: string, flags = ""): string =>
    `psql -X -v ON_ERROR_STOP=1${flags} -f ${shellQuote(folder === "" ? script : `${folder}/${script}`)} "$URL"`;
  return [
    { purpose: "ask what would happen", command: psql("preflight.sql") },
    { purpose: "try and roll back", command: psql("deploy.sql", " -v dry_run=1") },
    { purpose: "deploy", command: psql("deploy.sql") },
    { purpose: "verify", command: psql("verify.sql") },
    { purpose: "undo", command: psql("revert.sql") },
  ];
}

/** One word of a POSIX shell: quoted unless it is plain. */
export function shellQuote(word: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", "'\\''")}'`;
}
