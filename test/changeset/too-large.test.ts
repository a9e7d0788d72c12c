import { constants } from "node:buffer";
import { expect, test } from "vitest";
import { withinLimits } from "../../src/changeset/too-large.ts";
import { ExpectedError } from "../../src/errors.ts";
import { inPublic } from "../support/schema.ts";

/** Every byte of it becomes a character. */
const BYTES = Buffer.allocUnsafeSlow(constants.MAX_STRING_LENGTH + 1);

test.each<[string, () => unknown]>([
  ["a line longer than a text can be", () => BYTES.toString("latin1")],
  ["a text that grows too long", () => "x".repeat(2 ** 28).concat("y".repeat(2 ** 28))],
  ["a buffer that cannot be had", () => new ArrayBuffer(2 ** 52)],
])("%s is a failure that names the table", async (_, work) => {
  const error = await withinLimits(inPublic("page"), async () => work()).catch((cause) => cause);
  expect(error).toBeInstanceOf(ExpectedError);
  expect(String(error)).toMatch(/public\.page.*--ignore-column.*--exclude/);
});

test("any other error stays what it is", async () => {
  const bug = new TypeError("x is undefined");
  const failing = withinLimits(inPublic("page"), () => Promise.reject(bug));
  await expect(failing).rejects.toBe(bug);
});
