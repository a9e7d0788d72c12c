import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDatabase } from "../../src/sources/database.ts";
import type { DatabaseSource } from "../../src/sources/source.ts";
import { execute } from "../support/postgres.ts";
import { findBinaries, startLocal } from "../support/server/local.ts";
import type { StartedServer } from "../support/server/types.ts";

const binaries = findBinaries();

function hasOpenssl(): boolean {
  try {
    execFileSync("openssl", ["version"]);
    return true;
  } catch {
    return false;
  }
}

/** Takes TLS only, so that each connection that works proves it. Needs server binaries on this machine, and openssl. */
describe.skipIf(binaries === undefined || !hasOpenssl())("a server that only takes TLS", () => {
  let folder: string;
  let started: StartedServer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "rowpatch-tls-"));
    for (const name of ["server", "stranger"]) {
      const files = ["-keyout", join(folder, `${name}.key`), "-out", join(folder, `${name}.crt`)];
      const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
      const names = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=DNS:localhost"];
      execFileSync("openssl", ["req", ...kind, "-days", "2", ...files, ...names], {
        stdio: "ignore",
      });
    }
    started = await startLocal(binaries ?? "", {
      settings: "ssl = on\n",
      access: "hostssl all all all scram-sha-256\nlocal all all trust\n",
      files: {
        "server.crt": await readFile(join(folder, "server.crt"), "utf8"),
        "server.key": await readFile(join(folder, "server.key"), "utf8"),
      },
    });
  });
  afterAll(async () => {
    await started.stop();
    await rm(folder, { recursive: true });
  });

  /** The certificate names `localhost` and no address. */
  function open(
    host: string,
    parameters: Readonly<Record<string, string>>,
  ): Promise<DatabaseSource> {
    const url = new URL(started.server.url);
    url.hostname = host;
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return openDatabase(url.href, { env: { HOME: folder } });
  }

  const cases: readonly [string, string, Readonly<Record<string, string>>][] = [
    ["prefer, the default", "127.0.0.1", {}],
    ["allow, after the refusal without TLS", "127.0.0.1", { sslmode: "allow" }],
    ["require, whose certificate nobody checks", "127.0.0.1", { sslmode: "require" }],
    [
      "require with channel binding",
      "localhost",
      { sslmode: "require", channel_binding: "require" },
    ],
    [
      "verify-ca, whatever the host's name",
      "127.0.0.1",
      { sslmode: "verify-ca", root: "server.crt" },
    ],
    ["verify-full", "localhost", { sslmode: "verify-full", root: "server.crt" }],
  ];
  test.each(cases)("is read with sslmode %s", async (_, host, { root, ...parameters }) => {
    const certificate = root === undefined ? {} : { sslrootcert: join(folder, root) };
    await using source = await open(host, { ...parameters, ...certificate });
    expect(await source.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")).toEqual([
      ["t"],
    ]);
  });

  const refused: readonly [string, string, Readonly<Record<string, string>>, string][] = [
    ["disable", "127.0.0.1", { sslmode: "disable" }, "pg_hba.conf"],
    [
      "verify-full and another host name",
      "127.0.0.1",
      { sslmode: "verify-full", root: "server.crt" },
      "sslmode=verify-ca",
    ],
    [
      "verify-ca and another authority",
      "localhost",
      { sslmode: "verify-ca", root: "stranger.crt" },
      "sslrootcert",
    ],
    [
      "require and another authority",
      "localhost",
      { sslmode: "require", root: "stranger.crt" },
      "sslrootcert",
    ],
  ];
  test.each(refused)(
    "is not read with sslmode %s",
    async (_, host, { root, ...parameters }, remedy) => {
      const certificate = root === undefined ? {} : { sslrootcert: join(folder, root) };
      await expect(open(host, { ...parameters, ...certificate })).rejects.toMatchObject({
        failure: { code: "connection", remedy: expect.stringContaining(remedy) },
      });
    },
  );

  test("stops when lines are left early", async () => {
    await execute(
      `${started.server.url}?sslmode=no-verify`,
      "CREATE TABLE slow AS SELECT repeat('x', 70000) AS a FROM generate_series(1, 1000)",
    );
    await using source = await open("127.0.0.1", {});
    const table = { schema: "public", name: "slow" };
    const request = { table, parts: [table], columns: ["a"] };
    const began = performance.now();
    // Minutes if it ran to its end.
    const where = "pg_catalog.pg_sleep(0.05) IS NOT NULL";
    for await (const _ of source.lines({ ...request, where })) break;
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(await source.query("SELECT 1")).toEqual([["1"]]);
  });
});
