/**
 * The two notations of libpq for a connection: URL and keyword=value. Interprets no value.
 * What is written wrong may be a piece of a password, so no failure repeats any of it.
 */
import { ExpectedError } from "../../errors.ts";
import { PARAMETERS, type Parameters } from "./parameters.ts";

const URL_PREFIX = /^postgres(?:ql)?:\/\//;

/** Whether a text names a database rather than a file: a `postgres://` URL, or one that begins with `parameter=`. */
export function isConnectionString(text: string): boolean {
  if (URL_PREFIX.test(text)) return true;
  const [, first] = /^\s*([a-z_]+)\s*=/.exec(text) ?? [];
  return first !== undefined && PARAMETERS.has(first);
}

/**
 * The parameters that a connection string names, as libpq reads it.
 *
 *     postgres://me:pw@db:5433/shop?sslmode=require   user, password, host, port, dbname, sslmode
 *     host=db dbname='my shop'                        host, dbname
 *
 * @throws ExpectedError `connection_string`
 */
export function parseConnectionString(text: string): Parameters {
  return URL_PREFIX.test(text) ? parseUrl(text.replace(URL_PREFIX, "")) : parseKeywords(text);
}

function parseUrl(text: string): Parameters {
  const [beforeQuery = "", ...query] = text.split("?");
  const [credentials = "", userAndPassword = ""] = /^([^@/]*)@/.exec(beforeQuery) ?? [];
  const place = beforeQuery.slice(credentials.length);
  // psql would take a piece of the password for the host: refuse before that piece is shown as one.
  if (place.includes("@") || (query.join().includes("@") && !/[@/]/.test(beforeQuery))) {
    throw unreadable(
      "an @ stands where none belongs: in user and password write @ as %40, / as %2F, ? as %3F",
    );
  }
  const parameters = new Map<string, string>();
  const [user = "", ...password] = userAndPassword.split(":");
  if (user !== "") parameters.set("user", percentDecode(user));
  if (password.length > 0) parameters.set("password", percentDecode(password.join(":")));
  parsePlace(place, parameters);
  if (query.length > 0) parseQuery(query.join("?"), parameters);
  return parameters;
}

function parsePlace(place: string, parameters: Map<string, string>): void {
  const slash = place.indexOf("/");
  const hostAndPort = slash < 0 ? place : place.slice(0, slash);
  const database = slash < 0 ? "" : place.slice(slash + 1);
  if (hostAndPort.includes(",")) throw unreadable("it names several hosts; name one of them");
  const [matched, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(.*))?$/.exec(
    hostAndPort,
  ) ?? [undefined];
  if (matched === undefined) throw unreadable("its host and port cannot be told apart");
  const host = percentDecode(bracketed ?? plain ?? "");
  if (host !== "") parameters.set("host", host);
  if (port) parameters.set("port", percentDecode(port));
  if (database !== "") parameters.set("dbname", percentDecode(database));
}

function parseQuery(query: string, parameters: Map<string, string>): void {
  // An @ here may end a password whose ? was not encoded; names after it are not repeated then.
  const mayShow = !query.includes("@") && !parameters.has("password");
  for (const pair of query === "" ? [] : query.split("&")) {
    const equals = pair.indexOf("=");
    if (equals < 0) throw unreadable("a parameter after ? has no =");
    const name = percentDecode(pair.slice(0, equals));
    const value = percentDecode(pair.slice(equals + 1));
    // JDBC's spelling, which libpq takes too.
    if (name === "ssl" && value === "true") parameters.set("sslmode", "require");
    else parameters.set(known(name, mayShow), value);
  }
}

const KEYWORD =
  /\s*([^\s=]+)\s*=\s*(?:'((?:[^'\\]|\\[\s\S])*)'|((?:[^\s\\'](?:[^\s\\]|\\[\s\S])*|\\[\s\S](?:[^\s\\]|\\[\s\S])*)?))(?=\s|$)/y;

function parseKeywords(text: string): Parameters {
  const parameters = new Map<string, string>();
  const mayShow = !/pass/i.test(text);
  const end = text.trimEnd().length;
  KEYWORD.lastIndex = 0;
  while (KEYWORD.lastIndex < end) {
    const [, name, quoted, bare = ""] = KEYWORD.exec(text) ?? [];
    if (name === undefined) {
      throw unreadable(
        `after parameter ${parameters.size} something is no parameter=value; quote values with blanks as 'a b'`,
      );
    }
    parameters.set(known(name, mayShow), (quoted ?? bare).replaceAll(/\\([\s\S])/g, "$1"));
  }
  return parameters;
}

function known(name: string, mayShow: boolean): string {
  if (PARAMETERS.has(name)) return name;
  throw unreadable(
    mayShow
      ? `libpq has no parameter ${JSON.stringify(name)}`
      : "it has a parameter that libpq does not know (not shown, it may be a piece of the password)",
  );
}

function percentDecode(text: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    throw unreadable(
      "a % in it is not followed by two hexadecimal digits of UTF-8; write % as %25",
    );
  }
  if (decoded.includes("\0")) throw unreadable("%00 stands for no character");
  return decoded;
}

/** A failure about the notation; `reason` repeats nothing of the text. */
export function unreadable(reason: string): ExpectedError {
  return new ExpectedError({ code: "connection_string", reason });
}
