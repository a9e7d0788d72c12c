import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  createDatabase,
  execute,
  hasServer,
  type TestDatabase,
  urlOf,
} from "../support/postgres.ts";
import { lastLine, type Ran, run } from "./run.ts";
import { createLocal, type Folder, makeFolder, PRODUCTION } from "./shop.ts";

let folder: Folder;
beforeEach(() => {
  folder = makeFolder();
});
afterEach(() => folder.remove());

/** `script` with these sides and flags; the bundle would go to `out`. */
function script(production: string, local: string, ...flags: readonly string[]): Promise<Ran> {
  const sides = ["--production", production, "--local", local];
  const argv = ["script", ...sides, "--out", folder.at("out"), ...flags];
  return run(argv, { env: folder.env });
}

/** Exit code 2, one message, a line to type next, and nothing written. */
function expectFailure(ran: Ran, message: RegExp | string, next?: RegExp): void {
  expect(ran.stderr).toMatch(message);
  expect(ran.stderr).toMatch(/^rowpatch: /);
  expect(ran.stderr).not.toMatch(/ at .*\.ts:/);
  expect(ran.code).toBe(2);
  expect(ran.stdout).toBe("");
  if (next) expect(lastLine(ran.stderr)).toMatch(next);
}

describe("dumps", () => {
  const plain = readFileSync(PRODUCTION);
  const damaged: readonly (readonly [string, Buffer, RegExp])[] = [
    ["an empty file", Buffer.alloc(0), /is empty; a dump that pg_dump finished is never empty/],
    [
      "a text that is no dump",
      Buffer.from("Dear diary,\nnothing happened.\n"),
      /not a PostgreSQL dump/,
    ],
    ["an image", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 13]), /not a PostgreSQL dump/],
    [
      "a dump cut within rows",
      plain.subarray(0, plain.indexOf("COPY public.customer") + 900),
      /is damaged at/,
    ],
    [
      "a custom archive cut within its head",
      Buffer.from("PGDMP\u0001\u000e\u0000\u0004"),
      /is damaged at/,
    ],
    ["a UTF-16 text", Buffer.from(`\ufeff${plain.toString()}`, "utf16le"), /UTF-16/],
  ];

  test("a missing file", async () => {
    const ran = await script(folder.at("none.dump"), PRODUCTION);
    expectFailure(ran, /none\.dump does not exist/, /^ls -l \//);
    expect(folder.left()).toEqual([]);
  });

  test.each(damaged)("%s", async (_name, content, message) => {
    writeFileSync(folder.at("prod.dump"), content);
    expectFailure(await script(folder.at("prod.dump"), PRODUCTION), message, /^pg_dump -Fc /);
    expectFailure(await script(PRODUCTION, folder.at("prod.dump")), message, /^pg_dump -Fc /);
    expect(folder.left()).toEqual(["prod.dump"]);
  });
});

describe("flags", () => {
  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["an unknown flag", ["--applly"], /unknown option '--applly'/],
    ["a policy that there is not", ["--deletes", "maybe"], /--deletes must be apply or withhold/],
    ["a table that there is not", ["--include", "public.nosuch"], /public\.nosuch/],
    ["a key of a table that there is not", ["--key", "nosuch=id"], /nosuch/],
    ["a key column that there is not", ["--key", "public.page=nosuch"], /nosuch/],
    ["a column that there is not", ["--ignore-column", "nosuch"], /nosuch/],
    [
      "a condition on a dump",
      ["--where", "public.page=true"],
      /--where filters only where both sides are live/,
    ],
  ];
  test.each(cases)("%s", async (_name, flags, message) => {
    expectFailure(
      await script(PRODUCTION, PRODUCTION, ...flags),
      message,
      /^rowpatch script --help$/,
    );
    expect(folder.left()).toEqual([]);
  });

  test("nothing to compare is not the same as no differences", async () => {
    const ran = await script(PRODUCTION, PRODUCTION, "--exclude", "*");
    expectFailure(ran, /nothing was compared/);
    expect(folder.left()).toEqual([]);
  });

  test("a settings file with several mistakes", async () => {
    writeFileSync(folder.at("c.yaml"), "tikcet: x\nmemory: lots\n");
    const ran = await script(PRODUCTION, PRODUCTION, "--config", folder.at("c.yaml"));
    expectFailure(ran, /there is no setting "tikcet"\n.*memory must be a size/s);
  });

  test("a settings file that is not there, or no YAML", async () => {
    const missing = await script(PRODUCTION, PRODUCTION, "--config", folder.at("none.yaml"));
    expectFailure(missing, /none\.yaml failed: no such file/);
    writeFileSync(folder.at("c.yaml"), "a: [");
    expectFailure(
      await script(PRODUCTION, PRODUCTION, "--config", folder.at("c.yaml")),
      /c\.yaml is not YAML/,
    );
  });
});

