import { Worker } from 'node:worker_threads';
import type { FoldedLog } from './fold-log.mjs';

interface Job {
  readonly resolve: (folded: FoldedLog) => void;
  readonly reject: (error: Error) => void;
}

type Answer = { id: number; folded: FoldedLog; problem?: undefined } | { id: number; problem: string };

/** SY10: folds logs in a worker thread, which is started when first needed and never keeps the process alive. */
export class FoldThread {
  #worker: Worker | null = null;
  readonly #jobs = new Map<number, Job>();
  #nextId = 1;

  /** As `foldLog`; rejects where the log cannot be applied or the thread dies. */
  fold(snapshot: Uint8Array | null, updates: readonly Uint8Array[]): Promise<FoldedLog> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#jobs.set(id, { resolve, reject });
      this.#worker ??= this.#start();
      this.#worker.ref();
      this.#worker.postMessage({ id, snapshot, updates });
    });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
    this.#worker = null;
  }

  #start(): Worker {
    // Without the parent's loaders: the code is plain JavaScript.
    const worker = new Worker(new URL('./fold-worker.mjs', import.meta.url), { execArgv: [] });
    worker.on('message', (answer: Answer) => this.#settle(answer));
    worker.on('error', (error) => this.#died(worker, error));
    worker.on('exit', () => this.#died(worker, new Error('The compaction thread ended.')));
    return worker;
  }

  #settle(answer: Answer): void {
    const job = this.#jobs.get(answer.id);
    this.#jobs.delete(answer.id);
    if (this.#jobs.size === 0) this.#worker?.unref();
    if (answer.problem === undefined) job?.resolve(answer.folded);
    else job?.reject(new Error(`A log could not be folded: ${answer.problem}`));
  }

  #died(worker: Worker, error: unknown): void {
    if (this.#worker === worker) this.#worker = null;
    for (const job of this.#jobs.values()) job.reject(error instanceof Error ? error : new Error(String(error)));
    this.#jobs.clear();
  }
}
