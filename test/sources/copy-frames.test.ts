import { once } from "node:events";
import { type AddressInfo, createServer, Socket } from "node:net";
import { Client } from "pg";
import { describe, expect, test } from "vitest";
import { type ChunkMemory, chunkMemory } from "../../src/sources/live/chunk-memory.ts";
import { CopyOut } from "../../src/sources/live/copy.ts";
import { RowSocket } from "../../src/sources/live/row-socket.ts";

/** A message of the protocol: its type, length and body. */
function message(type: string, body: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.from(`${type}    `);
  head.writeInt32BE(4 + body.length, 1);
  return Buffer.concat([head, body]);
}

const READY = message("Z", Buffer.from("I"));
const NOTICE = message("N", Buffer.from("SNOTICE\0C00000\0Mby the way\0\0"));

/** Numbers below `limit`, the same ones for the same seed. */
function choices(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 48_271) + 11) >>> 0;
    return state % limit;
  };
}

/** Mostly short, some as long as several reads, now and then an empty one. */
function rowsOf(seed: number): Buffer[] {
  const choose = choices(seed);
  return Array.from({ length: 1 + choose(3000) }, () => {
    const kind = choose(200);
    const length = kind === 0 ? choose(900_000) : kind < 10 ? choose(40_000) : choose(300);
    return Buffer.concat([Buffer.alloc(length, 32 + choose(90)), Buffer.from("\n")]);
  });
}

/** Writes in pieces that begin and end anywhere. */
async function dribble(socket: Socket, bytes: Buffer, choose: (limit: number) => number) {
  for (let from = 0; from < bytes.length && !socket.destroyed; ) {
    const length = 1 + choose(choose(3) === 0 ? 20 : 200_000);
    if (!socket.write(bytes.subarray(from, from + length))) {
      await Promise.race([once(socket, "drain"), once(socket, "close")]);
    }
    from += length;
    if (choose(4) === 0) await new Promise(setImmediate);
  }
}

/** A server that answers each query with these rows; what it sends besides is for `pg`. */
async function serving(rows: readonly Buffer[], seed: number, socketOf: () => Socket) {
  const choose = choices(seed + 1);
  const sockets: Socket[] = [];
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined).setMaxListeners(0);
    socket.once("data", () => {
      socket.write(Buffer.concat([message("R", Buffer.alloc(4)), READY]));
      socket.on("data", (sent: Buffer) => {
        if (sent[0] !== "Q".charCodeAt(0)) return;
        const frames = rows.flatMap((row, n) =>
          n === 0 || choose(50) === 0 ? [NOTICE, message("d", row)] : [message("d", row)],
        );
        const end = [message("c"), message("C", Buffer.from(`COPY ${rows.length}\0`)), READY];
        const start = message("H", Buffer.alloc(3));
        void dribble(socket, Buffer.concat([start, ...frames, ...end]), choose);
      });
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = new Client({ host: "127.0.0.1", port, user: "ann", stream: socketOf });
  let notices = 0;
  client.on("notice", () => {
    notices += 1;
  });
  await client.connect();
  return {
    client,
    notices: () => notices,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await client.end();
      server.close();
    },
  };
}

async function readAll(client: Client, memory: ChunkMemory, kept: boolean) {
  const copy = new CopyOut("COPY t TO STDOUT", { memory, kept });
  client.query(copy);
  const chunks: Buffer[] = [];
  for (let chunk = await copy.next(); chunk; chunk = await copy.next()) {
    expect(chunk.at(-1)).toBe(10);
    chunks.push(kept ? chunk : Buffer.from(chunk));
    // The socket goes on meanwhile, or stops because enough waits.
    if (chunks.length % 3 === 0) await new Promise(setImmediate);
  }
  const bytes = Buffer.concat(chunks);
  if (kept) for (const chunk of chunks) memory.giveBack(chunk);
  return bytes;
}

describe.each([
  ["read into its memory", () => new RowSocket()],
  ["taken from any other stream", () => new Socket()],
])("rows of COPY, %s", (_name, socketOf) => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "come whole, wherever reads begin and end (%i)",
    async (seed) => {
      const rows = rowsOf(seed);
      await using server = await serving(rows, seed, socketOf);
      const expected = Buffer.concat(rows);
      const memory = chunkMemory();
      for (const kept of [false, true, false]) {
        const bytes = await readAll(server.client, memory, kept);
        expect(bytes.equals(expected)).toBe(true);
      }
      expect(server.notices()).toBeGreaterThan(0);
    },
  );

  test("are thrown away until the server ends, and the next ones are whole", async () => {
    const rows = rowsOf(20);
    await using server = await serving(rows, 20, socketOf);
    const memory = chunkMemory();
    const copy = new CopyOut("COPY t TO STDOUT", { memory, kept: false });
    server.client.query(copy);
    expect((await copy.next())?.length).toBeGreaterThan(0);
    await copy.drain();
    expect(await copy.next()).toBeUndefined();
    const bytes = await readAll(server.client, memory, false);
    expect(bytes.equals(Buffer.concat(rows))).toBe(true);
  });
});
