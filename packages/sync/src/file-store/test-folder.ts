import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as Y from 'yjs';
import type { DocumentRef } from '../store/document-store.ts';
import { FileStore, type FileStoreOptions } from './file-store.ts';

/** For tests: a folder of its own, gone after `cleanUp`. */
export function makeFolder(): { dir: string; cleanUp: () => void } {
  const dir = mkdtempSync(path.join(tmpdir(), 'markco-files-'));
  return { dir, cleanUp: () => rmSync(dir, { recursive: true, force: true }) };
}

export const OWNER = { userId: 'u1', projectId: 'p1', project: 'notes' };

export function refOf(documentId: string, documentPath: string): DocumentRef {
  return { documentId, ...OWNER, path: documentPath };
}

export function openStore(dir: string, options: Partial<FileStoreOptions> = {}): Promise<FileStore> {
  return FileStore.open({ roots: [{ dir, ...OWNER }], settleMs: 3, projectDelayMs: 2, ...options });
}

/** For tests: another copy of a document, as a browser has it, kept the same as the store by hand. */
export class Peer {
  readonly doc = new Y.Doc();
  readonly text = this.doc.getText('content');
  #store: FileStore;
  readonly #ref: DocumentRef;
  #off: () => void;

  private constructor(store: FileStore, ref: DocumentRef) {
    this.#store = store;
    this.#ref = ref;
    this.#off = this.#follow();
  }

  static async open(store: FileStore, ref: DocumentRef): Promise<Peer> {
    const peer = new Peer(store, ref);
    await peer.#pull();
    return peer;
  }

  #follow(): () => void {
    return this.#store.onExternalUpdate((id, update) => {
      if (id === this.#ref.documentId) Y.applyUpdate(this.doc, update);
    });
  }

  async #pull(): Promise<void> {
    const loaded = await this.#store.load(this.#ref.documentId);
    if (loaded?.snapshot) Y.applyUpdateV2(this.doc, loaded.snapshot);
  }

  /** Types and waits until it is durable. */
  async edit(change: (text: Y.Text) => void): Promise<void> {
    const before = Y.encodeStateVector(this.doc);
    this.doc.transact(() => change(this.text));
    await this.#store.append([{ ref: this.#ref, updates: [Y.encodeStateAsUpdate(this.doc, before)] }]);
  }

  /** The store is dead from now on: nothing it says is heard. */
  disconnect(): void {
    this.#off();
  }

  /** As a reconnect after a restart: each side gets what the other has. */
  async reconnect(store: FileStore): Promise<void> {
    this.#off();
    this.#store = store;
    this.#off = this.#follow();
    await this.#pull();
    await store.append([{ ref: this.#ref, updates: [Y.encodeStateAsUpdate(this.doc)] }]);
  }

  toString(): string {
    return this.text.toString();
  }
}

/** For tests: waits until `check` holds. */
export async function until(check: () => boolean | Promise<boolean>, what = 'the condition', timeoutMs = 120_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`Gave up waiting for ${what}.`);
    await delay(5);
  }
}
