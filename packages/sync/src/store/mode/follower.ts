import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../../log.ts';
import { DocumentGone } from '../document-gone.ts';
import type { DocumentRef, UpdateBatch } from '../document-store.ts';
import type { ModeMetrics } from './mode-metrics.ts';

export interface FollowerOptions {
  /** Where updates go, for the log. */
  readonly name: string;
  readonly append: (batches: readonly UpdateBatch[]) => Promise<void>;
  /** Brings a document over whole: its queue grew too long, or the other side does not know it. */
  readonly repair: (ref: DocumentRef) => Promise<void>;
  /** A document has everything now. */
  readonly caughtUp?: (ref: DocumentRef) => void;
  readonly metrics: ModeMetrics | null;
  readonly log: Log;
}

interface Waiting {
  ref: DocumentRef;
  updates: Uint8Array[];
  bytes: number;
  since: number;
}

const MAX_DOCUMENT_BYTES = 8 * 1024 * 1024;
const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 5_000;

/** SY12: brings updates to the second store in the background: group after group, tried again until taken, in order for each document. */
export class Follower {
  readonly #options: FollowerOptions;
  readonly #waiting = new Map<string, Waiting>();
  readonly #toRepair = new Map<string, DocumentRef>();
  #inFlight = new Map<string, Waiting>();
  #running: Promise<void> | null = null;
  readonly #stopped = new AbortController();

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** True while the document has something on its way. */
  owes(documentId: string): boolean {
    return this.#waiting.has(documentId) || this.#inFlight.has(documentId) || this.#toRepair.has(documentId);
  }

  push(batches: readonly UpdateBatch[]): void {
    for (const { ref, updates } of batches) this.#hold(ref, updates, Date.now());
    this.#wake();
  }

  /** The document is brought over whole, now or when the other side is there. */
  repairLater(ref: DocumentRef): void {
    this.#toRepair.set(ref.documentId, ref);
    this.#wake();
  }

  /** Forgets what waits for a document: it was brought over another way. */
  forget(documentId: string): void {
    this.#waiting.delete(documentId);
    this.#toRepair.delete(documentId);
  }

  /** Resolves with true when nothing waits, with false after the deadline. */
  async drain(deadlineMs: number): Promise<boolean> {
    const end = Date.now() + deadlineMs;
    while (this.#running && Date.now() < end)
      await Promise.race([this.#running, delay(Math.max(1, end - Date.now()), undefined, { ref: false })]);
    return this.#waiting.size === 0 && this.#toRepair.size === 0;
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  #hold(ref: DocumentRef, updates: readonly Uint8Array[], since: number): void {
    const waiting = this.#waiting.get(ref.documentId) ?? { ref, updates: [], bytes: 0, since };
    waiting.updates.push(...updates);
    waiting.bytes += updates.reduce((sum, update) => sum + update.length, 0);
    this.#waiting.set(ref.documentId, waiting);
    if (waiting.bytes <= MAX_DOCUMENT_BYTES) return;
    // The first store has all of it: one state is shorter than a long queue.
    this.#waiting.delete(ref.documentId);
    this.#toRepair.set(ref.documentId, ref);
  }

  #wake(): void {
    if (this.#running || this.#stopped.signal.aborted) return;
    this.#running = this.#run().finally(() => {
      this.#running = null;
      if (!this.#stopped.signal.aborted && (this.#waiting.size > 0 || this.#toRepair.size > 0)) this.#wake();
    });
  }

  async #run(): Promise<void> {
    let wait = RETRY_MIN_MS;
    while (!this.#stopped.signal.aborted && (this.#waiting.size > 0 || this.#toRepair.size > 0)) {
      try {
        await this.#round();
        wait = RETRY_MIN_MS;
      } catch (error) {
        this.#options.log.warn(
          { err: (error as Error).message, store: this.#options.name, documents: this.#waiting.size + this.#toRepair.size },
          'The second store did not take updates; they are safe in the first, and it is tried again.',
        );
        this.#noteLag();
        await delay(wait, undefined, { signal: this.#stopped.signal, ref: false }).catch(() => undefined);
        wait = Math.min(RETRY_MAX_MS, wait * 2);
      }
    }
    this.#noteLag();
  }

  async #round(): Promise<void> {
    for (const [id, ref] of [...this.#toRepair]) {
      await this.#options.repair(ref);
      this.#toRepair.delete(id);
      if (!this.owes(id)) this.#options.caughtUp?.(ref);
    }
    const group = new Map(this.#waiting);
    if (group.size === 0) return;
    this.#waiting.clear();
    this.#inFlight = group;
    try {
      await this.#options.append([...group.values()].map(({ ref, updates }) => ({ ref, updates })));
    } catch (error) {
      this.#putBack(group, error instanceof DocumentGone ? error.documentIds : []);
      if (!(error instanceof DocumentGone)) throw error;
    } finally {
      this.#inFlight = new Map();
    }
    for (const [id, { ref }] of group) if (!this.owes(id)) this.#options.caughtUp?.(ref);
  }

  /** What was not taken goes before what came meanwhile; documents the other side does not know are brought over whole. */
  #putBack(group: ReadonlyMap<string, Waiting>, unknown: readonly string[]): void {
    for (const [id, { ref, updates, since }] of group) {
      const later = this.#waiting.get(id)?.updates ?? [];
      this.#waiting.delete(id);
      if (unknown.includes(id)) this.#toRepair.set(id, ref);
      else this.#hold(ref, [...updates, ...later], since);
    }
  }

  #noteLag(): void {
    const oldest = Math.min(...[...this.#waiting.values()].map(({ since }) => since), Date.now());
    this.#options.metrics?.lag(Date.now() - oldest);
  }
}
