/**
 * Named services: the parameters that `service=prod` stands for.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ExpectedError } from "../../errors.ts";
import { homeFolder } from "./home.ts";
import { type Environment, PARAMETERS, type Parameters } from "./parameters.ts";
import { unreadable } from "./string.ts";

/** Where to look for a service. */
export interface ServiceRequest {
  readonly service: string;
  /** The file that the connection string names, if it does. */
  readonly file: string | undefined;
  readonly env: Environment;
}

/**
 * The parameters of a service: from `PGSERVICEFILE` or `~/.pg_service.conf`, else from `pg_service.conf` in `PGSYSCONFDIR`.
 * The first file that has the service counts.
 *
 * @throws ExpectedError `connection_string` if none has it, or a line cannot be read. Values are not repeated.
 */
export async function readService({ service, file, env }: ServiceRequest): Promise<Parameters> {
  const own = file ?? (env["PGSERVICEFILE"] || join(homeFolder(env), ".pg_service.conf"));
  const folders = env["PGSYSCONFDIR"] ? [env["PGSYSCONFDIR"]] : ["/etc/postgresql-common"];
  const files = [own, ...folders.map((folder) => join(folder, "pg_service.conf"))];
  for (const path of files) {
    const text = await readIfThere(path);
    const found = text === undefined ? undefined : findService(text, service, path);
    if (found !== undefined) return found;
  }
  throw unreadable(`service ${JSON.stringify(service)} stands in none of ${files.join(", ")}`);
}

function findService(text: string, service: string, path: string): Parameters | undefined {
  let found: Map<string, string> | undefined;
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    if (line.startsWith("[")) {
      if (found !== undefined) return found;
      if (line === `[${service}]`) found = new Map();
    } else if (found !== undefined) {
      const place = `line ${index + 1} of ${path}`;
      const [name, value] = readLine(line, place);
      if (!found.has(name)) found.set(name, value);
    }
  }
  return found;
}

function readLine(line: string, place: string): readonly [string, string] {
  const equals = line.indexOf("=");
  if (equals < 0) throw unreadable(`${place} has no =`);
  const name = line.slice(0, equals).trim();
  if (name === "service" || name === "servicefile")
    throw unreadable(`${place} names another service`);
  if (!PARAMETERS.has(name)) throw unreadable(`${place} names no parameter of libpq`);
  return [name, line.slice(equals + 1).trim()];
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause) {
      if (cause.code === "ENOENT" || cause.code === "ENOTDIR") return undefined;
      throw new ExpectedError(
        { code: "file_system", path, doing: "reading", reason: String(cause.code) },
        { cause },
      );
    }
    throw cause;
  }
}
