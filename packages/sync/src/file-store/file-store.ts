import { lstat } from 'node:fs/promises';
import { AppError } from '@markco/core/errors';
import type { Log } from '../log.ts';
import { DocumentGone } from '../store/document-gone.ts';
import type {
  CompactionResult,
  DocumentContent,
  DocumentRef,
  DocumentStore,
  LoadedDocument,
  UpdateBatch,
} from '../store/document-store.ts';
import { appendAll } from './append-all.ts';
import { type DocumentMeta, newMeta } from './document-meta.ts';
import type { AdoptOutcome } from './file-document.ts';
import { FileHolds } from './file-holds.ts';
import type { RootSpec, SiteEvents } from './file-root.ts';
import { gitIsBusy } from './git-lock.ts';
import { LateWriters } from './late-writers.ts';
import { moveToTrash } from './move-to-trash.ts';
import { ProjectionTimer } from './projection-timer.ts';
import { type Found, RootSet } from './root-set.ts';
import { Listeners, type StoreEvent } from './store-events.ts';
import { readStamp, readTextFile } from './text-file.ts';

export interface FileStoreOptions {
  readonly roots?: readonly RootSpec[];
  /** Watch the folders for outside edits (default true); without, they are merged when a document is loaded or written. */
  readonly watch?: boolean;
  readonly log?: Pick<Log, 'warn'>;
  /** From an update to the file, ms (default 30; at most three times that under constant typing). */
  readonly projectDelayMs?: number;
  readonly settleMs?: number;
  /** FB9: overrides what the file system is found to do. */
  readonly foldsCase?: boolean;
}

const IDLE_MS = 60_000;
const RETRY_MS = 100;

/**
 * SY11: documents as markdown files, their Yjs state in `.markco/` beside them. `load` merges outside edits (FB5), every appended update is
 * durable before it resolves and in the file some 30 ms later (FB6).
 */
export class FileStore implements DocumentStore {
  readonly kind = 'file';
  readonly #options: FileStoreOptions;
  readonly #roots: RootSet;
  readonly #external = new Listeners<[string, Uint8Array]>();
  readonly #events = new Listeners<[StoreEvent]>();
  readonly #projection: ProjectionTimer;
  readonly #late = new LateWriters();
  readonly #holds = new FileHolds();
  readonly #sweep: NodeJS.Timeout;
  readonly #firstNeed = new Set<(documentId: string) => Promise<void>>();
  /** Which history a room was opened with: its updates belong to no other. */
  readonly #epochOf = new WeakMap<DocumentRef, string>();
  #closed = false;

