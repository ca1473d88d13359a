import type { CompactionResult, LoadedDocument } from '../store/document-store.ts';
import type { RelayLimits } from './limits.ts';

/** Updates and their bytes. */
export interface LogCount {
  readonly rows: number;
  readonly bytes: number;
}

/** How long a document's log of updates is, and whether it should be folded into a snapshot (SY10). */
export class LogSize {
  #rows: number;
  #bytes = 0;
  #snapshotBytes: number;
  #more = false;
  readonly #limits: RelayLimits;

  constructor(loaded: LoadedDocument, limits: RelayLimits) {
    this.#limits = limits;
    this.#rows = loaded.updates.length;
    for (const update of loaded.updates) this.#bytes += update.length;
    this.#snapshotBytes = loaded.ready?.snapshotBytes ?? loaded.snapshot?.length ?? 0;
  }

  /** One more update. */
  add(bytes: number): void {
    this.#rows++;
    this.#bytes += bytes;
  }

  /** What is counted now; to be handed to {@link folded} by a compaction that begins now. */
  get counted(): LogCount {
    return { rows: this.#rows, bytes: this.#bytes };
  }

  /**
   * A compaction ended. All that was counted before it is folded, unless it left some: by it, or before it by another process (SY18);
   * what it folded of theirs was never counted here.
   */
  folded(result: CompactionResult, before: LogCount): void {
    if (!result.compacted) {
      this.postpone();
      return;
    }
    this.#more = result.more ?? false;
    const folded = this.#more ? result : before;
    this.#rows = Math.max(0, this.#rows - folded.rows);
    this.#bytes = Math.max(0, this.#bytes - folded.bytes);
    this.#snapshotBytes += result.bytes;
  }

  /** It was not compacted: asked again when as much has come in anew. */
  postpone(): void {
    this.#rows = 0;
    this.#bytes = 0;
    this.#more = false;
  }

  get isLong(): boolean {
    const { compactRows, compactBytes } = this.#limits;
    if (this.#more || this.#rows >= compactRows || this.#bytes >= compactBytes) return true;
    // A short log is cheap to load, however small its snapshot.
    return this.#bytes * 8 >= compactBytes && this.#snapshotBytes > 0 && this.#bytes * 2 > this.#snapshotBytes;
  }

  get isLongForUnload(): boolean {
    return this.#rows >= this.#limits.compactRowsAtUnload;
  }
}
