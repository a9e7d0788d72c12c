/**
 * The password file of libpq.
 */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { homeFolder } from "./home.ts";
import type { Environment } from "./parameters.ts";

/** Whose password is wanted. `host` is `localhost` for a socket in a default folder. */
export interface PasswordRequest {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** The file that the connection string or `PGPASSFILE` names, if one does. */
  readonly file: string | undefined;
  readonly env: Environment;
}

/**
 * The password in the first line `host:port:database:user:password` that matches; `*` matches anything, `\` escapes `:` and itself.
 * Undefined without such a line or file, and, as with libpq, if others may read the file.
 */
export async function findPassword(request: PasswordRequest): Promise<string | undefined> {
  const path = request.file || join(homeFolder(request.env), ".pgpass");
  const text = await readPrivate(path);
  const wanted = [request.host, String(request.port), request.database, request.user];
  for (const line of text?.split(/\r?\n/) ?? []) {
    if (line.startsWith("#")) continue;
    const fields = line.match(/(?:[^:\\]|\\.)*(?::|$)/g)?.map((field) => field.replace(/:$/, ""));
    if (fields === undefined || fields.length < 5) continue;
    const matches = wanted.every((value, index) => {
      const field = fields[index] ?? "";
      return field === "*" || withoutEscapes(field) === value;
    });
    if (matches) return withoutEscapes(fields[4] ?? "");
  }
  return undefined;
}

function withoutEscapes(field: string): string {
  return field.replaceAll(/\\(.)/g, "$1");
}

async function readPrivate(path: string): Promise<string | undefined> {
  try {
    const { mode } = await stat(path);
    if (process.platform !== "win32" && (mode & 0o077) !== 0) return undefined;
    return await readFile(path, "utf8");
  } catch {
    return undefined;
  }
}
