/**
 * Opens one connection, by the first way that works. Runs no statement.
 */
import type { ClientConfig } from "pg";
import { ExpectedError } from "../../errors.ts";
import type { ConnectionTarget } from "../connection.ts";
import { connectionFailure } from "./failures.ts";
import { Client, DatabaseError } from "./pg.ts";
import { RowSocket } from "./row-socket.ts";

/** A connection and how it was made, which a request to cancel needs again. */
export interface Connected {
  readonly client: Client;
  readonly config: ClientConfig;
}

/**
 * Connects; the caller ends the client.
 *
 * @throws ExpectedError `connection`, `interrupted`
 */
export async function connect(
  { configs, display }: ConnectionTarget,
  signal: AbortSignal | undefined,
): Promise<Connected> {
  let failure: unknown;
  for (const config of configs) {
    if (signal?.aborted) throw new ExpectedError({ code: "interrupted" });
    const client = new Client({
      ...config,
      ...(config.ssl ? {} : { stream: () => new RowSocket() }),
    });
    // An error after the connection was made reaches the query that waits; without a listener it would end the process.
    client.on("error", () => undefined);
    const hangUp = () => client.connection.stream.destroy();
    signal?.addEventListener("abort", hangUp);
    try {
      await client.connect();
      return { client, config };
    } catch (cause) {
      await client.end();
      if (signal?.aborted) throw new ExpectedError({ code: "interrupted" }, { cause });
      // The first way is the one that was meant; the second one only says that it is not allowed. A server without TLS says
      // nothing about the first way.
      if (failure === undefined || isWithoutTls(failure)) failure = cause;
      if (!mayWorkOtherwise(cause)) break;
    } finally {
      signal?.removeEventListener("abort", hangUp);
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
