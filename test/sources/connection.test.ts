import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import type { ClientConfig } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ExpectedError } from "../../src/errors.ts";
import { isConnectionString } from "../../src/sources/connection/string.ts";
import { resolveConnection } from "../../src/sources/connection.ts";

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "rowpatch-home-"));
});
afterAll(() => rm(home, { recursive: true }));

const me = userInfo().username;

async function resolve(text: string, env: Readonly<Record<string, string>> = {}) {
  const target = await resolveConnection(text, { HOME: home, PGHOST: "envhost", ...env });
  const [config] = target.configs;
  if (config === undefined) throw new Error("no way to connect");
  return { ...target, config };
}

function passwordOf({ password }: ClientConfig): Promise<string> {
  return typeof password === "function" ? Promise.resolve(password()) : Promise.reject(password);
}

async function messageOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof ExpectedError)) throw new Error("no failure", { cause: error });
  expect(error.failure.code).toBe("connection_string");
  return inspect(error, { depth: 10 });
}

describe("a connection string", () => {
  test.each([
    ["postgres://ann@db.example:5433/shop", "db.example", 5433, "ann", "shop"],
    ["postgresql://db.example/shop", "db.example", 5432, me, "shop"],
    ["postgres://ann:secret@[2001:db8::1]:5433/shop", "2001:db8::1", 5433, "ann", "shop"],
    ["postgres://a%40b:x@h/my%20shop", "h", 5432, "a@b", "my shop"],
    ["postgres:///shop?host=/run/pg&port=5433&user=ann", "/run/pg", 5433, "ann", "shop"],
    ["postgres://%2Frun%2Fpg/shop", "/run/pg", 5432, me, "shop"],
    ["postgres://h?user=ann&dbname=shop", "h", 5432, "ann", "shop"],
    ["postgres://", "envhost", 5432, me, me],
    ["host=h dbname=shop user=ann port=5433", "h", 5433, "ann", "shop"],
    ["host = h dbname = 'it\\'s a \\\\ shop'", "h", 5432, me, "it's a \\ shop"],
    ["dbname=a\\ b", "envhost", 5432, me, "a b"],
    ["host=h hostaddr=10.0.0.1 dbname=shop", "10.0.0.1", 5432, me, "shop"],
    ["dbname=''", "envhost", 5432, me, me],
  ])("%s is read as libpq reads it", async (text, host, port, user, database) => {
    const { config } = await resolve(text);
    expect(config).toMatchObject({ host, port, user, database });
  });

  test.each([
    ["postgres://ann:pw@db:5433/shop?password=other", "postgres://ann@db:5433/shop"],
    ["postgres://ann@db:5432/shop", "postgres://ann@db/shop"],
    ["host=::1 dbname='a/b c' user=ann password=pw", "postgres://ann@[::1]/a%2Fb%20c"],
    ["host=/run/pg user=ann dbname=shop", "postgres://ann@/shop?host=/run/pg"],
    ["host=/run/pg user=ann dbname=shop port=1", "postgres://ann@/shop?host=/run/pg&port=1"],
  ])("%s is shown as a URL without password, which means the same", async (text, display) => {
    const { display: shown, config } = await resolve(text);
    expect(shown).toBe(display);
    const { host, port, user, database } = config;
    expect((await resolve(shown)).config).toMatchObject({ host, port, user, database });
  });

  test.each([
    ["postgres://h", true],
    ["postgresql://h", true],
    ["service=prod", true],
    [" dbname = x", true],
    ["prod.dump", false],
    ["backup=old.dump", false],
    ["./service=prod", false],
    ["postgres.sql", false],
  ])("%s: is a database %s", (text, expected) => {
    expect(isConnectionString(text)).toBe(expected);
  });

  test.each([
    "postgres://h/d?nonsense=1",
    "postgres://h:port/d",
    "postgres://h:70000/d",
    "postgres://h/%zz",
    "postgres://h/%ff",
    "postgres://h/a%00b",
    "postgres://h/d?sslmode",
    "postgres://h/d?sslmode=no-verify",
    "postgres://a,b/d",
    "host=a,b",
    "host=h dbname='d",
    "host=h oops",
    "= h",
    "host=@abstract",
    "dbname=postgres://h/d",
    "host=h target_session_attrs=read-write",
    "host=h requirepeer=postgres",
    "host=h connect_timeout=soon",
  ])("%s is refused", async (text) => {
    expect(await messageOf(resolve(text))).toContain("this connection string cannot be read");
  });

  test("an unknown parameter is named where it cannot be a piece of a password", async () => {
    expect(await messageOf(resolve("postgres://h/d?schema=public"))).toContain('"schema"');
    expect(await messageOf(resolve("host=h sslmod=require"))).toContain('"sslmod"');
  });
});

