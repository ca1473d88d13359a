/** A time limit that can be paused: the time a cell waits for a person is not its own. Starts paused. */
export class WallClock {
  readonly #onLimit: () => void;
  #leftMs: number;
  #timer: NodeJS.Timeout | null = null;
  #since = 0;

  constructor(limitMs: number, onLimit: () => void) {
    this.#leftMs = limitMs;
    this.#onLimit = onLimit;
  }

  resume(): void {
    if (this.#timer) return;
    this.#since = performance.now();
    this.#timer = setTimeout(this.#onLimit, this.#leftMs);
  }

  pause(): void {
    if (!this.#timer) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#leftMs = Math.max(0, this.#leftMs - (performance.now() - this.#since));
  }
}
