import { expect, test } from "vitest";
import { again, answersTo, nextCommand } from "../../src/cli/next-command.ts";
import { finding } from "../../src/findings.ts";

const table = { schema: "public", name: "t" };

test("the same command is quoted for a shell", () => {
  expect(again(["diff", "--where", "t=a > 1", "--local", "it's.dump"], "--force")).toBe(
    "rowpatch diff --where 't=a > 1' --local 'it'\\''s.dump' --force",
  );
});

test.each([
  ["postgres://me:s3cret@db:5433/shop", "user='me' host='db' port='5433' dbname='shop'"],
  ["postgresql://db/shop?password=s3cret", "host='db' dbname='shop'"],
  ["host=db password='s3\\'cret' dbname=shop", "host='db' dbname='shop'"],
  ["postgres://me:s3@cret@db/shop", ""],
])("%s loses its password", (word, without) => {
  const command = again(["diff", "--local", word]);
  expect(command).not.toContain("cret");
  expect(command).toBe(`rowpatch diff --local '${without.replaceAll("'", "'\\''")}'`);
});

test.each(["postgres://db/shop", "service=prod", "prod.dump"])("%s stays as it is", (word) => {
  expect(again(["diff", word])).toBe(`rowpatch diff ${word}`);
});

test("questions are answered with caution, and only where a flag can answer", () => {
  const deletes = finding({ code: "deletes", table, rows: 3 });
  const triggers = finding({ code: "triggers", table, triggers: ["a"] });
  const nullKey = finding({ code: "key_null", table, key: ["id"], side: "local", rows: 1 });
  expect(answersTo([deletes, deletes, triggers], ["script"])).toBe(
    "rowpatch script --deletes withhold --triggers disable",
  );
  expect(answersTo([deletes, nullKey], ["script"])).toBe("rowpatch script --help");
});

test("a folder that exists is replaced with --force", () => {
  expect(nextCommand({ code: "output_exists", path: "out/x" }, ["script", "--ticket", "x"])).toBe(
    "rowpatch script --ticket x --force",
  );
});

test.each([
  ["gone/away/x.yaml", "no such file or folder", "ls -la ."],
  ["/gone/away/x.yaml", "no such file or folder", "ls -la /"],
  ["test/gone/x.yaml", "permission denied", "ls -la test"],
  ["test/cli/x.yaml", "no space is left on the device", "df -h test/cli"],
  ["test/cli/x.yaml", "the disk quota is used up", "df -h test/cli"],
])("where %s fails because %s, %s shows why", (path, reason, command) => {
  const failure = { code: "file_system", path, doing: "reading", reason } as const;
  expect(nextCommand(failure, ["diff"])).toBe(command);
});

test.each([
  ["rehearse", "out/x", "--scratch", "postgres://prod/postgres"],
  ["rehearse", "out/x", "--scratch=postgres://prod/postgres"],
])("another scratch server takes the place of the first", (...argv) => {
  expect(nextCommand({ code: "scratch", reason: "taken", remedy: "use another" }, argv)).toBe(
    "rowpatch rehearse out/x --scratch 'postgres://postgres@localhost/postgres'",
  );
});
