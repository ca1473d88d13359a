import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../../log.ts';
import { withDeadline } from '../../with-deadline.ts';
import { DocumentGone } from '../document-gone.ts';
import type { DocumentRef, UpdateBatch } from '../document-store.ts';
import { type Debt, Debts } from './debts.ts';
import type { ModeMetrics } from './mode-metrics.ts';

export interface FollowerOptions {
  /** Where updates go, for the log. */
  readonly name: string;
  readonly append: (batches: readonly UpdateBatch[]) => Promise<unknown>;
  /** Brings a document over whole: its queue grew too long, or the other side does not know it. */
  readonly repair: (ref: DocumentRef) => Promise<void>;
  /** Rejects while the other side is away for everyone: then nobody's turn counts as failed. */
  readonly ping: () => Promise<void>;
  /** A document has everything now. */
  readonly caughtUp?: (ref: DocumentRef) => void;
  readonly metrics: ModeMetrics;
  readonly log: Log;
  /** An attempt that takes longer counts as failed, ms. */
  readonly timeoutMs?: number;
  /** Bytes of updates held, of one document and of all; above, a document is brought over whole. */
  readonly maxDocumentBytes?: number;
  readonly maxBytes?: number;
  /** Pause after a failure, ms, at first and at most. */
  readonly retryMs?: { readonly min: number; readonly max: number };
}

const MB = 1024 * 1024;

/**
 * SY12: brings updates to the second store in the background, in order for each document, tried again until taken. A store that is away
 * costs a bounded queue: what does not fit is forgotten here and brought over by comparing the two stores. A document that the other side
 * refuses waits by itself and stops no other.
 */
export class Follower {
  readonly #options: Required<Omit<FollowerOptions, 'caughtUp'>> & Pick<FollowerOptions, 'caughtUp'>;
  readonly #debts: Debts;
  #running: Promise<void> | null = null;
  #failures = 0;
  #nudge: AbortController | null = null;
  #stopped = false;

  constructor(options: FollowerOptions) {
    const { timeoutMs = 15_000, maxDocumentBytes = 8 * MB, maxBytes = 64 * MB, retryMs = { min: 50, max: 5_000 } } = options;
    this.#options = { ...options, timeoutMs, maxDocumentBytes, maxBytes, retryMs };
    this.#debts = new Debts(maxDocumentBytes, maxBytes, retryMs);
    options.metrics.watch(() => ({ lagMs: this.#debts.oldestMs(), documents: this.#debts.size }));
  }

  /** Bytes of updates held. */
  get bytes(): number {
    return this.#debts.bytes;
  }

  /** True while the document has something on its way. */
  owes(documentId: string): boolean {
    return this.#debts.has(documentId);
  }

  push(batches: readonly UpdateBatch[]): void {
    for (const { ref, updates } of batches) if (updates.length > 0) this.#debts.add(ref, updates);
    this.#wake();
  }

  /** The document is brought over whole, now or when the other side is there. */
  repairLater(ref: DocumentRef): void {
    this.#debts.addWhole(ref);
    this.#wake();
  }

  /** Resolves with true when nothing waits, with false after the deadline. */
  async drain(deadlineMs: number): Promise<boolean> {
    const end = Date.now() + deadlineMs;
    this.#debts.forgive();
    this.#nudge?.abort();
    while (this.#running && Date.now() < end)
      await Promise.race([this.#running, delay(Math.max(1, end - Date.now()), undefined, { ref: false })]);
    return this.#debts.size === 0;
  }

  /** Stops trying; waits for an attempt under way no longer than its time limit. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#nudge?.abort();
    await this.#running;
  }

  #wake(): void {
    if (this.#stopped || this.#debts.size === 0) return;
    if (this.#running) {
      // A document that waits after a failure of its own holds up no new one.
      if (this.#failures === 0) this.#nudge?.abort();
      return;
    }
    this.#running = this.#run().finally(() => {
      this.#running = null;
      this.#wake();
    });
  }

  async #run(): Promise<void> {
    while (!this.#stopped && this.#debts.size > 0) {
      const due = this.#debts.take();
      const pauseMs = due.length === 0 ? this.#debts.nextInMs() : await this.#round(due);
      if (pauseMs > 0) await this.#pause(pauseMs);
    }
  }

  /** One turn. Returns how long to wait before the next, ms. */
  async #round(due: readonly Debt[]): Promise<number> {
    const [whole, parts] = [due.filter((debt) => debt.whole), due.filter((debt) => !debt.whole)];
    const failed = await this.#appendAll(parts);
    for (const debt of whole) await this.#attempt(debt, () => this.#options.repair(debt.ref), failed);
    if (failed.length === 0) {
      this.#failures = 0;
      return 0;
    }
    const away = await this.#attemptPing();
    const error = away ?? failed[0]!.error;
    for (const { debt } of failed) this.#debts.putBack(debt, away === null);
    this.#tell(error, away !== null);
    if (away === null) return 0;
    const { min, max } = this.#options.retryMs;
    return Math.min(max, min * 2 ** Math.min(this.#failures++, 16));
  }

  /** All together; where that fails, each alone, so that one that is refused stops no other. */
  async #appendAll(parts: readonly Debt[]): Promise<{ debt: Debt; error: Error }[]> {
    const failed: { debt: Debt; error: Error }[] = [];
    if (parts.length === 0) return failed;
    const append = (debts: readonly Debt[]) => this.#limited(this.#options.append(debts.map(({ ref, updates }) => ({ ref, updates }))));
    try {
      await append(parts);
      for (const debt of parts) this.#settled(debt);
      return failed;
    } catch (error) {
      if (!(error instanceof DocumentGone) && (await this.#attemptPing()) !== null)
        return parts.map((debt) => ({ debt, error: error as Error }));
    }
    for (const debt of parts) await this.#attempt(debt, () => append([debt]), failed);
    return failed;
  }

  async #attempt(debt: Debt, act: () => Promise<unknown>, failed: { debt: Debt; error: Error }[]): Promise<void> {
    try {
      await this.#limited(act());
      this.#settled(debt);
    } catch (error) {
      // The other side does not know it: it is brought over whole.
      if (error instanceof DocumentGone && !debt.whole) {
        this.#debts.done(debt);
        this.#debts.addWhole(debt.ref);
      } else failed.push({ debt, error: error as Error });
    }
  }

  #settled(debt: Debt): void {
    this.#debts.done(debt);
    if (!this.#debts.has(debt.ref.documentId)) this.#options.caughtUp?.(debt.ref);
  }

  #attemptPing(): Promise<Error | null> {
    return this.#limited(this.#options.ping()).then(
      () => null,
      (error: Error) => error,
    );
  }

  #limited<T>(work: Promise<T>): Promise<T> {
    return withDeadline(work, this.#options.timeoutMs);
  }

  #tell(error: Error, away: boolean): void {
    // Hours of outage must not fill the log: failures 0, 1, 2, 4, 8 and so on are written down.
    if (away && (this.#failures & (this.#failures - 1)) !== 0) return;
    this.#options.log.warn(
      { err: error.message, store: this.#options.name, documents: this.#debts.size, bytes: this.#debts.bytes, away },
      'The second store did not take updates; they are safe in the first, and it is tried again.',
    );
  }

  async #pause(ms: number): Promise<void> {
    this.#nudge = new AbortController();
    if (this.#stopped) return;
    await delay(ms, undefined, { signal: this.#nudge.signal, ref: false }).catch(() => undefined);
    this.#nudge = null;
  }
}