describe("a password", () => {
  const hostile = ["S3CR3T", "S3CR3T@:/?#[]%&=' \"\\", "S3CR3Tü€😀", "%53S3CR3T", "S3CR3T host=x"];

  test.each(
    hostile.flatMap((password) => [
      [`postgres://ann:${encodeURIComponent(password)}@h/d`, password],
      [`postgres://h/d?user=ann&password=${encodeURIComponent(password)}`, password],
      [`host=h dbname=d password='${password.replaceAll(/['\\]/g, "\\$&")}'`, password],
    ]),
  )("%s is understood and never printed", async (text, password) => {
    const target = await resolve(text);
    expect(await passwordOf(target.config)).toBe(password);
    for (const printed of [
      target.display,
      JSON.stringify(target),
      inspect(target, { depth: 10 }),
    ]) {
      expect(printed).not.toContain("S3CR3T");
    }
  });

  test.each([
    "postgres://ann:S3@CR@h/d",
    "postgres://ann:S3/CR@h/d",
    "postgres://ann:S3?CR@h/d",
    "postgres://ann:12/CR@h/d",
    "postgres://ann:12?sslmode=S3CR@h/d",
    "postgres://ann:S3%CR@h/d",
    "postgres://ann:x@h/d?password=S3&CR=T",
    "postgres://ann:x@h/d?password=S3&CR",
    "host=h password=S3 CR dbname=d",
    "host=h password=S3 CR=T dbname=d",
    "host=h password='S3CR dbname=d",
    "password=S3 port=S3CR",
    "dbname='host=h password=S3CR'",
  ])("%s is refused without repeating any of it", async (text) => {
    expect(await messageOf(resolve(text))).not.toMatch(/S3|CR/);
  });

  test("comes from PGPASSWORD where the string gives none", async () => {
    const env = { PGPASSWORD: "from the environment" };
    expect(await passwordOf((await resolve("host=h", env)).config)).toBe(env.PGPASSWORD);
    expect(await passwordOf((await resolve("host=h password=own", env)).config)).toBe("own");
  });

  test("comes from the first matching line of the password file, which only its owner may read", async () => {
    const file = join(home, "passwords");
    const lines = [
      "# h:5432:d:ann:comment",
      "other:5432:d:ann:wrong",
      "h:5432:a\\:b:ann:for a\\:b",
      "h:*:*:ann:back\\\\slash",
      "localhost:5432:*:*:socket",
      "*:*:*:*:last",
    ];
    await writeFile(file, `${lines.join("\n")}\n`, { mode: 0o600 });
    const cases = [
      ["host=h dbname=d user=ann", "back\\slash"],
      ["host=h dbname=a:b user=ann", "for a:b"],
      ["host=h dbname=d user=bob", "last"],
      ["host=/tmp dbname=d user=ann", "socket"],
      ["host=/elsewhere dbname=d user=ann", "last"],
      ["host=h hostaddr=10.0.0.1 dbname=d user=ann", "back\\slash"],
    ] as const;
    for (const [text, password] of cases) {
      const { config } = await resolve(text, { PGPASSFILE: file });
      expect([text, await passwordOf(config)]).toEqual([text, password]);
    }
    await chmod(file, 0o644);
    const { config } = await resolve("host=h user=ann", { PGPASSFILE: file });
    await expect(passwordOf(config)).rejects.toThrow("none is given");
  });
});

