import type { Logger } from 'pino';
import { createWaker } from './waker.ts';

/** A task that runs when woken and at least every so many ms, one at a time. */
export interface Loop {
  wake: () => void;
  /** Resolves when the task that runs now, if any, is done. */
  stop(): Promise<void>;
}

/**
 * Rows are the truth and notifications may be lost (RU9), so every loop also looks by itself. A failure (the database is away) is logged
 * and tried again.
 */
export function startLoop(name: string, everyMs: number, log: Logger, task: () => Promise<void>): Loop {
  const abort = new AbortController();
  const waker = createWaker(abort.signal);
  const run = async () => {
    let failures = 0;
    while (!abort.signal.aborted) {
      try {
        await task();
        failures = 0;
      } catch (err) {
        failures++;
        if (!abort.signal.aborted) log.warn({ err, loop: name, failures }, 'a background task failed and is tried again');
      }
      await waker.next(failures > 0 ? Math.min(everyMs, 250 * failures) : everyMs);
    }
  };
  const running = run();
  return {
    wake: waker.wake,
    async stop() {
      abort.abort();
      await running;
      waker.close();
    },
  };
}
