import type { Log } from '../log.ts';
import type { Room } from '../relay/room.ts';
import type { DocumentStore } from '../store/document-store.ts';
import { withDeadline } from '../with-deadline.ts';
import type { NodeMetrics } from './node-metrics.ts';
import type { VersionTrack } from './version-track.ts';

const READ_WITHIN_MS = 10_000;
/** Between two reads of a document that stays behind. */
const AGAIN_AFTER_MS = 1_000;

export interface TailReaderOptions {
  readonly store: DocumentStore;
  readonly graceMs: number;
  readonly log: Log;
  readonly metrics: NodeMetrics;
  /** The documents in memory. */
  readonly open: () => Iterable<string>;
  readonly find: (documentId: string) => { readonly room: Room; readonly track: VersionTrack } | null;
  /** The row is not what the room was loaded from any more: replaced or gone. */
  readonly refresh: (documentId: string) => void;
}

/** SY18: reads from the store what did not come over the bus. One read a document at a time. */
export class TailReader {
  readonly #options: TailReaderOptions;
  readonly #flights = new Map<string, { readonly current: Promise<void>; next: Promise<void> | null }>();
  /** Documents that are behind, and when they are to be read. */
  readonly #due = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;
  #sweeping: Promise<void> | null = null;

  constructor(options: TailReaderOptions) {
    this.#options = options;
  }

  /** Reads the document soon, unless what is missing comes in meanwhile: batches of two processes may overtake each other. */
  watch(documentId: string): void {
    if (this.#due.has(documentId)) return;
    this.#due.set(documentId, Date.now() + this.#options.graceMs);
    this.#timer ??= setInterval(() => this.#look(), Math.max(5, this.#options.graceMs / 2)).unref();
  }

  /** Reads the document now. Never rejects: what could not be read stays behind, and the next sweep finds it. */
  read(documentId: string): Promise<void> {
    const flight = this.#flights.get(documentId);
    // The read under way may have begun before what the caller knows of.
    if (flight) {
      flight.next ??= flight.current.then(() => this.read(documentId));
      return flight.next;
    }
    const current = this.#read(documentId).finally(() => this.#flights.delete(documentId));
    this.#flights.set(documentId, { current, next: null });
    return current;
  }

  /** Compares what is in memory with the store, and reads what is behind: these documents, or all. Never rejects. */
  async sweep(documentIds?: readonly string[]): Promise<void> {
    if (documentIds) return this.#compare(documentIds).then((behind) => this.#readAll(behind));
    this.#sweeping ??= this.#compare([...this.#options.open()])
      .then((behind) => {
        for (const id of behind) this.watch(id);
      })
      .finally(() => {
        this.#sweeping = null;
      });
    return this.#sweeping;
  }

  stop(): void {
    this.#due.clear();
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  async #readAll(documentIds: readonly string[]): Promise<void> {
    await Promise.all(documentIds.map((id) => this.read(id)));
  }

  async #compare(documentIds: readonly string[]): Promise<string[]> {
    const { store, find, refresh, log } = this.#options;
    if (documentIds.length === 0) return [];
    try {
      const heads = await withDeadline(store.heads!(documentIds), READ_WITHIN_MS);
      return documentIds.filter((id) => {
        const found = find(id);
        const head = heads.get(id);
        if (!found) return false;
        if (head?.epoch !== found.room.epoch) refresh(id);
        else found.track.see(head.version);
        return found.track.behind;
      });
    } catch (error) {
      log.warn({ err: error, documents: documentIds.length, reason: 'load' }, 'The store could not be asked what other processes stored.');
      return [];
    }
  }

  #look(): void {
    const now = Date.now();
    for (const [id, at] of this.#due) {
      if (!this.#options.find(id)?.track.behind) this.#due.delete(id);
      else if (at <= now) {
        this.#due.set(id, now + AGAIN_AFTER_MS);
        void this.read(id);
      }
    }
    if (this.#due.size === 0) this.stop();
  }

  async #read(documentId: string): Promise<void> {
    const { store, find, refresh, log, metrics } = this.#options;
    const before = find(documentId);
    if (!before) return;
    const { room, track } = before;
    try {
      const stored = await withDeadline(store.load(documentId), READ_WITHIN_MS);
      metrics.tailReads.inc();
      if (find(documentId)?.room !== room) return;
      if (stored?.epoch !== room.epoch) return refresh(documentId);
      room.applyStored(stored);
      track.reach(stored.version ?? 0);
    } catch (error) {
      log.warn({ err: error, document_id: documentId, reason: 'load' }, 'What other processes stored could not be read. Trying again.');
    }
  }
}
