/** Waits that a notification, a time or a signal ends, without losing a notification that came between two waits. */
export interface Waker {
  wake: () => void;
  /** Resolves at once when `wake` was called since the last wait, else at the next call, after `ms`, or with the signal. False: the time is over. */
  next(ms: number): Promise<boolean>;
  close(): void;
}

export function createWaker(signal?: AbortSignal): Waker {
  let pending = false;
  let resolve: (() => void) | null = null;
  let timer: NodeJS.Timeout | undefined;
  const wake = () => {
    pending = true;
    clearTimeout(timer);
    resolve?.();
    resolve = null;
  };
  signal?.addEventListener('abort', wake);
  return {
    wake,
    async next(ms) {
      if (!pending && !signal?.aborted) {
        await new Promise<void>((done) => {
          resolve = done;
          timer = setTimeout(done, ms);
        });
      }
      resolve = null;
      const woken = pending;
      pending = false;
      return woken;
    },
    close() {
      signal?.removeEventListener('abort', wake);
      wake();
    },
  };
}
