import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { run } from "./run.ts";

const README = new URL("../../README.md", import.meta.url);
const BLOCK = /(?<=<!-- CLI_USAGE_BEGIN -->\n).*(?=<!-- CLI_USAGE_END -->)/s;

/** What --help says of every command. */
async function usage(): Promise<string> {
  const commands = [[], ["diff"], ["script"], ["rehearse"], ["inspect"], ["demo"]];
  const sections = await Promise.all(
    commands.map(async (command) => {
      const { stdout } = await run([...command, "--help"]);
      const title = ["rowpatch", ...command, "--help"].join(" ");
      return `\`\`\`console\n$ ${title}\n${stdout.trimEnd()}\n\`\`\`\n`;
    }),
  );
  return sections.join("\n");
}

test("the README shows what --help says", async () => {
  const readme = readFileSync(README, "utf8");
  const expected = await usage();
  if (process.env["ROWPATCH_UPDATE_README"]) {
    writeFileSync(
      README,
      readme.replace(BLOCK, () => expected),
    );
    return;
  }
  expect(BLOCK.exec(readme)?.[0]).toBe(expected);
});
