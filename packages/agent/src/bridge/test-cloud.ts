import { randomUUID } from 'node:crypto';
import type { DocumentView, ProjectView, RegisterLocalReply, SeedReply, TicketReply } from '@markco/core/contract/projects';
import { AppError, notFound } from '@markco/core/errors';
import { sha256 } from '@markco/sync/file-store/text-file';
import type { DocumentRef } from '@markco/sync/store/document-store';
import { MemoryStore } from '@markco/sync/store/memory-store';
import { type RelayHarness, startRelay, updateOf } from '@markco/testing/relay-harness';
import * as Y from 'yjs';
import type { BridgeApi } from './bridge-api.ts';
import { LocalBus } from './local-bus.ts';

interface CloudDocument {
  ref: DocumentRef;
  epoch: string;
  updatedAt: Date;
}

/** For tests: the server as a bridge sees it, with a real relay over a store in memory. */
export class TestCloud {
  readonly bus = new LocalBus();
  readonly store = new MemoryStore();
  readonly projectId = randomUUID();
  readonly userId = randomUUID();
  readonly documents = new Map<string, CloudDocument>();
  relay!: RelayHarness;
  /** The network. */
  online = true;
  calls = { seed: 0, ticket: 0 };

  static async start(): Promise<TestCloud> {
    const cloud = new TestCloud();
    cloud.relay = await startRelay({ store: cloud.store, bus: cloud.bus, limits: { contentQuietMs: 15, unloadAfterMs: 50 } });
    return cloud;
  }

  async stop(): Promise<void> {
    await this.relay.stop();
  }

  goOffline(): void {
    this.online = false;
    for (const socket of this.relay.sockets) socket.destroy();
  }

  /** Makes a document, as the server does from text. */
  create(path: string, text: string): DocumentView {
    const documentId = randomUUID();
    const ref = { documentId, userId: this.userId, projectId: this.projectId, project: 'notes', path };
    const epoch = randomUUID();
    this.store.create(ref, text === '' ? [] : [updateOf(text)], epoch);
    Object.assign(this.store.rows.get(documentId)!, { text, hash: sha256(text) });
    this.documents.set(documentId, { ref, epoch, updatedAt: new Date() });
    this.relay.authorizer.register(ref);
    return this.view(documentId);
  }

  idAt(path: string): string | null {
    return [...this.documents.values()].find((document) => document.ref.path === path)?.ref.documentId ?? null;
  }

  paths(): string[] {
    return [...this.documents.values()].map((document) => document.ref.path).sort();
  }

  text(path: string): string | null {
    const id = this.idAt(path);
    const row = id && this.store.rows.get(id);
    if (!row) return null;
    const doc = new Y.Doc();
    if (row.snapshot) Y.applyUpdateV2(doc, row.snapshot);
    for (const update of row.updates) Y.applyUpdate(doc, update);
    return doc.getText('content').toString();
  }

  /** Edits as a phone does: durable when it resolves. */
  async edit(path: string, change: (text: Y.Text) => void): Promise<void> {
    const handle = await this.relay.relay.open(this.idAt(path)!);
    handle.doc.transact(() => change(handle.doc.getText('content')));
    await handle.flushed();
    handle.release();
  }

  async removeDocument(path: string): Promise<void> {
    const id = this.idAt(path)!;
    const { ref } = this.documents.get(id)!;
    this.documents.delete(id);
    this.store.rows.delete(id);
    await this.bus.publish({ topic: 'document.changed', userId: this.userId, projectId: ref.projectId, documentId: id, change: 'deleted' });
  }

  /** Takes a removed document out of the bin: `gone` is what {@link take} gave. */
  async putBack(gone: ReturnType<TestCloud['take']>): Promise<void> {
    const { document, row } = gone;
    const { documentId, projectId } = document.ref;
    this.documents.set(documentId, document);
    this.store.rows.set(documentId, row);
    await this.bus.publish({ topic: 'document.changed', userId: this.userId, projectId, documentId, change: 'restored' });
  }

