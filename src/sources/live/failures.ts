/**
 * What PostgreSQL and the network say, as failures with a remedy. Holds no password: none is in any error that arrives here.
 */
import { ExpectedError } from "../../errors.ts";
import { PasswordMissing } from "../connection.ts";
import { DatabaseError } from "./pg.ts";

/** What was tried when an error came. */
export interface Attempt {
  /** The database, redacted. */
  readonly display: string;
  /** For the message: `reading public.film`. */
  readonly doing: string;
  /** What would help if a privilege is missing, such as `GRANT SELECT ON ...`. */
  readonly grant?: string;
}

/** The failure for an error of connecting. */
export function connectionFailure(display: string, cause: unknown): ExpectedError {
  if (cause instanceof ExpectedError) return cause;
  const reason = cause instanceof PasswordMissing ? cause.message : messageOf(cause);
  return new ExpectedError(
    { code: "connection", display, reason, remedy: remedyFor(cause) },
    { cause },
  );
}

/** The failure for an error of a statement: the server's own message, or the loss of the connection. */
export function queryFailure({ display, doing, grant }: Attempt, cause: unknown): ExpectedError {
  if (!(cause instanceof DatabaseError)) {
    const reason = `the connection broke while ${doing}: ${messageOf(cause)}`;
    const remedy = "look into the server's log, then run the command again";
    return new ExpectedError({ code: "connection", display, reason, remedy }, { cause });
  }
  const { code: sqlState = "XX000", message: reason } = cause;
  const hint = hintFor(cause, grant);
  return new ExpectedError(
    { code: "query", display, doing, sqlState, reason, ...(hint === undefined ? {} : { hint }) },
    { cause },
  );
}

function hintFor(
  { code, routine, hint, message }: DatabaseError,
  grant?: string,
): string | undefined {
  // 42501 stands for two things here: no privilege, or rows that a policy would hide.
  if (code === "42501" && routine === "check_enable_rls") {
    return "read as the table's owner or as a role with BYPASSRLS, since hidden rows would look deleted";
  }
  if (code === "42501" && grant !== undefined) return `the role needs a privilege: ${grant}`;
  if (code === "40001") {
    return "a standby ended the snapshot: read the primary, or raise max_standby_streaming_delay";
  }
  // A row, or bytea within it, beyond what the server can hold at once.
  if (code === "54000" || /^invalid memory alloc request size/.test(message)) {
    return "rows of 1 GB and more, as text, cannot be read; leave the large column out with --ignore-column, or the table with --exclude";
  }
  return hint;
}

const REMEDIES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "check that the server runs and that host and port are right",
  ENOENT: "check that the server runs here and which folder its socket is in",
  ENOTFOUND: "check the host name",
  EAI_AGAIN: "check the host name and the network",
  ETIMEDOUT: "check host, port and firewall",
  EHOSTUNREACH: "check host, network and firewall",
  ENETUNREACH: "check host, network and firewall",
  ECONNRESET: "check that a PostgreSQL server listens there, and its log",
  EACCES: "check that this user may use the socket",
  ERR_TLS_CERT_ALTNAME_INVALID: "use the host name of the certificate, or sslmode=verify-ca",
  "28P01": "check user and password, in the URL, PGPASSWORD or the password file",
  "28000": "check user, database and pg_hba.conf of the server",
  "3D000": "check the name of the database",
  "53300": "wait until a connection is free",
  "57P03": "wait until the server accepts connections",
};

function remedyFor(cause: unknown): string {
  if (cause instanceof PasswordMissing) {
    return `put it into ${cause.file} (which only you may read), or into PGPASSWORD`;
  }
  const code = codeOf(cause);
  const known = code === undefined ? undefined : REMEDIES[code];
  if (known !== undefined) return known;
  if (code !== undefined && /CERT|ISSUER|SIGNATURE/.test(code)) {
    return "name the root certificate that signed the server's with sslrootcert";
  }
  if (/does not support SSL/.test(messageOf(cause)))
    return "ask for sslmode=disable, or switch SSL on";
  if (/timeout expired/.test(messageOf(cause))) return "check host, port and firewall";
  return "check the connection with psql";
}

/** Node wraps the failures of several addresses of one host into one error without a message. */
function messageOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(messageOf).join(", ");
  return cause instanceof Error ? cause.message : String(cause);
}

function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string"
    ? cause.code
    : undefined;
}