  private constructor(options: FileStoreOptions) {
    this.#options = options;
    this.#roots = new RootSet({
      watch: options.watch !== false,
      foldsCase: options.foldsCase,
      siteEvents: (dir) => this.#siteEvents(dir),
      onFiles: (dir, files) => this.#onFiles(dir, files),
      onLost: (error) => options.log?.warn({ err: error.message }, 'The watcher missed changes; the folder is looked through again.'),
    });
    this.#projection = new ProjectionTimer(
      options.projectDelayMs ?? 30,
      (id) => this.#roots.find(id)?.document.reconcile() ?? Promise.resolve(),
    );
    this.#sweep = setInterval(() => void this.#unloadIdle(), IDLE_MS / 2);
    this.#sweep.unref();
  }

  static async open(options: FileStoreOptions = {}): Promise<FileStore> {
    const store = new FileStore(options);
    for (const root of options.roots ?? []) await store.addRoot(root);
    return store;
  }

  // --- folders ---

  /** See {@link RootSet.add}. */
  async addRoot(spec: RootSpec): Promise<void> {
    await this.#roots.add(spec);
  }

  async removeRoot(dir: string): Promise<void> {
    await this.#roots.remove(dir, async (root) => {
      for (const id of root.documents.keys()) if (this.#projection.isWaiting(id)) await this.#projection.flush(id);
    });
  }

  /** What is kept of every document of the folder. */
  documents(dir: string): DocumentMeta[] {
    return [...(this.#roots.root(dir)?.documents.values() ?? [])].map((document) => ({ ...document.meta }));
  }

  meta(documentId: string): DocumentMeta | null {
    const found = this.#roots.find(documentId);
    return found ? { ...found.document.meta } : null;
  }

  /** Who and where a document is; null where it is not in any folder. */
  refOf(documentId: string): DocumentRef | null {
    const found = this.#roots.find(documentId);
    return found && this.#ref(found);
  }

  /** True where neither a document nor a file of another's has this path. */
  isFree(dir: string, file: string): boolean {
    return this.#roots.root(dir)?.isFree(file) ?? false;
  }

  /** The document of a file (relative to the folder), if it is one we keep. */
  idOf(dir: string, file: string): string | null {
    return this.#roots.root(dir)?.idOf(file) ?? null;
  }

  // --- documents ---

  /**
   * Makes a document known: one of the server's (`serverId`), to be fetched by {@link adopt}, or a file of this device, which becomes a
   * history of its own when it is first loaded (EL3). Returns its file. Does nothing for one that is known.
   */
  async add(dir: string, entry: { documentId: string; path: string; file?: string; serverId?: string }): Promise<string> {
    const root = this.#roots.root(dir);
    if (!root) throw new AppError('not_found', 'The folder is not linked.');
    const existing = root.documents.get(entry.documentId);
    if (existing) return existing.meta.file;
    const file = entry.file ?? root.freeFile(entry.path);
    const document = root.add(newMeta({ ...entry, file }));
    await root.saveMeta(document);
    return file;
  }

  /**
   * Ties a document to the server's. `agreed`: the text both have, so that nothing needs to be fetched now (FB3); without it the two have to
   * be brought together by {@link adopt}.
   */
  async link(documentId: string, server: { serverId: string; path: string; epoch: string; agreed?: string }): Promise<void> {
    const { root, document } = this.#roots.get(documentId);
    document.meta.serverId = server.serverId;
    document.meta.syncedPath = server.path;
    if (server.agreed !== undefined) await document.record(server.agreed, server.epoch);
    else await root.saveMeta(document);
  }

  /** The server has no such document any more, and what is here stays (FB7: an edit beats a delete). */
  async unlink(documentId: string): Promise<void> {
    const { root, document } = this.#roots.get(documentId);
    Object.assign(document.meta, { serverId: null, syncedPath: null, dirty: true });
    await root.saveMeta(document);
  }

  /** The server's history takes over (FB4); see {@link FileDocument.adopt}. Close the open document first. */
  async adopt(
    documentId: string,
    epoch: string,
    state: Uint8Array,
    conflictCopy: ((text: string) => Promise<void>) | null,
  ): Promise<AdoptOutcome> {
    return this.#roots.get(documentId).document.adopt(epoch, state, conflictCopy);
  }

  /** SY12: state of the same history from another store. Returns what was new here, null if nothing; whoever has it open must be told. */
  async absorb(documentId: string, state: Uint8Array): Promise<Uint8Array | null> {
    const fresh = await this.#roots.get(documentId).document.absorb(state);
    if (fresh) this.#projection.schedule(documentId);
    return fresh;
  }

  /** FB7: another path; `moveFile` also moves the file. The id, history and state stay. */
  async rename(documentId: string, names: { path: string; file?: string; synced: boolean }, moveFile: boolean): Promise<void> {
    const { root, document } = this.#roots.get(documentId);
    await document.exclusive(async () => {
      const from = document.meta.file;
      // A file that is no document of ours is never written over.
      const file = names.file ?? (root.idOf(names.path) === documentId ? names.path : root.freeFile(names.path, { onDisk: moveFile }));
      if (moveFile && from !== file) await root.moveFile(from, file);
      if (names.synced) document.meta.syncedPath = names.path;
      await root.relabel(document, { path: names.path, file });
    });
  }

  /** Notes the path the server is known to have. */
  async noteSyncedPath(documentId: string, documentPath: string): Promise<void> {
    const { root, document } = this.#roots.get(documentId);
    document.meta.syncedPath = documentPath;
    await root.saveMeta(document);
  }

  /** FB7: forgets a document. `dispose` gets the absolute path of its file, if the file is to go too. */
  async remove(documentId: string, dispose?: (file: string) => Promise<void>): Promise<void> {
    const found = this.#roots.find(documentId);
    if (!found) return;
    this.#projection.cancel(documentId);
    this.#holds.forget(documentId);
    if (dispose) await found.document.exclusive(() => dispose(found.root.absolute(found.document.meta.file)));
    await found.root.remove(found.document);
  }

  /** FB7: as {@link remove}; the file goes to `.markco/trash`. */
  async discard(documentId: string): Promise<void> {
    const found = this.#roots.find(documentId);
    if (!found) return;
    // What was written to the file a moment ago belongs to the state that is kept; where it can't be read it is still in the trash.
    await found.document.reconcile().catch(() => undefined);
    await this.remove(documentId, (file) => moveToTrash(found.root.dir, file));
  }

  /** FB7: a document that was removed from the folder is back, with the state it had. Null where nothing of it was kept. */
  async revive(dir: string, documentId: string, documentPath: string): Promise<DocumentMeta | null> {
    const document = await this.#roots.root(dir)?.revive(documentId, documentPath);
    if (!document) return null;
    await this.rewrite(documentId);
    return { ...document.meta };
  }

  text(documentId: string): Promise<string> {
    return this.#roots.get(documentId).document.text();
  }

  /** RU15: what the document holds, and whether its file holds all of it. */
  standing(documentId: string): Promise<{ vector: Uint8Array; projected: boolean; hasState: boolean }> {
    return this.#roots.get(documentId).document.standing();
  }

  /** See {@link FileDocument.markAgreed}. */
  markAgreed(documentId: string, serverText: string): Promise<boolean> {
    return this.#roots.get(documentId).document.markAgreed(serverText);
  }

  /** Looks at the file now, as after an event of the file system. */
  notice(documentId: string): Promise<void> {
    return this.#roots.find(documentId)?.document.noticeFile() ?? Promise.resolve();
  }

  /** Leaves the document's file alone until {@link release}: a rename or removal is being decided (FB7). */
  hold(documentId: string): void {
    this.#holds.hold(documentId);
  }

  /** `recreate`: a file that is gone is written again (an edit beats a delete). */
  async release(documentId: string, recreate = false): Promise<void> {
    await this.#holds.release(documentId, recreate, () => this.#roots.find(documentId)?.document.reconcile());
  }

  /** FB7: writes a file that went away again, whatever it held. */
  async rewrite(documentId: string): Promise<void> {
    await this.#holds.release(documentId, true, () => this.#roots.find(documentId)?.document.rewrite());
  }

  /** Resolves when every file holds what its document holds, as far as files may be written. */
  async settled(): Promise<void> {
    await this.#projection.flushAll();
  }

  /** The hook is called before a document without the server's state is loaded, so that the state can be fetched in time. Returns its removal. */
  onFirstNeed(hook: (documentId: string) => Promise<void>): () => void {
    this.#firstNeed.add(hook);
    return () => this.#firstNeed.delete(hook);
  }

  /** The folder of a document. */
  rootOf(documentId: string): string | null {
    return this.#roots.find(documentId)?.root.dir ?? null;
  }

  on(listener: (event: StoreEvent) => void): () => void {
    return this.#events.add(listener);
  }

  // --- DocumentStore ---

  async load(documentId: string): Promise<LoadedDocument | null> {
    if (!this.#roots.find(documentId)) return null;
    if (!this.#roots.find(documentId)!.document.meta.pulled) await Promise.all([...this.#firstNeed].map((hook) => hook(documentId)));
    const found = this.#roots.find(documentId);
    if (!found) return null;
    const snapshot = await found.document.load();
    this.#events.emit({ kind: 'loaded', documentId });
    const ref = this.#ref(found);
    const { epoch } = found.document.meta;
    this.#epochOf.set(ref, epoch);
    return { ref, epoch, snapshot, updates: [] };
  }

  async append(batches: readonly UpdateBatch[]): Promise<void> {
    const gone = batches.map(({ ref }) => ref.documentId).filter((id) => !this.#roots.find(id));
    if (gone.length > 0) throw new DocumentGone([...new Set(gone)]);
    const ids = await appendAll(batches, (id, updates, { ref }) =>
      this.#roots.get(id).document.append(updates, this.#epochOf.get(ref) ?? null),
    );
    for (const id of ids) {
      this.#projection.schedule(id);
      this.#events.emit({ kind: 'appended', documentId: id });
    }
  }

  async saveContent(contents: readonly DocumentContent[]): Promise<void> {
    await Promise.all(contents.map(({ ref }) => this.#projection.flush(ref.documentId)));
  }

  async compact(documentId: string): Promise<CompactionResult> {
    const bytes = (await this.#roots.find(documentId)?.document.compact(true)) ?? 0;
    return { compacted: bytes > 0, rows: 0, bytes };
  }

  onExternalUpdate(listener: (documentId: string, update: Uint8Array) => void): () => void {
    return this.#external.add(listener);
  }

  async ping(): Promise<void> {
    await Promise.all(this.#roots.dirs.map((dir) => lstat(dir)));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#sweep);
    await this.#late.close();
    await this.#projection.flushAll();
    for (const dir of this.#roots.dirs) await this.removeRoot(dir);
    this.#projection.close();
  }

  // --- inside ---

  #onFiles(dir: string, files: string[] | null): void {
    this.#events.emit({ kind: 'files', dir, files });
    for (const file of files ?? []) {
      const id = this.idOf(dir, file);
      if (id) this.#notice(id);
    }
  }

  #notice(documentId: string): void {
    this.notice(documentId).catch((error: Error) => {
      this.#problem(documentId, error);
      this.#projection.schedule(documentId, RETRY_MS * 5);
    });
  }

  #siteEvents(dir: string): SiteEvents {
    return {
      settleMs: this.#options.settleMs ?? 20,
      read: readTextFile,
      stampOf: readStamp,
      held: (id, missing) => this.#held(dir, id, missing),
      onOutsideEdit: (documentId, update, before) => {
        if (update) this.#external.emit(documentId, update);
        this.#events.emit({ kind: 'outside', documentId, merged: update !== null, before });
      },
      onFileMissing: (documentId) => this.#events.emit({ kind: 'missing', documentId }),
      onUnusable: (documentId, status) => this.#events.emit({ kind: 'unusable', documentId, status }),
      onProjected: (documentId, recreated) => this.#events.emit({ kind: 'projected', documentId, recreated }),
      onProblem: (documentId, error) => this.#problem(documentId, error),
      retryLater: (documentId) => this.#projection.schedule(documentId, RETRY_MS * 5),
      watchLateWriter: (late, take) => this.#late.watch(late, take),
    };
  }

  #held(dir: string, documentId: string, missing: boolean): boolean {
    if (missing && !this.#holds.mayRecreate(documentId)) this.#events.emit({ kind: 'missing', documentId });
    if (this.#holds.isHeld(documentId)) return true;
    if (!gitIsBusy(dir)) return false;
    this.#projection.schedule(documentId, RETRY_MS);
    return true;
  }

  #problem(documentId: string, error: Error): void {
    this.#options.log?.warn(
      { document_id: documentId, err: error.message },
      'A document could not be brought to its file; it is tried again.',
    );
    this.#events.emit({ kind: 'problem', documentId, message: error.message });
  }

  async #unloadIdle(): Promise<void> {
    const before = Date.now() - IDLE_MS;
    for (const document of this.#roots.documents()) {
      if (document.inMemory && !document.busy && document.lastUsed < before) await document.unload();
    }
  }

  #ref({ root, document }: Found): DocumentRef {
    const { userId, projectId, project } = root.spec;
    return { documentId: document.meta.documentId, userId, projectId, project, path: document.meta.path };
  }
}