describe("a service", () => {
  const content = `
# services
[other]
host=wrong
[prod]
host = prod.example
 dbname=shop
port=5433
password=S3CR3T
port=9999
[broken]
nonsense=S3CR3T
`;

  async function withFile(): Promise<string> {
    const file = join(home, "services");
    await writeFile(file, content);
    return file;
  }

  test("gives what the connection string leaves open, before the environment does", async () => {
    const env = { PGSERVICEFILE: await withFile(), PGPORT: "1", PGUSER: "ann" };
    const { config, display } = await resolve("service=prod dbname=other", env);
    expect(config).toMatchObject({
      host: "prod.example",
      port: 5433,
      user: "ann",
      database: "other",
    });
    expect(display).toBe("postgres://ann@prod.example:5433/other");
    expect(await passwordOf(config)).toBe("S3CR3T");
  });

  test.each([
    ["PGSERVICE", { PGSERVICE: "prod" }, "dbname=shop"],
    ["a URL", {}, "postgres:///?service=prod"],
  ])("is named by %s too", async (_, env, text) => {
    const { config } = await resolve(text, { PGSERVICEFILE: await withFile(), ...env });
    expect(config.host).toBe("prod.example");
  });

  test("is looked for in ~/.pg_service.conf, then in PGSYSCONFDIR", async () => {
    const folder = await mkdtemp(join(home, "etc-"));
    await writeFile(
      join(folder, "pg_service.conf"),
      "[both]\nhost=system\n[system]\nhost=system\n",
    );
    await writeFile(join(home, ".pg_service.conf"), "[both]\nhost=own\n");
    const env = { PGSYSCONFDIR: folder };
    expect((await resolve("service=both", env)).config.host).toBe("own");
    expect((await resolve("service=system", env)).config.host).toBe("system");
    await rm(join(home, ".pg_service.conf"));
  });

  test("that no file has, or whose lines are no parameters, is refused", async () => {
    const env = { PGSERVICEFILE: await withFile(), PGSYSCONFDIR: home };
    expect(await messageOf(resolve("service=absent", env))).toContain('service "absent"');
    const broken = await messageOf(resolve("service=broken", env));
    expect(broken).toContain("line 12 of");
    expect(broken).not.toContain("S3CR3T");
  });
});

describe("sslmode", () => {
  const encrypted = { rejectUnauthorized: false };
  test.each([
    ["disable", [false]],
    ["allow", [false, encrypted]],
    ["prefer", [encrypted, false]],
    ["", [encrypted, false]],
    ["require", [encrypted]],
  ])("%s tries %j", async (mode, expected) => {
    const { configs } = await resolve(`host=h sslmode='${mode}'`);
    expect(configs.map(({ ssl }) => ssl)).toMatchObject(expected);
    const fromEnvironment = await resolve("host=h", { PGSSLMODE: mode });
    expect(fromEnvironment.configs).toHaveLength(expected.length);
  });

  test("verify-full checks the certificate and the host, verify-ca only the certificate", async () => {
    const root = join(home, "ca.crt");
    await writeFile(root, "a certificate");
    const full = await resolve(`postgres://h/d?sslmode=verify-full&sslrootcert=${root}`);
    expect(full.configs).toHaveLength(1);
    expect(full.config.ssl).toEqual({
      rejectUnauthorized: true,
      ca: "a certificate",
      minVersion: "TLSv1.2",
      maxVersion: "TLSv1.3",
    });
    const authority = await resolve(`postgres://h/d?sslmode=verify-ca&sslrootcert=${root}`);
    expect(authority.config.ssl).toHaveProperty("checkServerIdentity");
    // As libpq: a root certificate that is there is used.
    const required = await resolve(`postgres://h/d?sslmode=require&sslrootcert=${root}`);
    expect(required.config.ssl).toHaveProperty("rejectUnauthorized", true);
  });

  test("verify-full without a root certificate is refused, unless the system's are asked for", async () => {
    expect(await messageOf(resolve("host=h sslmode=verify-full"))).toContain("root.crt");
    const { config } = await resolve("host=h sslmode=verify-full sslrootcert=system");
    expect(config.ssl).toMatchObject({ rejectUnauthorized: true });
    expect(await messageOf(resolve("host=h sslmode=require sslrootcert=system"))).toContain(
      "verify-full",
    );
  });

  test("does not matter for a socket", async () => {
    const { configs } = await resolve("host=/run/pg sslmode=verify-full");
    expect(configs.map(({ ssl }) => ssl)).toEqual([false]);
  });
});
