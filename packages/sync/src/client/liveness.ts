import type { ClientTuning } from './tuning.ts';

/** Bytes a millisecond that the slowest line carries: what was sent may still be on its way. */
const SLOWEST_BYTES_PER_MS = 16;

/**
 * Notices a socket that looks open and is not. Pure: times come in. The deadline runs from the question, not from the silence, because
 * browsers wake hidden pages once a minute and laptops sleep: silence alone proves nothing.
 */
export class Liveness {
  readonly #times: Pick<ClientTuning, 'silenceMs' | 'answerMs' | 'confirmMs'>;
  #heardAt: number;
  #askedAt: number | null = null;
  #sentBytes = 0;

  constructor(times: Pick<ClientTuning, 'silenceMs' | 'answerMs' | 'confirmMs'>, now: number) {
    this.#times = times;
    this.#heardAt = now;
  }

  /** Anything came. */
  heard(now: number): void {
    this.#heardAt = now;
    this.#askedAt = null;
    this.#sentBytes = 0;
  }

  sent(bytes: number): void {
    this.#sentBytes += bytes;
  }

  /** Asks out of turn (wake, network change): the answer is waited for from now on. */
  probe(now: number): void {
    this.#askedAt ??= now;
  }

  /** What to do now. `waiting`: edits are under way, so silence is noticed sooner. */
  look(now: number, waiting: boolean): 'fine' | 'ask' | 'dead' {
    const { silenceMs, answerMs, confirmMs } = this.#times;
    if (this.#askedAt !== null) {
      return now - this.#askedAt > answerMs + this.#sentBytes / SLOWEST_BYTES_PER_MS ? 'dead' : 'fine';
    }
    if (now - this.#heardAt <= (waiting ? Math.min(silenceMs, confirmMs) : silenceMs)) return 'fine';
    this.#askedAt = now;
    return 'ask';
  }
}
