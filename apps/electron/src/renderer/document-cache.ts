import type { OpenDocument } from '@markco/editor/host';
import type { AttachedDocument } from './attached-document.ts';

/** So many documents stay attached without a view, so that switching back is instant. */
const KEEP = 5;

interface Entry {
  document: AttachedDocument;
  views: number;
  usedAt: number;
}

/** Shares attached documents between views and keeps the recent ones. */
export class DocumentCache {
  readonly #entries = new Map<string, Entry>();
  readonly #attach: (documentId: string) => AttachedDocument;
  #clock = 0;

  constructor(attach: (documentId: string) => AttachedDocument) {
    this.#attach = attach;
  }

  /** The newest history of the document; the caller releases it. */
  acquire(documentId: string): OpenDocument {
    const entry = this.#entry(documentId);
    return this.#share(entry, entry.document);
  }

  /** Attaches ahead of time. */
  prefetch(documentId: string): void {
    this.#entry(documentId);
    this.#trim();
  }

  /** The agent is back: every document tries at once. */
  reconnect(): void {
    for (const { document } of this.#entries.values()) document.reconnect();
  }

  close(): void {
    for (const { document } of this.#entries.values()) document.close();
    this.#entries.clear();
  }

  #entry(documentId: string): Entry {
    let entry = this.#entries.get(documentId);
    if (!entry || entry.document.gone.get() !== null) {
      entry = { document: this.#attach(documentId), views: 0, usedAt: 0 };
      this.#follow(entry);
      this.#entries.set(documentId, entry);
    }
    entry.usedAt = ++this.#clock;
    return entry;
  }

  /** One view's hold. The history that replaces it is held by the same view, once it looks at it. */
  #share(entry: Entry, document: AttachedDocument): OpenDocument {
    entry.views++;
    let released = false;
    let next: OpenDocument | null = null;
    const replacedBy = (): OpenDocument | null => {
      const newer = document.replacedBy.get();
      if (newer) next ??= this.#share(entry, newer);
      return next;
    };
    const release = (): void => {
      if (released) return;
      released = true;
      entry.views--;
      this.#trim();
    };
    return { ...document, release, replacedBy: { subscribe: document.replacedBy.subscribe, get: replacedBy } };
  }

  #follow(entry: Entry): void {
    const { document } = entry;
    document.replacedBy.subscribe(() => {
      const next = document.replacedBy.get();
      if (!next) return;
      entry.document = next;
      this.#follow(entry);
    });
  }

  #trim(): void {
    const idle = [...this.#entries].filter(([, { views }]) => views === 0).sort(([, a], [, b]) => b.usedAt - a.usedAt);
    for (const [id, { document }] of idle.slice(KEEP)) {
      // Leaving a page must not lose what is not saved yet.
      if (document.save.get().unsaved > 0) continue;
      document.close();
      this.#entries.delete(id);
    }
  }
}
