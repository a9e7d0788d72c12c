/**
 * Opens one connection, by the first way that works. Runs no statement.
 */
import { Client, type ClientConfig, DatabaseError } from "pg";
import type { ConnectionTarget } from "../connection.ts";
import { connectionFailure } from "./failures.ts";

/** A connection and how it was made, which a request to cancel needs again. */
export interface Connected {
  readonly client: Client;
  readonly config: ClientConfig;
}

/**
 * Connects; the caller ends the client.
 *
 * @throws ExpectedError `connection`
 */
export async function connect({ configs, display }: ConnectionTarget): Promise<Connected> {
  let failure: unknown;
  for (const config of configs) {
    const client = new Client(config);
    // An error after the connection was made reaches the query that waits; without a listener it would end the process.
    client.on("error", () => undefined);
    try {
      await client.connect();
      return { client, config };
    } catch (cause) {
      await client.end();
      // The first way is the one that was meant; the second one only says that it is not allowed. A server without TLS says
      // nothing about the first way.
      if (failure === undefined || isWithoutTls(failure)) failure = cause;
      if (!mayWorkOtherwise(cause)) break;
    }
  }
  throw connectionFailure(display, failure);
}

/** As libpq: the other way is tried where TLS fails or pg_hba.conf has no line for this way, not after a wrong password. */
function mayWorkOtherwise(cause: unknown): boolean {
  if (cause instanceof DatabaseError) return cause.code === "28000";
  return (
    cause instanceof Error &&
    /SSL|TLS|certificate/i.test(`${cause.message} ${"code" in cause ? cause.code : ""}`)
  );
}

/** What `pg` makes of a server's refusal to speak TLS. */
function isWithoutTls(cause: unknown): boolean {
  return cause instanceof Error && /server does not support SSL/.test(cause.message);
}
