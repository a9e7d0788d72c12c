/**
 * The PostgreSQL server that a test run uses, as the tests see it.
 */
import { Client } from "pg";

export interface TestServer {
  readonly kind: "url" | "docker" | "local";
  /** Superuser, database `postgres`, over TCP. */
  readonly url: string;
  /** E.g. 150018. */
  readonly versionNumber: number;
  /** Id of the container, whose psql and pg_dump are used where the machine has none. */
  readonly container?: string;
  /** Folder of the server's socket, if this machine can use it; it asks for no password. */
  readonly socket?: string;
}

/** A server that this run started. */
export interface StartedServer {
  readonly server: TestServer;
  readonly stop: () => Promise<void>;
}

/** Without a server, why not. */
export type TestServerState =
  | { readonly kind: "server"; readonly server: TestServer }
  | { readonly kind: "none"; readonly reason: string };

/** The server's version as a number; fails if nobody answers there. */
export async function versionOf(url: string): Promise<number> {
  const client = new Client(url);
  await client.connect();
  const { rows } = await client.query<{ server_version_num: string }>("SHOW server_version_num");
  await client.end();
  return Number(rows[0]?.server_version_num);
}

declare module "vitest" {
  interface ProvidedContext {
    testServer: TestServerState;
  }
}
