/** How it went: `perSecond` that was sent in truth. */
export interface Paced {
  readonly sent: number;
  readonly perSecond: number;
}

/** Calls `step(n)` evenly, `perSecond` times a second for `seconds`; several at once where a timer's turn is longer than their distance. */
export async function paced(
  options: { perSecond: number; seconds: number; until?: () => boolean },
  step: (n: number) => void,
): Promise<Paced> {
  const { perSecond, seconds, until = () => false } = options;
  const total = Math.round(perSecond * seconds);
  const start = performance.now();
  let sent = 0;
  while (sent < total && !until()) {
    const due = Math.min(total, ((performance.now() - start) / 1000) * perSecond);
    while (sent < due) step(sent++);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return { sent, perSecond: (sent / (performance.now() - start)) * 1000 };
}

/** Resolves true once the condition holds, false after `ms`. */
export async function settled(condition: () => boolean | Promise<boolean>, ms: number, everyMs = 2): Promise<boolean> {
  const until = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() > until) return false;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  return true;
}
