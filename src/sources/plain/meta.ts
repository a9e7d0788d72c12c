/**
 * The psql commands that pg_dump writes into plain dumps. Anything else is refused: no part of a dump is ever run.
 */

export type MetaCommand =
  | { readonly kind: "restrict" }
  | { readonly kind: "encoding"; readonly name: string }
  | { readonly kind: "connect"; readonly database?: string }
  | { readonly kind: "refused"; readonly name: string };

/**
 * Reads one line that starts with a backslash.
 *
 *     \restrict 4kd...                                    restrict
 *     \connect shop                                       connect to shop
 *     \connect -reuse-previous=on "dbname='we""ird'"      connect to we"ird
 */
export function readMetaCommand(line: string): MetaCommand {
  const [, name = "", rest = ""] = /^\\([a-z]*)\s*([\s\S]*?)\s*$/.exec(line) ?? [];
  switch (name) {
    case "restrict":
    case "unrestrict":
      return { kind: "restrict" };
    case "encoding":
      return { kind: "encoding", name: unquote(rest) };
    case "c":
    case "connect": {
      const database = readDatabase(rest.replace(/^-reuse-previous=on\s+/, ""));
      return database === undefined ? { kind: "connect" } : { kind: "connect", database };
    }
    default:
      return { kind: "refused", name: `\\${name}` };
  }
}

/** The database of \connect's first argument: a name, or a connection string with `dbname='...'`. */
function readDatabase(argument: string): string | undefined {
  const text = unquote(argument);
  const [, quoted, bare] = /^dbname\s*=\s*(?:'((?:[^'\\]|\\[\s\S])*)'|(\S+))/.exec(text) ?? [];
  const database = quoted?.replace(/\\([\s\S])/g, "$1") ?? bare ?? text;
  return database === "" || database === "-" ? undefined : database;
}

/** The first argument of a psql command. */
function unquote(text: string): string {
  const [, double, single, bare = ""] =
    /^(?:"((?:[^"]|"")*)"|'((?:[^']|'')*)'|([^\s;]*))/.exec(text) ?? [];
  return double?.replaceAll('""', '"') ?? single?.replaceAll("''", "'") ?? bare;
}
