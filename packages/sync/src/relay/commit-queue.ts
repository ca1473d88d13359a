import type { Log } from '../log.ts';
import { DocumentGone } from '../store/document-gone.ts';
import type { Appended, DocumentRef, DocumentStore, UpdateBatch } from '../store/document-store.ts';
import { DeadlineExceeded, withDeadline } from '../with-deadline.ts';
import type { RelayLimits } from './limits.ts';
import type { RelayMetrics } from './metrics.ts';

interface Entry {
  readonly documentId: string;
  /** Null: a barrier, which only waits for what is before it. */
  readonly edit: { readonly ref: DocumentRef; readonly update: Uint8Array } | null;
  readonly onDurable: () => void;
}

/** Updates of one document that are not durable yet. */
interface Waiting {
  entries: number;
  bytes: number;
}

export interface CommitQueueOptions {
  readonly store: Pick<DocumentStore, 'append'>;
  readonly limits: RelayLimits;
  readonly log: Log;
  readonly metrics: RelayMetrics;
  /** The store says the document is no more; its updates were dropped. */
  readonly onGone: (documentId: string) => void;
  /** SY18: these are durable, and what is at which version now; other processes may be told. Must not throw. */
  readonly onStored?: (batches: readonly UpdateBatch[], versions: Appended) => void;
}

/**
 * SY4: group commit. One append in flight a process; everything queued meanwhile, of all documents, joins the next. What
 * hangs on an update (`onDurable`) runs after its commit, in order. SY6: the store refusing or hanging is tried again with
 * backoff for as long as it takes, and the queue is bounded.
 */
export class CommitQueue {
  readonly #options: CommitQueueOptions;
  #queued: Entry[] = [];
  #waiting = new Map<string, Waiting>();
  #bytes = 0;
  #running = false;
  #stopped = false;
  #failing = false;
  #idle: (() => void)[] = [];
  #wake: (() => void) | null = null;

  constructor(options: CommitQueueOptions) {
    this.#options = options;
  }

  /** True while the last append failed (OP4). */
  get failing(): boolean {
    return this.#failing;
  }

  get pendingBytes(): number {
    return this.#bytes;
  }

  /** Whether `bytes` more of the document fit (SY6: else 1013). */
  hasRoom(documentId: string, bytes: number): boolean {
    const { maxPendingBytes, maxPendingDocumentBytes } = this.#options.limits;
    const document = this.#waiting.get(documentId)?.bytes ?? 0;
    // A single large update is let in when nothing waits before it, or it could never be.
    if (document === 0) return this.#bytes === 0 || this.#bytes + bytes <= maxPendingBytes;
    return document + bytes <= maxPendingDocumentBytes && this.#bytes + bytes <= maxPendingBytes;
  }

  /** Queues an update; `onDurable` runs after its commit. */
  push(ref: DocumentRef, update: Uint8Array, onDurable: () => void): void {
    this.#enqueue({ documentId: ref.documentId, edit: { ref, update }, onDurable }, update.length);
  }

