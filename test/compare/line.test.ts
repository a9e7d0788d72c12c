import { describe, expect, test } from "vitest";
import { agreeingBytes, hashBytes, lineEnd } from "../../src/compare/line.ts";
import { randomFrom } from "./lines.ts";

describe("hashBytes is MurmurHash3 with seed 0", () => {
  test.each([
    ["", 0x0000_0000],
    ["a", 0x3c25_69b2],
    ["test", 0xba6b_d213 | 0],
    ["hello", 0x248b_fa47],
    ["Hello, world!", 0xc036_3e43 | 0],
    ["hello, world", 0x149b_bb7f],
    ["The quick brown fox jumps over the lazy dog", 0x2e4f_f723],
  ])("of %j", (text, expected) => {
    const bytes = Buffer.from(`..${text}..`);
    expect(hashBytes(bytes, 2, bytes.length - 2)).toBe(expected);
  });
});

describe("agreeingBytes", () => {
  const long = "x".repeat(5_000);
  test.each([
    ["nothing on either side", "", "", 0],
    ["the first byte differs", "a\n", "b\n", 0],
    ["the second line differs", "a\nb\n", "a\nc\n", 2],
    ["one line begins with the other", "a\nab\n", "a\na\n", 2],
    ["one side goes on", "a\nb\n", "a\n", 2],
    ["all of it", "a\nb\n", "a\nb\n", 4],
    ["a difference far behind the start of its line", `a\n${long}1\n`, `a\n${long}2\n`, 2],
    ["a long line", `a\n${long}\nb\n`, `a\n${long}\nc\n`, 5_003],
    ["an empty line", "\n\na\n", "\n\nb\n", 2],
  ])("%s", (_name, left, right, expected) => {
    const places = {
      left: Buffer.from(left),
      leftStart: 0,
      right: Buffer.from(right),
      rightStart: 0,
    };
    expect(agreeingBytes(places, Math.min(left.length, right.length))).toBe(expected);
  });

  test("finds a difference at every offset, wherever the two texts lie", () => {
    const random = randomFrom(1);
    const lines = Array.from({ length: 60 }, (_, n) => "y".repeat((n * 7) % 50)).join("\n");
    const text = `${lines}\n`;
    for (let at = 0; at < text.length; at += 1) {
      if (text[at] === "\n") continue;
      const [leftStart, rightStart] = [random(9), random(9)];
      const left = Buffer.from(`${"-".repeat(leftStart)}${text}`);
      const right = Buffer.from(`${"-".repeat(rightStart)}${text}`);
      right[rightStart + at] = 0x7a;
      // Only starts of lines are ever compared.
      if (leftStart > 0) left[leftStart - 1] = 0x0a;
      const places = { left, leftStart, right, rightStart };
      expect(agreeingBytes(places, text.length)).toBe(text.lastIndexOf("\n", at) + 1);
    }
  });
});

test("lineEnd is the LF of the line, and a line without one is a fault", () => {
  expect(lineEnd(Buffer.from("ab\ncd\n"), 3)).toBe(5);
  expect(() => lineEnd(Buffer.from("ab\ncd"), 3)).toThrow("whole line");
});
