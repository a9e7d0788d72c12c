import { describe, expect, test } from "vitest";
import { main } from "../../src/cli/main.ts";
import { lastLine, NOW, run } from "./run.ts";
import { PRODUCTION } from "./shop.ts";

describe("main", () => {
  test("without a command it shows the help and fails", async () => {
    const ran = await run([]);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(
      /^Usage: rowpatch .*Exit codes:.*\nrowpatch: name a command\nrowpatch --help\n$/s,
    );
    expect(ran.stdout).toBe("");
  });

  test.each([
    [["--help"], /^Usage: rowpatch \[options\] \[command\]\n/],
    [["help"], /^Usage: rowpatch \[options\] \[command\]\n/],
    [["help", "diff"], /^Usage: rowpatch diff \[options\]\n/],
    [["-V"], /^\d+\.\d+\.\d+\n$/],
    [["--version"], /^\d+\.\d+\.\d+\n$/],
    [
      ["script", "--help"],
      /^Usage: rowpatch script .*Examples:\n(?: {2}rowpatch script .*\n){2}\nExit codes:\n/s,
    ],
  ])("%j is the product", async (argv, expected) => {
    const ran = await run(argv);
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).toMatch(expected);
  });

  test.each([
    [["dif"], "rowpatch: unknown command 'dif' (Did you mean diff?)", "rowpatch --help"],
    [
      ["diff", "x"],
      "rowpatch: too many arguments for 'diff'. Expected 0 arguments but got 1; name the sides with --production and --local",
      "rowpatch diff --help",
    ],
    [["inspect"], "rowpatch: missing required argument 'source'", "rowpatch inspect --help"],
    [
      ["diff", "--key"],
      "rowpatch: option '--key <table=columns>' argument missing",
      "rowpatch diff --help",
    ],
    [["diff", "--prod", "x"], "rowpatch: unknown option '--prod'", "rowpatch diff --help"],
  ])("%j is misuse", async (argv, message, next) => {
    const ran = await run(argv);
    expect(ran.code).toBe(2);
    expect(ran.stderr.startsWith(message)).toBe(true);
    expect(lastLine(ran.stderr)).toBe(next);
    expect(ran.stdout).toBe("");
  });

  test("the help of a command that does not exist is the list of those that do", async () => {
    const ran = await run(["help", "dif"]);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(
      /^Usage: rowpatch .*\nrowpatch: there is no command dif\nrowpatch --help\n$/s,
    );
  });

  test("a bug is told from a failure: stack, versions, a request to report it", async () => {
    const stderr: string[] = [];
    const code = await main(["inspect", PRODUCTION], {
      stdout: {
        write() {
          throw new TypeError("stdout is broken");
        },
      },
      stderr: { write: (text) => stderr.push(text) },
      env: {},
      now: () => NOW,
    });
    expect(code).toBe(2);
    expect(stderr.join("")).toMatch(
      /^rowpatch: this is a bug.*please report.*\nrowpatch \d.*, Node v.*\nTypeError: stdout is broken\n {4}at /,
    );
  });
});
