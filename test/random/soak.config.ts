/**
 * `npm run soak -- --minutes 20 --seed 1`: seeds from one on, for as long as asked.
 */
import { defineConfig } from "vitest/config";

const args = process.argv.slice(process.argv.indexOf("--") + 1);

function numberAfter(flag: string, otherwise: string): string {
  const at = args.indexOf(flag);
  const value = at < 0 ? otherwise : args[at + 1];
  if (value === undefined || !/^\d+(\.\d+)?$/.test(value))
    throw new Error(`${flag} needs a number`);
  return value;
}

export default defineConfig({
  test: {
    include: ["test/random/soak.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    hookTimeout: 180_000,
    env: {
      ROWPATCH_SOAK_MINUTES: numberAfter("--minutes", "5"),
      // Another stretch every day, and told in the output.
      ROWPATCH_SOAK_SEED: numberAfter("--seed", String(Math.floor(Date.now() / 1000) * 1000)),
      ROWPATCH_SOAK_WIDTH: numberAfter("--width", "3"),
    },
  },
});
