import type { Log } from '../log.ts';
import type { DocumentStore } from '../store/document-store.ts';
import type { RelayMetrics } from './metrics.ts';
import type { Room } from './room.ts';

/** SY10: folds long logs into snapshots, one document at a time and each at most once queued. */
export class Compactor {
  readonly #store: Pick<DocumentStore, 'compact'>;
  readonly #log: Log;
  readonly #metrics: RelayMetrics;
  readonly #asked = new Map<Room, Promise<void>>();
  #tail: Promise<void> = Promise.resolve();

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
    this.#tail = turn;
    return turn;
  }

  /** Resolves when nothing runs. */
  idle(): Promise<void> {
    return this.#tail;
  }

  async #compact(room: Room): Promise<void> {
    try {
      room.logSize.folded(await this.#store.compact(room.ref.documentId));
    } catch (error) {
      this.#metrics.error('compact');
      this.#log.error(
        { err: error, document_id: room.ref.documentId, reason: 'compact' },
        'A document could not be compacted; its log stays as it is.',
      );
      room.logSize.postpone();
    } finally {
      this.#asked.delete(room);
    }
  }
}
