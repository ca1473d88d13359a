import { Worker } from 'node:worker_threads';
import type { FoldedLog } from './fold-log.mjs';

interface Job {
  readonly kind: 'fold' | 'checksum';
  readonly snapshot: Uint8Array | null;
  readonly updates: readonly Uint8Array[];
  readonly resolve: (result: FoldedLog | string) => void;
  readonly reject: (error: Error) => void;
}

type Answer = { id: number; result: FoldedLog | string; problem?: undefined } | { id: number; problem: string };

export interface FoldThreadOptions {
  /** A job that takes longer is given up, and its thread ended, ms. */
  readonly timeoutMs?: number;
  /** The thread's own heap; a job that needs more ends the thread, not the process. */
  readonly heapMb?: number;
  /** The script of the thread; another one in tests. */
  readonly script?: URL;
}

/**
 * SY10: reads logs in a worker thread, one at a time. The thread is started when first needed and never keeps the process alive. A log that
 * makes it crash, run out of memory or hang costs its own job only: the next one gets a new thread.
 */
export class FoldThread {
  readonly #options: Required<FoldThreadOptions>;
  #worker: Worker | null = null;
  readonly #queue: Job[] = [];
  #active: { job: Job; id: number; timer: NodeJS.Timeout } | null = null;
  #nextId = 1;
  #closed = false;

  constructor(options: FoldThreadOptions = {}) {
    this.#options = { timeoutMs: 45_000, heapMb: 1_536, script: new URL('./fold-worker.mjs', import.meta.url), ...options };
  }

  /** As `foldLog`; rejects where the log cannot be applied, takes too long, or the thread dies of it. */
  fold(snapshot: Uint8Array | null, updates: readonly Uint8Array[]): Promise<FoldedLog> {
    return this.#run('fold', snapshot, updates) as Promise<FoldedLog>;
  }

  /** As `checksumOf`; rejects as {@link fold} does. */
  checksum(snapshot: Uint8Array | null, updates: readonly Uint8Array[]): Promise<string> {
    return this.#run('checksum', snapshot, updates) as Promise<string>;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const error = new Error('The store was closed.');
    for (const job of this.#queue.splice(0)) job.reject(error);
    this.#settle((job) => job.reject(error));
    await this.#worker?.terminate();
    this.#worker = null;
  }

  #run(kind: Job['kind'], snapshot: Uint8Array | null, updates: readonly Uint8Array[]): Promise<FoldedLog | string> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new Error('The store was closed.'));
      this.#queue.push({ kind, snapshot, updates, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    if (this.#active || this.#closed) return;
    const job = this.#queue.shift();
    if (!job) {
      this.#worker?.unref();
      return;
    }
    const id = this.#nextId++;
    const timer = setTimeout(() => this.#giveUp(`it took longer than ${this.#options.timeoutMs / 1000} s`), this.#options.timeoutMs);
    timer.unref();
    this.#active = { job, id, timer };
    this.#worker ??= this.#start();
    this.#worker.ref();
    this.#worker.postMessage({ id, kind: job.kind, snapshot: job.snapshot, updates: job.updates });
  }

  #start(): Worker {
    // Without the parent's loaders: the code is plain JavaScript.
    const worker = new Worker(this.#options.script, { execArgv: [], resourceLimits: { maxOldGenerationSizeMb: this.#options.heapMb } });
    worker.on('message', (answer: Answer) => this.#answered(answer));
    worker.on('error', (error) => this.#died(worker, error instanceof Error ? error.message : String(error)));
    worker.on('exit', () => this.#died(worker, 'its thread ended'));
    return worker;
  }

  #answered(answer: Answer): void {
    if (this.#active?.id !== answer.id) return;
    this.#settle((job) => {
      if (answer.problem === undefined) job.resolve(answer.result);
      else job.reject(new Error(`A log could not be read: ${answer.problem}`));
    });
    this.#next();
  }

  #died(worker: Worker, why: string): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    this.#settle((job) => job.reject(new Error(`A log could not be read: ${why}`)));
    this.#next();
  }

  /** The thread cannot be interrupted, only ended. */
  #giveUp(why: string): void {
    const worker = this.#worker;
    if (!worker) return;
    void worker.terminate();
    this.#died(worker, why);
  }

  #settle(how: (job: Job) => void): void {
    const active = this.#active;
    if (!active) return;
    clearTimeout(active.timer);
    this.#active = null;
    how(active.job);
  }
}