  /** What the server keeps of a document that is about to be removed. */
  take(path: string) {
    const id = this.idAt(path)!;
    return { document: this.documents.get(id)!, row: this.store.rows.get(id)! };
  }

  async renameDocument(id: string, path: string): Promise<void> {
    const document = this.documents.get(id)!;
    document.ref = { ...document.ref, path };
    this.store.rows.get(id)!.ref = document.ref;
    this.relay.authorizer.register(document.ref);
    await this.bus.publish({
      topic: 'document.changed',
      userId: this.userId,
      projectId: this.projectId,
      documentId: id,
      change: 'renamed',
    });
  }

  /** Replaces the history of a document, as a restore does. */
  async replaceHistory(path: string, text: string): Promise<void> {
    const id = this.idAt(path)!;
    const document = this.documents.get(id)!;
    document.epoch = randomUUID();
    this.store.create(document.ref, [updateOf(text)], document.epoch);
    Object.assign(this.store.rows.get(id)!, { text, hash: sha256(text) });
    await this.bus.publish({
      topic: 'document.changed',
      userId: this.userId,
      projectId: this.projectId,
      documentId: id,
      change: 'restored',
    });
  }

  view(documentId: string): DocumentView {
    const { ref, epoch, updatedAt } = this.documents.get(documentId)!;
    const row = this.store.rows.get(documentId)!;
    const title = ref.path;
    const times = { updatedAt, createdAt: updatedAt, deletedAt: null };
    return {
      id: documentId,
      projectId: ref.projectId,
      path: ref.path,
      title,
      epoch,
      size: row.text.length,
      contentHash: row.hash,
      status: 'ok',
      ...times,
    };
  }

  /** The API of one device. */
  api(): BridgeApi {
    return {
      register: () => this.#call(() => this.#register()),
      manifest: () => this.#call(() => [...this.documents.keys()].map((id) => this.view(id))),
      seed: (_projectId, items) => this.#call(() => this.#seed(items)),
      rename: (id, path) =>
        this.#call(async () => {
          if (this.idAt(path)) throw new AppError('conflict', 'The name is taken.');
          await this.renameDocument(id, path);
          return this.view(id);
        }),
      remove: (id) =>
        this.#call(async () => {
          if (!this.documents.has(id)) throw notFound('The document');
          await this.removeDocument(this.documents.get(id)!.ref.path);
        }),
      keepVersions: (items) =>
        this.#call(async () => {
          for (const { documentId, text } of items) {
            if (!this.documents.has(documentId)) throw notFound('The document');
            await this.store.versions.keep(documentId, { reason: 'outside_change', by: null, text });
          }
        }),
      ticket: (id) => this.#call(() => this.#ticket(id)),
    };
  }

  async #call<T>(answer: () => T | Promise<T>): Promise<T> {
    await new Promise((resolve) => setImmediate(resolve));
    if (!this.online) throw new AppError('unavailable', 'The server can not be reached.');
    return answer();
  }

  #register(): RegisterLocalReply {
    const project: ProjectView = {
      id: this.projectId,
      slug: 'notes',
      name: 'Notes',
      ownerId: this.userId,
      documentCount: this.documents.size,
      lastEditAt: null,
      createdAt: new Date(),
      fallbackToCloud: null,
      attachments: [],
    };
    return { project, documents: [...this.documents.keys()].map((id) => this.view(id)), missing: [] };
  }

  #seed(items: readonly { path: string; text: string }[]): SeedReply {
    this.calls.seed++;
    return {
      items: items.map(({ path, text }) => {
        const existing = this.idAt(path);
        if (!existing) return { path, outcome: 'created' as const, document: this.create(path, text) };
        return { path, outcome: this.text(path) === text ? ('equal' as const) : ('different' as const), document: this.view(existing) };
      }),
    };
  }

  #ticket(id: string): TicketReply {
    this.calls.ticket++;
    const document = this.documents.get(id);
    if (!document) throw notFound('The document');
    const { ref, epoch } = document;
    const expiresAt = new Date(Date.now() + 300_000);
    return { url: this.relay.documentUrl(ref), token: 'good', documentId: id, epoch, path: ref.path, expiresAt, mode: 'write' };
  }
}