  /** Runs `then` once everything of the document queued so far is durable: at once where nothing waits. */
  barrier(documentId: string, then: () => void): void {
    if (this.#waiting.has(documentId)) this.#enqueue({ documentId, edit: null, onDurable: then }, 0);
    else then();
  }

  isPending(documentId: string): boolean {
    return this.#waiting.has(documentId);
  }

  /** Waits until nothing is queued, up to `deadlineMs`. True where everything is durable. The queue stops trying afterwards. */
  async drain(deadlineMs: number): Promise<boolean> {
    try {
      if (this.#running) await withDeadline(new Promise<void>((resolve) => this.#idle.push(resolve)), deadlineMs);
      return true;
    } catch {
      return false;
    } finally {
      this.#stopped = true;
      this.#wake?.();
    }
  }

  #enqueue(entry: Entry, bytes: number): void {
    const waiting = this.#waiting.get(entry.documentId) ?? { entries: 0, bytes: 0 };
    waiting.entries++;
    waiting.bytes += bytes;
    this.#waiting.set(entry.documentId, waiting);
    this.#bytes += bytes;
    this.#options.metrics.pendingBytes.set(this.#bytes);
    this.#queued.push(entry);
    if (!this.#running) {
      this.#running = true;
      // What else arrives in this turn of the event loop joins the same commit.
      setImmediate(() => void this.#run());
    }
  }

  async #run(): Promise<void> {
    while (this.#queued.length > 0 && !this.#stopped) {
      const entries = this.#queued;
      this.#queued = [];
      const gone = await this.#persist(entries);
      if (gone) this.#settle(entries, gone);
    }
    this.#running = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Tries until the entries are durable. Resolves with the documents that are gone, or null where it was stopped. */
  async #persist(entries: readonly Entry[]): Promise<Set<string> | null> {
    const gone = new Set<string>();
    for (let attempt = 0; !this.#stopped; attempt++) {
      const batches = toBatches(entries, gone);
      const started = performance.now();
      try {
        if (batches.length > 0) {
          const versions = await withDeadline(this.#options.store.append(batches), this.#options.limits.appendTimeoutMs);
          this.#options.onStored?.(batches, versions);
        }
        this.#options.metrics.persistMs.observe(performance.now() - started);
        this.#failing = false;
        return gone;
      } catch (error) {
        if (error instanceof DocumentGone && error.documentIds.length > 0) {
          for (const id of error.documentIds) gone.add(id);
          continue;
        }
        this.#failed(error, attempt);
        await this.#backoff(attempt);
      }
    }
    return null;
  }

  #failed(error: unknown, attempt: number): void {
    const { log, metrics } = this.#options;
    this.#failing = true;
    metrics.error(error instanceof DeadlineExceeded ? 'append_timeout' : 'append');
    // Hours of outage must not fill the log: attempts 0, 1, 2, 4, 8 and so on are written down.
    if ((attempt & (attempt - 1)) !== 0) return;
    log.error(
      { err: error, attempt, reason: 'append', pendingBytes: this.#bytes },
      'The store did not take updates; nothing is acknowledged until it does. Trying again.',
    );
  }

  async #backoff(attempt: number): Promise<void> {
    const { retryMinMs, retryMaxMs } = this.#options.limits;
    const ceiling = Math.min(retryMaxMs, retryMinMs * 2 ** Math.min(attempt, 16));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ceiling * (0.5 + Math.random() / 2));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = null;
  }

  #settle(entries: readonly Entry[], gone: ReadonlySet<string>): void {
    const { metrics, log, onGone } = this.#options;
    for (const documentId of gone) onGone(documentId);
    for (const entry of entries) {
      const { documentId, edit } = entry;
      const waiting = this.#waiting.get(documentId)!;
      const bytes = edit?.update.length ?? 0;
      waiting.bytes -= bytes;
      this.#bytes -= bytes;
      if (--waiting.entries === 0) this.#waiting.delete(documentId);
      if (edit && gone.has(documentId)) continue;
      if (edit) metrics.updates.inc();
      try {
        entry.onDurable();
      } catch (error) {
        metrics.error('apply');
        log.error({ err: error, document_id: documentId }, 'What follows a commit failed; the update itself is durable.');
      }
    }
    metrics.pendingBytes.set(this.#bytes);
  }
}

function toBatches(entries: readonly Entry[], gone: ReadonlySet<string>): UpdateBatch[] {
  const byDocument = new Map<string, { ref: DocumentRef; updates: Uint8Array[] }>();
  for (const { documentId, edit } of entries) {
    if (!edit || gone.has(documentId)) continue;
    const batch = byDocument.get(documentId);
    if (batch) batch.updates.push(edit.update);
    else byDocument.set(documentId, { ref: edit.ref, updates: [edit.update] });
  }
  return [...byDocument.values()];
}
