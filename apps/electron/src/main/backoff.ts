const STEPS_MS = [500, 1_000, 2_000, 5_000, 10_000, 30_000] as const;
const STABLE_MS = 60_000;

/** EL5: how long to wait before the agent's process is started again. A process that lived a minute starts from the front. */
export function createBackoff(): { next(livedMs: number): number } {
  let failures = 0;
  return {
    next: (livedMs) => {
      failures = livedMs >= STABLE_MS ? 1 : failures + 1;
      return STEPS_MS[Math.min(failures, STEPS_MS.length) - 1]!;
    },
  };
}
