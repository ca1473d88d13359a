/** How it went: `perSecond` that was sent in truth. */
export interface Paced {
  readonly sent: number;
  readonly perSecond: number;
}

export interface Pace {
  readonly perSecond: number;
  readonly seconds: number;
  /** False while nothing more may be sent; then it takes longer than `seconds`, and ends where it stays so for `patienceMs`. */
  readonly isClear?: () => boolean;
  readonly patienceMs?: number;
}

/** Calls `step(n)` evenly, `perSecond` times a second for `seconds`; several at once where a timer's turn is longer than their distance. */
export async function paced({ perSecond, seconds, isClear, patienceMs = 10_000 }: Pace, step: (n: number) => void): Promise<Paced> {
  const total = Math.round(perSecond * seconds);
  const start = performance.now();
  let sent = 0;
  let sentLast = start;
  while (sent < total && performance.now() - sentLast < patienceMs) {
    const due = Math.min(total, ((performance.now() - start) / 1000) * perSecond);
    for (; sent < due && (isClear?.() ?? true); sentLast = performance.now()) step(sent++);
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
