/**
 * A step that goes on beside the ones after it. Knows nothing of what they do.
 */
import { StepFailed } from "../journal.ts";

export interface Aside {
  /** Resolves when the others may begin; also when it has ended. */
  readonly begun: Promise<void>;
  /** Resolves when it has ended, in whatever way. */
  readonly over: Promise<void>;
  isOver(): boolean;
  /** Runs `work` beside it and waits for both. @throws what either throws: this one first, as its step is the earlier one. */
  beside(work: () => Promise<void>): Promise<void>;
}

/** Starts it. `work` is given what to call once the others may begin. */
export function startAside(work: (markBegun: () => void) => Promise<void>): Aside {
  let isOver = false;
  let markBegun = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    markBegun = resolve;
  });
  const ended = work(markBegun).finally(() => {
    isOver = true;
    markBegun();
  });
  const over = ended.catch(() => undefined);
  return {
    begun,
    over,
    isOver: () => isOver,
    async beside(other) {
      const results = await Promise.allSettled([ended, other()]);
      const reasons: unknown[] = results.flatMap((result) =>
        result.status === "rejected" ? [result.reason] : [],
      );
      // What is no failed step ends the rehearsal without evidence.
      const reason = reasons.find((found) => !(found instanceof StepFailed)) ?? reasons[0];
      if (reason !== undefined) throw reason;
    },
  };
}
