import * as Y from 'yjs';
import type { LoadedDocument } from '../store/document-store.ts';

/** What applying an update did. `integrated`: the part that became visible, null where nothing was new. */
export interface AppliedUpdate {
  readonly integrated: Uint8Array | null;
  /** Parts of it, or of earlier ones, wait for missing structs. */
  readonly gapped: boolean;
}

/** The Y.Doc of a room, with what a relay asks of it: applying, encoding without gapped structs (SY14), and history checks (SY7). */
export class DocumentState {
  readonly doc: Y.Doc;
  #version = 0;
  #full: { version: number; bytes: Uint8Array } | null = null;
  #integrated: Uint8Array | null = null;

  constructor(loaded: LoadedDocument) {
    this.doc = buildDocument(loaded);
    this.doc.on('update', (update: Uint8Array) => {
      this.#version++;
      this.#integrated = update;
    });
  }

  /** Applies a checked update. Throws where Yjs does; the document is then not to be used any more. */
  apply(update: Uint8Array): AppliedUpdate {
    const waiting = this.gapBytes;
    this.#integrated = null;
    Y.applyUpdate(this.doc, update, 'relay');
    return { integrated: this.#integrated, gapped: waiting > 0 || this.gapBytes > 0 };
  }

  /** Applies what a store holds, in one transaction. Returns what became visible, null where nothing was new. Throws where Yjs does. */
  absorb(stored: Pick<LoadedDocument, 'snapshot' | 'updates'>): Uint8Array | null {
    this.#integrated = null;
    applyAll(this.doc, stored, 'relay');
    return this.#integrated;
  }

  /** What a client with this state vector lacks (Yjs V1). The whole state is cached for a storm of joiners (SY16). */
  encodeFor(stateVector: Uint8Array): Uint8Array {
    if (stateVector.length > 1) return withoutGaps(this.doc, () => Y.encodeStateAsUpdate(this.doc, stateVector));
    if (this.#full?.version !== this.#version) {
      this.#full = { version: this.#version, bytes: withoutGaps(this.doc, () => Y.encodeStateAsUpdate(this.doc)) };
    }
    return this.#full.bytes;
  }

  /** Lets go of the cached encoding. */
  trim(): void {
    this.#full = null;
  }

  get stateVector(): Uint8Array {
    return Y.encodeStateVector(this.doc);
  }

  get text(): string {
    return this.doc.getText('content').toString();
  }

  /** UTF-16 length of the text, without building it. */
  get textLength(): number {
    return this.doc.getText('content').length;
  }

  /** The clock after the last struct of a client. */
  clockOf(client: number): number {
    return Y.getState(this.doc.store, client);
  }

  /** SY7: true where a history with these client ids has nothing in common with ours, and both have something. */
  isForeign(clients: readonly number[]): boolean {
    const ours = this.doc.store.clients;
    return clients.length > 0 && ours.size > 0 && !clients.some((client) => ours.has(client));
  }

  /** Bytes of structs and deletions that wait for missing structs. */
  get gapBytes(): number {
    const store = this.doc.store;
    return (store.pendingStructs?.update.length ?? 0) + (store.pendingDs?.length ?? 0);
  }

  /** Forgets what waits (SY14: over the limit). */
  dropGaps(): void {
    this.doc.store.pendingStructs = null;
    this.doc.store.pendingDs = null;
  }

  destroy(): void {
    this.doc.destroy();
  }
}

/** Builds a document from what a store loaded, in one Yjs transaction (rebuilding update by update takes twenty times as long). */
export function buildDocument(loaded: Pick<LoadedDocument, 'snapshot' | 'updates'>): Y.Doc {
  const doc = new Y.Doc();
  applyAll(doc, loaded, 'load');
  return doc;
}

function applyAll(doc: Y.Doc, { snapshot, updates }: Pick<LoadedDocument, 'snapshot' | 'updates'>, origin: string): void {
  doc.transact(() => {
    if (snapshot) Y.applyUpdateV2(doc, snapshot, origin);
    for (const update of updates) Y.applyUpdate(doc, update, origin);
  }, origin);
}

/** Runs `encode` while the document's gapped structs are out of sight: Yjs would encode them too. */
export function withoutGaps<T>(doc: Y.Doc, encode: () => T): T {
  const { pendingStructs, pendingDs } = doc.store;
  doc.store.pendingStructs = null;
  doc.store.pendingDs = null;
  try {
    return encode();
  } finally {
    doc.store.pendingStructs = pendingStructs;
    doc.store.pendingDs = pendingDs;
  }
}
