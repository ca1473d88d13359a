import type { Log } from '../log.ts';
import type { DocumentStore } from '../store/document-store.ts';
import type { RelayMetrics } from './metrics.ts';
import type { Room } from './room.ts';

// How long it rests after a compaction, as a multiple of what that took: editing comes first, and longer logs fold as fast.
const REST = 3;
const MAX_REST_MS = 1_000;

/**
 * SY10: folds long logs into snapshots, one document at a time and each at most once queued. Between two it rests: under constant
 * typing there is always another long log, and the relay shares its processor with the folding.
 */
export class Compactor {
  readonly #store: Pick<DocumentStore, 'compact'>;
  readonly #log: Log;
  readonly #metrics: RelayMetrics;
  readonly #asked = new Map<Room, Promise<void>>();
  #tail: Promise<void> = Promise.resolve();
  #tookMs = 0;
  #stopped = false;
  #wake: (() => void) | null = null;

  constructor(options: { store: Pick<DocumentStore, 'compact'>; log: Log; metrics: RelayMetrics }) {
    this.#store = options.store;
    this.#log = options.log;
    this.#metrics = options.metrics;
  }

  /** Resolves when the document's turn is over, successful or not. */
  request(room: Room): Promise<void> {
    const asked = this.#asked.get(room);
    if (asked) return asked;
    const turn = this.#tail.then(() => this.#compact(room));
    this.#asked.set(room, turn);
    this.#tail = turn.then(() => this.#rest());
    return turn;
  }

  /** Forgets what waits; resolves when nothing runs. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake?.();
    await this.#tail;
  }

  async #rest(): Promise<void> {
    if (this.#stopped || this.#asked.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(MAX_REST_MS, this.#tookMs * REST));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      timer.unref();
    });
    this.#wake = null;
  }

  async #compact(room: Room): Promise<void> {
    if (this.#stopped) return void this.#asked.delete(room);
    const started = performance.now();
    try {
      const before = room.logSize.counted;
      room.logSize.folded(await this.#store.compact(room.ref.documentId), before);
    } catch (error) {
      this.#metrics.error('compact');
      this.#log.error(
        { err: error, document_id: room.ref.documentId, reason: 'compact' },
        'A document could not be compacted; its log stays as it is.',
      );
      room.logSize.postpone();
    } finally {
      this.#asked.delete(room);
      this.#tookMs = performance.now() - started;
    }
    // What came meanwhile may be long again, and no further edit may come to say so.
    if (room.logSize.isLong) void this.request(room);
  }
}
