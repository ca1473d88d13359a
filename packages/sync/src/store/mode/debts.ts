import type { DocumentRef } from '../document-store.ts';

/** What one document still has to bring to the second store. */
export interface Debt {
  readonly ref: DocumentRef;
  readonly updates: Uint8Array[];
  bytes: number;
  /** Not by its updates but as a whole, by comparing the two stores. */
  whole: boolean;
  /** When the oldest of it was committed, ms since the epoch. */
  readonly since: number;
  failures: number;
  /** Not before, ms since the epoch. */
  notBefore: number;
}

/** SY12: everything that waits for the second store, bounded in bytes. */
export class Debts {
  readonly #waiting = new Map<string, Debt>();
  readonly #taken = new Map<string, Debt>();
  readonly #maxDocumentBytes: number;
  readonly #maxBytes: number;
  readonly #retryMs: { readonly min: number; readonly max: number };
  #bytes = 0;

  constructor(maxDocumentBytes: number, maxBytes: number, retryMs: { readonly min: number; readonly max: number }) {
    this.#maxDocumentBytes = maxDocumentBytes;
    this.#maxBytes = maxBytes;
    this.#retryMs = retryMs;
  }

  /** Documents that owe something. */
  get size(): number {
    let both = 0;
    for (const id of this.#taken.keys()) if (this.#waiting.has(id)) both++;
    return this.#waiting.size + this.#taken.size - both;
  }

  get bytes(): number {
    return this.#bytes;
  }

  has(documentId: string): boolean {
    return this.#waiting.has(documentId) || this.#taken.has(documentId);
  }

  add(ref: DocumentRef, updates: readonly Uint8Array[]): void {
    const debt = this.#of(ref);
    if (debt.whole) return;
    debt.updates.push(...updates);
    const bytes = updates.reduce((sum, update) => sum + update.length, 0);
    debt.bytes += bytes;
    this.#bytes += bytes;
    // The first store has all of it: one state is shorter than a long queue.
    if (debt.bytes > this.#maxDocumentBytes || this.#bytes > this.#maxBytes) this.#makeWhole(debt);
  }

  addWhole(ref: DocumentRef): void {
    this.#makeWhole(this.#of(ref));
  }

  /** What may be tried now. Every debt taken has to be given to {@link done} or {@link putBack}. */
  take(): Debt[] {
    const now = Date.now();
    const due = [...this.#waiting].filter(([id, debt]) => debt.notBefore <= now && !this.#taken.has(id));
    for (const [id, debt] of due) {
      this.#waiting.delete(id);
      this.#taken.set(id, debt);
    }
    return due.map(([, debt]) => debt);
  }

  done(debt: Debt): void {
    this.#bytes -= debt.bytes;
    this.#taken.delete(debt.ref.documentId);
  }

  /** It was not taken: it goes before what came meanwhile. `blame`: it is its own failure, and it waits longer each time. */
  putBack(debt: Debt, blame: boolean): void {
    const { ref } = debt;
    this.#taken.delete(ref.documentId);
    const later = this.#waiting.get(ref.documentId);
    this.#waiting.set(ref.documentId, debt);
    if (blame) debt.notBefore = Date.now() + Math.min(this.#retryMs.max, this.#retryMs.min * 2 ** Math.min(debt.failures++, 16));
    if (!later) return;
    debt.updates.push(...later.updates);
    debt.bytes += later.bytes;
    if (debt.whole || later.whole || debt.bytes > this.#maxDocumentBytes) this.#makeWhole(debt);
  }

  /** Everything may be tried at once, whatever failed before. */
  forgive(): void {
    for (const debt of this.#waiting.values()) debt.notBefore = 0;
  }

  /** Until something may be tried, ms. */
  nextInMs(): number {
    const next = Math.min(...[...this.#waiting.values()].map(({ notBefore }) => notBefore));
    return Math.max(1, next - Date.now());
  }

  /** Age of the oldest, ms; 0 where nothing waits. */
  oldestMs(): number {
    const all = [...this.#waiting.values(), ...this.#taken.values()];
    return all.length === 0 ? 0 : Math.max(0, Date.now() - Math.min(...all.map(({ since }) => since)));
  }

  #of(ref: DocumentRef): Debt {
    const known = this.#waiting.get(ref.documentId);
    if (known) return known;
    const debt: Debt = { ref, updates: [], bytes: 0, whole: false, since: Date.now(), failures: 0, notBefore: 0 };
    this.#waiting.set(ref.documentId, debt);
    return debt;
  }

  #makeWhole(debt: Debt): void {
    this.#bytes -= debt.bytes;
    debt.bytes = 0;
    debt.updates.length = 0;
    debt.whole = true;
  }
}
