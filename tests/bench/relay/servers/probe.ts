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
  readonly #waiting = new Map<number, { resolve: (answer: unknown) => void; reject: (error: Error) => void }>();
  #last = 0;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', ({ id, answer }: { id: number; answer: unknown }) => {
      this.#waiting.get(id)?.resolve(answer);
      this.#waiting.delete(id);
    });
    child.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('The server ended before it answered.'));
      this.#waiting.clear();
    });
  }

  sample(): Promise<ProcessSample> {
    return this.#ask('sample');
  }

  /** The same, after a forced garbage collection. */
  collected(): Promise<ProcessSample> {
    return this.#ask('collected');
  }

  /** What the relay says it holds; only where the program under test offers it, as the next. */
  stats(): Promise<Record<'connections' | 'documents' | 'pendingBytes', number>> {
    return this.#ask('stats');
  }

  /** How many objects of some kinds are alive. Halts the process: it walks the heap. */
  live(): Promise<Record<string, number>> {
    return this.#ask('live');
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
      this.#waiting.set(id, { resolve: (answer) => resolve(answer as T), reject });
      this.#child.send({ id, ask }, (error) => error && reject(error));
    });
  }
}
