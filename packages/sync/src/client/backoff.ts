import type { ClientTuning } from './tuning.ts';

/** Full jitter: a random wait below a ceiling that doubles, and starts anew only after a connection that held (SY2). */
export class Backoff {
  readonly #tuning: Pick<ClientTuning, 'retryMinMs' | 'retryMaxMs' | 'stableMs'>;
  #failures = 0;
  #syncedAt: number | null = null;

  constructor(tuning: Pick<ClientTuning, 'retryMinMs' | 'retryMaxMs' | 'stableMs'>) {
    this.#tuning = tuning;
  }

  /** A connection is synced; if it stays so for a while, the next failure is the first. */
  synced(): void {
    this.#syncedAt = Date.now();
  }

  /** How long to wait before the next attempt, in ms. */
  next(): number {
    const { retryMinMs, retryMaxMs, stableMs } = this.#tuning;
    if (this.#syncedAt !== null && Date.now() - this.#syncedAt >= stableMs) this.#failures = 0;
    this.#syncedAt = null;
    const ceiling = Math.min(retryMaxMs, retryMinMs * 2 ** Math.min(this.#failures, 20));
    this.#failures++;
    return Math.random() * ceiling;
  }

  /** The person or the network asks for it now. */
  reset(): void {
    this.#failures = 0;
  }
}
