export interface WorkLoopOptions {
  readonly disk: () => Promise<void>;
  readonly exchange: () => Promise<void>;
  readonly onError: (error: unknown) => void;
}

const DISK_DELAY_MS = 100;
const EXCHANGE_DELAY_MS = 50;
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 30_000;

/** One thing after the other: looks at the folder, and exchanges with the server, each at most once waiting. Failures are tried again with growing pauses. */
export class WorkLoop {
  readonly #options: WorkLoopOptions;
  #tail: Promise<void> = Promise.resolve();
  #diskAt: { timer: NodeJS.Timeout; at: number } | null = null;
  #exchangeAt: { timer: NodeJS.Timeout; at: number } | null = null;
  #running = 0;
  #retryMs = RETRY_MIN_MS;
  #stopped = false;

  constructor(options: WorkLoopOptions) {
    this.#options = options;
  }

  /** True while something runs or is about to, except retries. */
  get busy(): boolean {
    return this.#running > 0 || this.#soon(this.#diskAt) || this.#soon(this.#exchangeAt);
  }

  diskSoon(ms = DISK_DELAY_MS): void {
    this.#diskAt = this.#arm(this.#diskAt, ms, () => {
      this.#diskAt = null;
      void this.diskNow();
    });
  }

  exchangeSoon(ms = EXCHANGE_DELAY_MS): void {
    this.#exchangeAt = this.#arm(this.#exchangeAt, ms, () => {
      this.#exchangeAt = null;
      void this.#run(this.#options.exchange, () => this.exchangeSoon(this.#nextRetry()));
    });
  }

  diskNow(): Promise<void> {
    return this.#run(this.#options.disk, () => this.diskSoon(this.#nextRetry()));
  }

  /** Resolves when what runs now has ended. */
  async idle(): Promise<void> {
    await this.#tail;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#diskAt) clearTimeout(this.#diskAt.timer);
    if (this.#exchangeAt) clearTimeout(this.#exchangeAt.timer);
    await this.#tail;
  }

  #run(task: () => Promise<void>, again: () => void): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    this.#running++;
    const run = this.#tail.then(async () => {
      try {
        if (!this.#stopped) await task();
        this.#retryMs = RETRY_MIN_MS;
      } catch (error) {
        this.#options.onError(error);
        if (!this.#stopped) again();
      } finally {
        this.#running--;
      }
    });
    this.#tail = run;
    return run;
  }

  /** Keeps the earlier of two times. */
  #arm(current: { timer: NodeJS.Timeout; at: number } | null, ms: number, go: () => void): { timer: NodeJS.Timeout; at: number } | null {
    if (this.#stopped) return current;
    const at = Date.now() + ms;
    if (current && current.at <= at) return current;
    if (current) clearTimeout(current.timer);
    return { timer: setTimeout(go, ms), at };
  }

  #soon(armed: { at: number } | null): boolean {
    return armed !== null && armed.at - Date.now() <= DISK_DELAY_MS;
  }

  #nextRetry(): number {
    const ms = this.#retryMs * (0.5 + Math.random() / 2);
    this.#retryMs = Math.min(RETRY_MAX_MS, this.#retryMs * 2);
    return ms;
  }
}
