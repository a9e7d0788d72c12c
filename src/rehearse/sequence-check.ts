/**
 * Whether deploy left the sequences as the bundle says: raised where it says so, and nowhere lowered.
 */
import { formatName } from "../names.ts";
import type { Bundle } from "./bundle.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { StepFailed } from "./journal.ts";

/** Notes on sequences that moved besides. @throws StepFailed for one that is not where the bundle wants it. */
export function expectSequences(
  { sequences }: Bundle,
  before: Fingerprint,
  after: Fingerprint,
): readonly string[] {
  const named = new Set(sequences.map(({ sequence }) => formatName(sequence)));
  for (const { sequence, value } of sequences) {
    const state = after.sequences.get(formatName(sequence));
    if (state === undefined || nextOf(state) <= BigInt(value)) {
      throw new StepFailed(
        `after deploy.sql the sequence ${formatName(sequence)} would hand out ${state === undefined ? "nothing" : nextOf(state)}, but ${value} is taken`,
        { script: "deploy.sql" },
      );
    }
  }
  return [...after.sequences]
    .filter(([name, state]) => !named.has(name) && before.sequences.get(name) !== state)
    .map(
      ([name, state]) => `the sequence ${name} moved to ${state}, which the bundle does not say`,
    );
}

/** What comes next, for sequences that count up by one or more: at least. */
function nextOf(state: string): bigint {
  const [value = "0", isNext] = state.split(" ");
  return BigInt(value) + (isNext === undefined ? 1n : 0n);
}