describe("the output folder", () => {
  test("exists, and is seen before anything is compared", async () => {
    mkdirSync(folder.at("out"));
    const ran = await script(folder.at("none.dump"), PRODUCTION);
    expectFailure(ran, /out exists already/, /^rowpatch script .* --force$/);
    expect(folder.left()).toEqual(["out"]);
  });

  test("holds what is no bundle: --force does not replace it", async () => {
    mkdirSync(folder.at("out"));
    writeFileSync(folder.at("out/diary.txt"), "");
    const ran = await script(PRODUCTION, PRODUCTION, "--force");
    expectFailure(ran, /holds what no bundle holds \(diary\.txt\)/, /^ls -la /);
  });
});

describe.skipIf(!hasServer)("databases", () => {
  let local: TestDatabase;
  beforeAll(async () => {
    local = await createLocal();
  });
  afterAll(() => local[Symbol.asyncDispose]());
  afterEach(() => {
    expect(folder.left()).toEqual([]);
  });

  test("a server that does not answer", async () => {
    const ran = await script(PRODUCTION, "postgres://127.0.0.1:1/shop");
    expectFailure(ran, /cannot connect to postgres:\/\/.*127\.0\.0\.1:1\/shop/, /^psql /);
  });

  test("a wrong password, which is not printed", async () => {
    const ran = await script(PRODUCTION, urlOf(local.name, undefined, "wr0ng-s3cret"));
    expectFailure(ran, /cannot connect.*password/, /^psql /);
    expect(ran.stderr).not.toMatch(/wr0ng-s3cret/);
  });

  test("a database that there is not", async () => {
    expectFailure(await script(PRODUCTION, urlOf("nosuch")), /nosuch/, /^psql /);
  });

  test("a table that may not be read", async () => {
    await using database = await createDatabase("CREATE TABLE t (id int PRIMARY KEY)");
    const role = `r_${database.name}`;
    await execute(database.url, `CREATE ROLE ${role} LOGIN PASSWORD 's3cret-role'`);
    try {
      const ran = await script(database.url, urlOf(database.name, role, "s3cret-role"));
      expectFailure(ran, /permission denied for table t/, /^psql /);
      expect(ran.stderr).not.toMatch(/s3cret-role/);
    } finally {
      await execute(database.url, `DROP ROLE ${role}`);
    }
  });

  test("a condition that is no SQL", async () => {
    const ran = await script(local.url, local.url, "--where", "public.page=slug = = 1");
    expectFailure(ran, /syntax error/);
  });

  test("a condition on a table that there is not", async () => {
    const ran = await script(local.url, local.url, "--where", "public.nosuch=true");
    expectFailure(ran, /public\.nosuch/, /^rowpatch script --help$/);
  });
});

/** A file system of 64 kB at this folder; undefined where this process may not make one. */
function mountTiny(path: string): (() => void) | undefined {
  mkdirSync(path);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", path], { stdio: "ignore" });
    // Lazily: a stream that failed closes its file when it comes to it.
    return () => void execFileSync("umount", ["-l", path]);
  } catch {
    return undefined;
  }
}

function canMount(): boolean {
  const probe = makeFolder();
  const unmount = mountTiny(probe.at("tiny"));
  unmount?.();
  probe.remove();
  return unmount !== undefined;
}

describe.skipIf(!hasServer || !canMount())("a full disk (needs the right to mount)", () => {
  let local: TestDatabase;
  beforeAll(async () => {
    local = await createLocal();
    // More than the disk takes, as changes and as scripts.
    await execute(
      local.url,
      "INSERT INTO page SELECT 'p' || n, 'title', repeat('x', 1000) FROM generate_series(1, 200) n",
    );
  });
  afterAll(() => local[Symbol.asyncDispose]());

  test("under the bundle", async () => {
    const unmount = mountTiny(folder.at("tiny"));
    try {
      const flags = ["--deletes", "apply", "--triggers", "disable"];
      const argv = ["script", "--production", PRODUCTION, "--local", local.url, ...flags];
      const ran = await run([...argv, "--out", folder.at("tiny/a/b")], { env: folder.env });
      expectFailure(ran, /no space is left on the device/, /^df -h /);
      expect(execFileSync("ls", ["-A", folder.at("tiny")]).toString()).toBe("");
    } finally {
      unmount?.();
    }
  });

  test("under the temporary files", async () => {
    const unmount = mountTiny(folder.at("tiny"));
    try {
      const argv = ["diff", "--production", PRODUCTION, "--local", local.url];
      const ran = await run(argv, { env: { ...folder.env, TMPDIR: folder.at("tiny") } });
      expectFailure(ran, /no space left on device.*; make room there/, /^df -h .*tiny$/);
      expect(execFileSync("ls", ["-A", folder.at("tiny")]).toString()).toBe("");
    } finally {
      unmount?.();
    }
  });
});
