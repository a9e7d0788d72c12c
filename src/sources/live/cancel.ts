/**
 * Asks the server to end the statement that another connection runs.
 */
import { connect as connectSocket, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { ClientConfig } from "pg";

/** The backend that runs the statement, as it introduced itself. */
export interface Backend {
  readonly processId: number;
  readonly secretKey: number;
}

/** The backend behind a connected client of `pg`, whose types do not tell. */
export function backendOf(client: object): Backend | undefined {
  if (!("processID" in client) || !("secretKey" in client)) return undefined;
  const { processID: processId, secretKey } = client;
  if (typeof processId !== "number" || typeof secretKey !== "number") return undefined;
  return { processId, secretKey };
}

const SSL_REQUEST = 80877103;
const CANCEL_REQUEST = 80877102;

/**
 * Sends a cancel request the way the connection itself was made. Returns when the server has closed the line, that is after
 * it signalled the backend, or after a few seconds; never fails, since there is nothing else to try.
 *
 * See: docs, "Canceling Requests in Progress".
 */
export async function requestCancel(config: ClientConfig, backend: Backend): Promise<void> {
  const socket = await openLine(config);
  if (socket === undefined) return;
  await new Promise<void>((resolve) => {
    socket.once("close", resolve).on("error", () => socket.destroy());
    socket.setTimeout(5000, () => socket.destroy());
    socket.resume();
    socket.write(message(CANCEL_REQUEST, backend.processId, backend.secretKey));
  });
}

async function openLine({
  host = "",
  port = 5432,
  ssl,
}: ClientConfig): Promise<Socket | undefined> {
  const socket = host.startsWith("/")
    ? connectSocket(`${host}/.s.PGSQL.${port}`)
    : connectSocket(port, host);
  socket.setTimeout(5000, () => socket.destroy());
  if (!(await happens(socket, "connect"))) return undefined;
  if (!ssl) return socket;
  socket.write(message(SSL_REQUEST));
  const answer = await happens(socket, "data");
  if (!Buffer.isBuffer(answer) || answer.toString() !== "S") {
    socket.destroy();
    return undefined;
  }
  const options = ssl === true ? {} : ssl;
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const secure = connectTls({ host, ...servername, ...options, socket });
  return (await happens(secure, "secureConnect")) ? secure : undefined;
}

/** What the event brings, `true` for nothing; undefined if the line closes first. */
function happens(socket: Socket, event: string): Promise<unknown> {
  return new Promise((resolve) => {
    socket.once(event, (value: unknown) => resolve(value ?? true));
    socket.once("close", () => resolve(undefined));
    socket.once("error", () => resolve(undefined));
  });
}

function message(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 + numbers.length * 4);
  bytes.writeInt32BE(bytes.length);
  for (const [index, number] of numbers.entries()) bytes.writeInt32BE(number, 4 + index * 4);
  return bytes;
}
