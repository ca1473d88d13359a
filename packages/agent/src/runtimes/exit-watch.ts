import type { RuntimeExit } from './runtime.ts';

/** Remembers how a process ended and tells everyone who asks, early or late. */
export class ExitWatch {
  #exit: RuntimeExit | null = null;
  readonly #listeners = new Set<(exit: RuntimeExit) => void>();

  get exit(): RuntimeExit | null {
    return this.#exit;
  }

  /** The first call counts. */
  settle(exit: RuntimeExit): void {
    if (this.#exit) return;
    this.#exit = exit;
    for (const listener of this.#listeners) listener(exit);
    this.#listeners.clear();
  }

  /** Calls `listener` once, at once if the process is gone. Returns the unsubscribe function. */
  on(listener: (exit: RuntimeExit) => void): () => void {
    if (this.#exit) listener(this.#exit);
    else this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Waits up to `ms` for the end; null when the process still lives then. */
  within(ms: number): Promise<RuntimeExit | null> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        off();
        resolve(null);
      }, ms);
      const off = this.on((exit) => {
        clearTimeout(timer);
        resolve(exit);
      });
    });
  }
}

/** Ends that are native code's, by signal and by the exit code a shell makes of it. */
const SEGFAULT = 'by itself (segmentation fault): native code failed, or a recursion went deeper than the stack of the machine';
const ABORT = 'by itself (aborted): native code gave up';
const CRASHES: Record<string, string> = { SIGSEGV: SEGFAULT, '139': SEGFAULT, SIGABRT: ABORT, '134': ABORT };

/** Why a process that nobody asked to stop is gone, in words. `tail`: the end of what it wrote to stderr, if anything. */
export function describeExit(code: number | null, signal: string | null, tail = ''): RuntimeExit {
  const last = tail.trim().split('\n').slice(-12).join('\n').slice(-2000);
  const detail = last ? `\n${last}` : '';
  if (signal === 'SIGKILL' || code === 137) {
    const message = `The runtime was killed (SIGKILL). Usually that means the machine ran out of memory. Its variables are lost; the next run starts a fresh session.${detail}`;
    return { code, signal, outOfMemory: true, message };
  }
  const crash = CRASHES[signal ?? ''] ?? CRASHES[String(code)];
  const how = crash ?? (signal ? `by signal ${signal}` : `with exit code ${code}`);
  return {
    code,
    signal,
    outOfMemory: false,
    message: `The runtime ended ${how}. Its variables are lost; the next run starts a fresh session.${detail}`,
  };
}
