import type { OpenDocument } from '@markco/editor/host';
import type { AttachedDocument } from './open-document.ts';

/** WB3: the last five documents stay attached, so that switching back shows them in the same frame. */
const KEEP = 5;

interface Entry {
  document: AttachedDocument;
  users: number;
  usedAt: number;
}

/** Shares attached documents between views and keeps the recent ones connected. */
export class DocumentCache {
  private readonly entries = new Map<string, Entry>();
  private readonly create: (documentId: string) => AttachedDocument;
  private clock = 0;

  constructor(create: (documentId: string) => AttachedDocument) {
    this.create = create;
  }

  /** The attached document, the newest history of it; the caller releases it. */
  acquire(documentId: string): OpenDocument {
    const entry = this.entry(documentId);
    return this.share(entry, entry.document);
  }

  /** Attaches ahead of time; it goes again when five others were used since. */
  prefetch(documentId: string): void {
    this.entry(documentId);
    this.trim();
  }

  /** True where the document is attached already (a hot switch, WB9). */
  has(documentId: string): boolean {
    return this.entries.has(documentId);
  }

  /** Documents with edits the relay has not confirmed. */
  unsaved(): AttachedDocument[] {
    return [...this.entries.values()].map(({ document }) => document).filter((document) => document.save.get().unsaved > 0);
  }

  close(): void {
    for (const { document } of this.entries.values()) document.close();
    this.entries.clear();
  }

  private entry(documentId: string): Entry {
    let entry = this.entries.get(documentId);
    if (!entry) {
      entry = { document: this.create(documentId), users: 0, usedAt: 0 };
      const made = entry;
      this.follow(made);
      this.entries.set(documentId, made);
    }
    entry.usedAt = ++this.clock;
    return entry;
  }

  /** One user's hold on a document. The history that replaces it is held by the same user, once they look at it. */
  private share(entry: Entry, document: AttachedDocument): OpenDocument {
    entry.users++;
    const attached = document.ready.get();
    let released = false;
    let next: OpenDocument | null = null;
    return {
      ...document,
      from: () => (attached ? 'hot' : document.from()),
      replacedBy: {
        subscribe: document.replacedBy.subscribe,
        get: () => {
          const newer = document.replacedBy.get();
          if (newer) next ??= this.share(entry, newer);
          return next;
        },
      },
      release: () => {
        if (released) return;
        released = true;
        entry.users--;
        this.trim();
      },
    };
  }

  /** When a history is replaced, the next acquire gets the new one; views follow `replacedBy` themselves. */
  private follow(entry: Entry): void {
    const { document } = entry;
    document.replacedBy.subscribe(() => {
      const next = document.replacedBy.get();
      if (!next) return;
      entry.document = next;
      this.follow(entry);
    });
  }

  private trim(): void {
    const idle = [...this.entries].filter(([, entry]) => entry.users === 0).sort(([, a], [, b]) => b.usedAt - a.usedAt);
    for (const [id, entry] of idle.slice(KEEP)) {
      // Unconfirmed edits keep their connection: leaving a page must not delay saving them.
      if (entry.document.save.get().unsaved > 0) continue;
      entry.document.close();
      this.entries.delete(id);
    }
  }
}
