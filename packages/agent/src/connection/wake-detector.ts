import { networkInterfaces } from 'node:os';

const LOOK_EVERY_MS = 2_000;
/** A timer that is this late slept with the machine. */
const ASLEEP_MS = 8_000;

export interface WakeSources {
  now?: () => number;
  /** What identifies the current networks. */
  network?: () => string;
  everyMs?: number;
}

/** AG2: calls `onWake` when the machine slept (the clock jumped) or its network changed. Returns the stop function. */
export function detectWake(onWake: (why: 'wake' | 'network') => void, sources: WakeSources = {}): () => void {
  const { now = Date.now, network = addresses, everyMs = LOOK_EVERY_MS } = sources;
  let last = now();
  let seen = network();
  const timer = setInterval(() => {
    const time = now();
    const networks = network();
    const slept = time - last > everyMs + ASLEEP_MS;
    const moved = networks !== seen;
    last = time;
    seen = networks;
    if (slept) onWake('wake');
    else if (moved) onWake('network');
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

function addresses(): string {
  return Object.entries(networkInterfaces())
    .flatMap(([name, list]) => (list ?? []).filter((one) => !one.internal).map((one) => `${name} ${one.address}`))
    .sort()
    .join('\n');
}
