import type { ChildProcess } from 'node:child_process';

/** What to start Node with, so that {@link Probe} can ask. */
export const PROBE_ARGS = ['--expose-gc', '--import', new URL('probe.mjs', import.meta.url).href] as const;

/** What a server process uses right now. */
export interface ProcessSample {
  /** CPU time since its start, all threads. */
  readonly cpuMicros: number;
  /** Resident memory without the part of JavaScript's heap that is free. */
  readonly usedBytes: number;
  readonly residentBytes: number;
  /** Count of what keeps its event loop busy, by kind. */
  readonly resources: Readonly<Record<string, number>>;
}

/** Asks a child process that was started with {@link PROBE_ARGS} and an IPC channel. */
export class Probe {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: unknown) => void>();
  #last = 0;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', ({ id, answer }: { id: number; answer: unknown }) => {
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
    });
  }

  sample(): Promise<ProcessSample> {
    return this.#ask('sample');
  }

  /** The same, after a forced garbage collection. */
  collected(): Promise<ProcessSample> {
    return this.#ask('collected');
  }

  /** Starts to watch for turns of its event loop that take long. */
  watchDelay(): Promise<void> {
    return this.#ask('watchDelay');
  }

  /** The longest since {@link watchDelay}, ms. */
  longestDelay(): Promise<number> {
    return this.#ask('longestDelay');
  }

  #ask<T>(ask: string): Promise<T> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      const onExit = () => reject(new Error('The server ended before it answered.'));
      this.#child.once('exit', onExit);
      this.#waiting.set(id, (answer) => {
        this.#child.off('exit', onExit);
        resolve(answer as T);
      });
      this.#child.send({ id, ask }, (error) => error && reject(error));
    });
  }
}
