import { createHash } from 'node:crypto';
import type { Log } from '../log.ts';
import type { DocumentContent, DocumentHead, DocumentStore } from '../store/document-store.ts';
import type { CommitQueue } from './commit-queue.ts';
import type { RelayLimits } from './limits.ts';
import type { RelayMetrics } from './metrics.ts';
import type { Room } from './room.ts';

interface Dirty {
  readonly since: number;
  last: number;
  /** Only other processes made edits: they store the text. */
  readonly elsewhere: boolean;
}

/** For so long the process that made an edit may take to store the text. */
const ELSEWHERE_MS = 6_000;

export interface ContentProjectorOptions {
  readonly store: Pick<DocumentStore, 'saveContent'>;
  readonly queue: CommitQueue;
  readonly limits: RelayLimits;
  readonly log: Log;
  readonly metrics: RelayMetrics;
  /** After the text was stored: folder bridges and readers may want it. */
  readonly onSaved: (room: Room, asOf: DocumentHead | undefined) => void;
  /** SY18: up to which version everything is in memory; only where several processes store. */
  readonly versionOf?: (room: Room) => number | undefined;
}

/**
 * SY9: the text follows the edits: soon after the last one, and at the latest some seconds after the first. It is read from
 * the open document but stored only after everything in it is durable. One timer for all documents, none when all is quiet.
 */
export class ContentProjector {
  readonly #options: ContentProjectorOptions;
  readonly #dirty = new Map<Room, Dirty>();
  /** Those of the save under way. */
  readonly #storing = new Set<Room>();
  #timer: NodeJS.Timeout | null = null;
  #saving: Promise<void> = Promise.resolve();

  constructor(options: ContentProjectorOptions) {
    this.#options = options;
  }

  /** The document changed durably. */
  touch(room: Room): void {
    const now = Date.now();
    const dirty = this.#dirty.get(room);
    if (dirty && !dirty.elsewhere) dirty.last = now;
    else this.#dirty.set(room, { since: now, last: now, elsewhere: false });
    this.#wake();
  }

  /** SY18: another process stored an edit and will store its text too. Should it not, it is done here. */
  touchLater(room: Room): void {
    if (this.#dirty.has(room)) return;
    const at = Date.now() + ELSEWHERE_MS;
    this.#dirty.set(room, { since: at, last: at, elsewhere: true });
    this.#wake();
  }

  /** SY18: another process stored the text; `all`: with everything that is in memory here. */
  savedElsewhere(room: Room, all: boolean): void {
    if (!this.#dirty.get(room)?.elsewhere) return;
    this.forget(room);
    if (!all) this.touchLater(room);
  }

  /**
   * A document came into memory: a process that died between a commit and its text, or Postgres away at that moment, left the
   * text behind, and it must not wait for the next edit. `storedHash`: of the text in the store; null where it has none.
   */
  check(room: Room, storedHash: string | null): void {
    if (storedHash === null) return;
    const { text } = room.state;
    if (hashOf(text) !== storedHash && (text !== '' || storedHash !== '')) this.touch(room);
  }

  /** Stores the text now, if it is behind. Rejects where the store refuses; it stays noted as behind. */
  async flush(room: Room): Promise<void> {
    // A save under way may have it, and fail.
    if (this.#storing.has(room)) await this.#saving;
    if (this.#dirty.has(room)) await this.#save([room]);
  }

  /** True while the stored text lacks edits that are durable. */
  isBehind(room: Room): boolean {
    return this.#dirty.has(room) || this.#storing.has(room);
  }

  /** Stores what is behind, for a shutdown. */
  async flushAll(): Promise<void> {
    if (this.#dirty.size > 0) await this.#save([...this.#dirty.keys()]);
  }

  /** The document is gone from memory. */
  forget(room: Room): void {
    this.#dirty.delete(room);
    this.#storing.delete(room);
    this.#rest();
  }

  stop(): void {
    this.#dirty.clear();
    this.#storing.clear();
    this.#rest();
  }

  #wake(): void {
    this.#timer ??= setInterval(() => this.#tick(), Math.max(10, this.#options.limits.contentQuietMs / 4));
  }

  #tick(): void {
    const { contentQuietMs, contentMaxMs } = this.#options.limits;
    const now = Date.now();
    const due: Room[] = [];
    for (const [room, { since, last }] of this.#dirty) {
      if (now - last >= contentQuietMs || now - since >= contentMaxMs) due.push(room);
    }
    if (due.length > 0) this.#save(due).catch(() => {});
  }

  /** One save at a time, so that an older text never overtakes a newer one. */
  #save(rooms: readonly Room[]): Promise<void> {
    const run = this.#saving.then(() => this.#saveNow(rooms));
    this.#saving = run.catch(() => {});
    return run;
  }

  async #saveNow(asked: readonly Room[]): Promise<void> {
    const { store, metrics, log, onSaved } = this.#options;
    const rooms = asked.filter((room) => this.#dirty.delete(room));
    if (rooms.length === 0) return;
    for (const room of rooms) this.#storing.add(room);
    let contents: DocumentContent[];
    try {
      contents = await Promise.all(rooms.map((room) => this.#durableContent(room)));
      await store.saveContent(contents);
    } catch (error) {
      metrics.error('content');
      log.error(
        { err: error, documents: rooms.length, reason: 'content' },
        'The text of documents could not be stored; their edits are safe. Trying again.',
      );
      for (const room of this.#storing) this.touch(room);
      throw error;
    } finally {
      this.#storing.clear();
    }
    this.#rest();
    for (const [i, room] of rooms.entries()) onSaved(room, contents[i]?.asOf);
  }

  #durableContent(room: Room): Promise<DocumentContent> {
    const text = room.state.text;
    // Of now, not of when it is durable: then there may be more, which the text has not.
    const version = this.#options.versionOf?.(room);
    const asOf = version === undefined ? {} : { asOf: { epoch: room.epoch, version } };
    const content = { ref: room.ref, text, hash: hashOf(text), ...asOf };
    return new Promise((resolve) => this.#options.queue.barrier(room.ref.documentId, () => resolve(content)));
  }

  #rest(): void {
    if (this.#dirty.size > 0 || !this.#timer) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}

const hashOf = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
