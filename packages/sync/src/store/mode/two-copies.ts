import { createHash } from 'node:crypto';
import * as Y from 'yjs';
import { textOf } from '../../file-store/merge-outside-edit.ts';
import { SerialQueue } from '../../file-store/serial-queue.ts';
import { buildDocument } from '../../relay/document-state.ts';
import type { DocumentContent, DocumentRef, DocumentStore, LoadedDocument } from '../document-store.ts';
import { FoldThread } from '../fold-thread.ts';
import { missingFrom, wholeState } from './document-states.ts';
import type { FileNames } from './file-names.ts';
import type { WorkspaceFiles } from './workspace-files.ts';

export interface TwoCopiesOptions {
  readonly postgres: DocumentStore;
  readonly files: WorkspaceFiles;
  readonly names: FileNames;
  /** What was new to the files, and may be new to who has the document open. */
  readonly onFresh: (documentId: string, update: Uint8Array) => void;
}

/** SY12: a document's copy in Postgres and its copy in the files, brought together and compared. */
export class TwoCopies {
  readonly #options: TwoCopiesOptions;
  /** Two that adopt a history at once would write what differs twice. */
  readonly #turns = new Map<string, SerialQueue>();
  readonly #thread = new FoldThread();
  /** The newest text that the relay stored while two copies are brought together; null where it stored none. */
  readonly #toldMeanwhile = new Map<string, DocumentContent | null>();

  constructor(options: TwoCopiesOptions) {
    this.#options = options;
  }

  /**
   * The files have everything of both when it resolves, and with `writeBack` Postgres too. `found`: what Postgres has. Resolves with what the
   * files have.
   */
  merge(found: LoadedDocument, writeBack: boolean): Promise<LoadedDocument | null> {
    return this.#inTurn(found.ref.documentId, async () => {
      const { files, names, onFresh } = this.#options;
      const { documentId } = found.ref;
      this.#toldMeanwhile.set(documentId, null);
      try {
        await names.makeWay(found.ref);
        const fresh = await files.takeIn(found);
        if (fresh) onFresh(documentId, fresh);
        const merged = await files.load(found.ref);
        if (merged && writeBack) await this.#bringToPostgres(found, merged);
        return merged;
      } finally {
        this.#toldMeanwhile.delete(documentId);
      }
    });
  }

  /** The relay stores these texts: they are newer than what a merge under way would store. */
  noteTold(contents: readonly DocumentContent[]): void {
    for (const content of contents) {
      if (this.#toldMeanwhile.has(content.ref.documentId)) this.#toldMeanwhile.set(content.ref.documentId, content);
    }
  }

  /** Reads Postgres and merges. Nothing where the document was deleted meanwhile. */
  async bringTogether(ref: DocumentRef, writeBack: boolean): Promise<void> {
    const found = await this.#options.postgres.load(ref.documentId);
    if (found) await this.merge(found, writeBack);
  }

  /** Compares by checksum. `busy`: edits are on their way, so a difference says nothing. True where they are the same. */
  async areSame(ref: DocumentRef, busy: () => boolean): Promise<boolean> {
    const { postgres, files } = this.#options;
    const [there, here] = [await postgres.load(ref.documentId), await files.load(ref)];
    if (!there || !here || busy()) return true;
    if (there.epoch === here.epoch) {
      const sums = [await this.#thread.checksum(there.snapshot, there.updates), await this.#thread.checksum(here.snapshot, here.updates)];
      if (sums[0] === sums[1]) return true;
    }
    return busy();
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }

  async #bringToPostgres(found: LoadedDocument, merged: LoadedDocument): Promise<void> {
    const { postgres } = this.#options;
    const doc = buildDocument(found);
    try {
      const missing = missingFrom(doc, wholeState(merged));
      if (!missing) return;
      await postgres.append([{ ref: found.ref, updates: [missing] }]);
      // What others stored in Postgres since it was read is part of the text.
      const now = await postgres.load(found.ref.documentId);
      if (now?.epoch === found.epoch) Y.applyUpdate(doc, wholeState(now));
      Y.applyUpdate(doc, missing);
      await this.#saveText(found.ref, textOf(doc));
    } finally {
      doc.destroy();
    }
  }

  /** Nobody may have it open: listings and searches read the text (SY9). Who has it open stores a newer one, and that stays. */
  async #saveText(ref: DocumentRef, text: string): Promise<void> {
    let told = this.#toldMeanwhile.get(ref.documentId);
    if (told) return;
    await this.#options.postgres.saveContent([{ ref, text, hash: createHash('sha256').update(text).digest('hex') }]);
    // Of two on their way at once the older one may have come last.
    for (let next = this.#toldMeanwhile.get(ref.documentId); next && next !== told; next = this.#toldMeanwhile.get(ref.documentId)) {
      told = next;
      await this.#options.postgres.saveContent([next]);
    }
  }

  async #inTurn<T>(documentId: string, task: () => Promise<T>): Promise<T> {
    const queue = this.#turns.get(documentId) ?? new SerialQueue();
    this.#turns.set(documentId, queue);
    try {
      return await queue.run(task);
    } finally {
      if (queue.pending === 0) this.#turns.delete(documentId);
    }
  }
}
