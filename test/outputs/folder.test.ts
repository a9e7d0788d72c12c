import { execFileSync, spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { processTag } from "../../src/changeset/left-behind.ts";
import { type OutputFile, writeFolder } from "../../src/outputs/folder.ts";
import { checkFree } from "../../src/outputs/place.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "rowpatch-folder-"));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function file(name: string, ...pieces: readonly string[]): OutputFile {
  return {
    name,
    async *text() {
      yield* pieces;
    },
  };
}

function request(name: string, force = false) {
  return { path: join(root, name), force };
}

/** The number of a process that is no more. */
function dead(): number {
  return spawnSync("true").pid;
}

function leftBy(pid: number, what: "partial" | "former"): string {
  return `.a.${what}-${processTag().replace(/^\d+/, `${pid}`)}-abcdef`;
}

describe("writeFolder", () => {
  test("writes every file and a manifest that sha256sum accepts", async () => {
    const written = await writeFolder(request("out/a"), [
      file("b.sql", "x", "\n"),
      file("a.sql", "é"),
    ]);
    expect(written.map(({ name, bytes }) => [name, bytes])).toEqual([
      ["b.sql", 2],
      ["a.sql", 2],
      ["MANIFEST", 144],
    ]);
    expect(readdirSync(join(root, "out"))).toEqual(["a"]);
    const checked = execFileSync("sha256sum", ["-c", "MANIFEST"], { cwd: join(root, "out/a") });
    expect(checked.toString()).toBe("a.sql: OK\nb.sql: OK\n");
  });

  test("a large file arrives whole", async () => {
    const pieces = Array.from({ length: 30_000 }, (_, index) => `line ${index}\n`);
    await writeFolder(request("a"), [file("a.sql", ...pieces)]);
    expect(readFileSync(join(root, "a/a.sql"), "utf8")).toBe(pieces.join(""));
  });

  test("what a killed run left behind is removed, what another one is writing stays", async () => {
    const names = [dead(), process.ppid].map((pid) => leftBy(pid, "partial"));
    for (const name of names) mkdirSync(join(root, name));
    await writeFolder(request("a"), [file("a.sql", "1")]);
    expect(readdirSync(root).sort()).toEqual([names[1], "a"]);
  });

  test("two at a time into one place: one is there whole, the other says that it is taken", async () => {
    const writing = ["1", "2"].map((text) => writeFolder(request("a"), [file("a.sql", text)]));
    const results = await Promise.allSettled(writing);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(readdirSync(root)).toEqual(["a"]);
    expect(readdirSync(join(root, "a")).sort()).toEqual(["MANIFEST", "a.sql"]);
  });

  test("a failure while writing leaves nothing, not even the parents it made", async () => {
    const failing: OutputFile = {
      name: "b.sql",
      // biome-ignore lint/correctness/useYield: it fails before it yields.
      async *text() {
        throw new Error("no text");
      },
    };
    await expect(writeFolder(request("x/y/a"), [file("a.sql", "1"), failing])).rejects.toThrow(
      "no text",
    );
    expect(readdirSync(root)).toEqual([]);
  });

  test("an abort leaves nothing", async () => {
    const abort = new AbortController();
    const aborting: OutputFile = {
      name: "a.sql",
      async *text() {
        yield "1";
        abort.abort();
      },
    };
    const writing = writeFolder({ ...request("a"), signal: abort.signal }, [aborting]);
    await expect(writing).rejects.toMatchObject({ failure: { code: "interrupted" } });
    expect(readdirSync(root)).toEqual([]);
  });

  test("a folder that exists is left as it is", async () => {
    mkdirSync(join(root, "a"));
    const writing = writeFolder(request("a"), [file("a.sql", "1")]);
    await expect(writing).rejects.toMatchObject({ failure: { code: "output_exists" } });
    expect(readdirSync(root)).toEqual(["a"]);
    expect(readdirSync(join(root, "a"))).toEqual([]);
  });

  test("with force, a bundle is replaced and nothing of it stays", async () => {
    await writeFolder(request("a"), [file("old.sql", "1")]);
    writeFileSync(join(root, "a/rehearsal.json"), "{}");
    await writeFolder(request("a", true), [file("new.sql", "2")]);
    expect(readdirSync(root)).toEqual(["a"]);
    expect(readdirSync(join(root, "a")).sort()).toEqual(["MANIFEST", "new.sql"]);
  });

  test("with force, a failure brings the former bundle back", async () => {
    await writeFolder(request("a"), [file("old.sql", "1")]);
    const failing: OutputFile = {
      name: "new.sql",
      // biome-ignore lint/correctness/useYield: it fails before it yields.
      async *text() {
        throw new Error("no text");
      },
    };
    await expect(writeFolder(request("a", true), [failing])).rejects.toThrow("no text");
    expect(readdirSync(join(root, "a")).sort()).toEqual(["MANIFEST", "old.sql"]);
  });
});

