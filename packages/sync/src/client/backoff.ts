import { CLOSE } from '@markco/core/sync/close-code';
import type { ClientTuning } from './tuning.ts';

type Times = Pick<ClientTuning, 'retryMinMs' | 'retryMaxMs' | 'stableMs' | 'laterMs' | 'goingAwayMs'>;

/** Full jitter: a random wait below a ceiling that doubles, and starts anew only after a connection that held (SY2). */
export class Backoff {
  readonly #times: Times;
  readonly #random: () => number;
  #failures = 0;
  #syncedAt: number | null = null;

  constructor(times: Times, random: () => number = Math.random) {
    this.#times = times;
    this.#random = random;
  }

  /** A connection is synced; if it stays so for a while, the next failure is the first. */
  synced(): void {
    this.#syncedAt = Date.now();
  }

  /**
   * How long to wait before the next attempt, in ms. `code`: how the last one was closed. Everyone of a server that restarts (1001) or is
   * full (1013) asks at once: they are spread over a longer time, the latter after a pause.
   */
  next(code = 1006): number {
    const { retryMinMs, retryMaxMs, stableMs, laterMs, goingAwayMs } = this.#times;
    if (this.#syncedAt !== null && Date.now() - this.#syncedAt >= stableMs) this.#failures = 0;
    this.#syncedAt = null;
    const ceiling = Math.min(retryMaxMs, retryMinMs * 2 ** Math.min(this.#failures, 20));
    this.#failures++;
    if (code === CLOSE.tryLater) return laterMs + this.#random() * Math.max(laterMs, ceiling);
    if (code === CLOSE.goingAway) return this.#random() * Math.max(goingAwayMs, ceiling);
    return this.#random() * ceiling;
  }

  /** The person or the network asks for it now. */
  reset(): void {
    this.#failures = 0;
  }
}