describe("checkFree", () => {
  test("a bundle that a killed run had moved away is back in its place", async () => {
    await writeFolder(request("a"), [file("a.sql", "1")]);
    const [former, busy] = [leftBy(dead(), "former"), leftBy(process.ppid, "former")];
    renameSync(join(root, "a"), join(root, former));
    mkdirSync(join(root, busy));
    await expect(writeFolder(request("a"), [file("a.sql", "2")])).rejects.toMatchObject({
      failure: { code: "output_exists" },
    });
    expect(readFileSync(join(root, "a/a.sql"), "utf8")).toBe("1");
    expect(readdirSync(root).sort()).toEqual([busy, "a"]);
  });

  test("a bundle that a killed run had replaced is removed", async () => {
    await writeFolder(request("a"), [file("a.sql", "new")]);
    mkdirSync(join(root, leftBy(dead(), "former")));
    const noFolder = leftBy(dead(), "former").replace(/-abcdef$/, "-123456");
    writeFileSync(join(root, noFolder), "");
    await checkFree(request("a", true));
    expect(readdirSync(root).sort()).toEqual([noFolder, "a"]);
    expect(readFileSync(join(root, "a/a.sql"), "utf8")).toBe("new");
  });

  test("a bundle that a killed run had moved away stays where something else took its place", async () => {
    await writeFolder(request("a"), [file("a.sql", "1")]);
    const former = leftBy(dead(), "former");
    renameSync(join(root, "a"), join(root, former));
    mkdirSync(join(root, "a"));
    await expect(checkFree(request("a"))).rejects.toMatchObject({
      failure: { code: "output_exists" },
    });
    expect(readdirSync(join(root, former)).sort()).toEqual(["MANIFEST", "a.sql"]);
  });

  test("what a killed run left behind is removed where the place is refused too", async () => {
    await writeFolder(request("a"), [file("a.sql", "1")]);
    mkdirSync(join(root, leftBy(dead(), "partial")));
    await expect(checkFree(request("a"))).rejects.toMatchObject({
      failure: { code: "output_exists" },
    });
    expect(readdirSync(root)).toEqual(["a"]);
  });

  test("a link stays a link, and what it leads to is replaced", async () => {
    await writeFolder(request("real/b"), [file("a.sql", "1")]);
    symlinkSync("real/b", join(root, "a"));
    await writeFolder(request("a", true), [file("a.sql", "2")]);
    expect(readlinkSync(join(root, "a"))).toBe("real/b");
    expect(readFileSync(join(root, "real/b/a.sql"), "utf8")).toBe("2");
    expect(readdirSync(root).sort()).toEqual(["a", "real"]);
    expect(readdirSync(join(root, "real"))).toEqual(["b"]);
  });

  test("with force, what is no bundle stays", async () => {
    mkdirSync(join(root, "home"));
    writeFileSync(join(root, "home/diary.txt"), "dear");
    await expect(checkFree(request("home", true))).rejects.toMatchObject({
      failure: { code: "output_foreign", names: ["diary.txt"] },
    });
  });

  test("with force, a bundle with somebody's notes in it stays", async () => {
    await writeFolder(request("a"), [file("a.sql", "1")]);
    writeFileSync(join(root, "a/deploy.log"), "done");
    await expect(checkFree(request("a", true))).rejects.toMatchObject({
      failure: { code: "output_foreign", names: ["deploy.log"] },
    });
  });

  test("a file in the folder's place is not replaced", async () => {
    writeFileSync(join(root, "a"), "");
    for (const force of [false, true])
      await expect(checkFree(request("a", force))).rejects.toMatchObject({
        failure: { code: "output_foreign" },
      });
  });
});

test("a folder that cannot be made is a failure that says why", async () => {
  writeFileSync(join(root, "file"), "");
  await expect(writeFolder(request("file/a"), [file("a.sql", "1")])).rejects.toMatchObject({
    failure: {
      code: "file_system",
      doing: "creating",
      reason: "something of that name exists already",
    },
  });
  expect(readdirSync(root)).toEqual(["file"]);
});
