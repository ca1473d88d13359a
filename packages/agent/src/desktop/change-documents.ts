import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { AppError, notFound } from '@markco/core/errors';
import { parseDocPath } from '@markco/core/project/doc-path';
import type { DocumentMeta } from '@markco/sync/file-store/document-meta';
import type { FileStore } from '@markco/sync/file-store/file-store';
import { assertInside } from '@markco/sync/file-store/root-files';
import type { FolderBridge } from '../bridge/folder-bridge.ts';
import type { LocalBus } from '../bridge/local-bus.ts';
import { trashFile } from '../bridge/trash-file.ts';

export interface ChangeOptions {
  root: string;
  store: FileStore;
  bus: LocalBus;
  bridge: () => FolderBridge;
  trash?: (file: string) => Promise<void>;
}

/** What a person does to the documents of a folder: each is a change of files, so that the bridge tells the server as it tells of any (FB7). */
export class ChangeDocuments {
  readonly #o: ChangeOptions;
  /** Documents that were deleted here and are still known to the store. */
  readonly removing = new Set<string>();
  readonly #deleted = new Map<string, { path: string; text: string }>();

  constructor(options: ChangeOptions) {
    this.#o = options;
  }

  /** Rejects with `conflict` where the path is taken, `bad_request` where it is not allowed. */
  async create(documentPath: string, text: string): Promise<string> {
    const { documentId } = await this.#o.bridge().createDocument(documentPath, text);
    this.removing.delete(documentId);
    return documentId;
  }

  /** The id, history and open windows stay. */
  async rename(documentId: string, documentPath: string): Promise<void> {
    const { root, store, bus } = this.#o;
    const meta = this.#meta(documentId);
    const parsed = parseDocPath(documentPath);
    if (!parsed.ok) throw new AppError('bad_request', parsed.reason);
    if (parsed.path === meta.path) return;
    const file = path.join(root, parsed.path);
    await assertInside(root, file);
    if (await this.#taken(file, meta)) throw new AppError('conflict', `${parsed.path} is there already. Choose another name.`);
    await store.rename(documentId, { path: parsed.path, file: parsed.path, synced: false }, true);
    await bus.publish({ topic: 'document.changed', userId: '', projectId: '', documentId, change: 'renamed' });
    this.#o.bridge().docChanged(null);
  }

  /** FB7: the file goes to the trash; the bridge makes a deletion of it. */
  async remove(documentId: string): Promise<void> {
    const { root, store, trash } = this.#o;
    const meta = this.#meta(documentId);
    this.#deleted.set(documentId, { path: meta.path, text: await store.text(documentId) });
    this.removing.add(documentId);
    const file = path.join(root, meta.file);
    await (trash ?? ((gone) => trashFile(root, gone)))(file);
  }

  /** Undo of {@link remove}; under a new id where the deletion is through. */
  async restore(documentId: string): Promise<string> {
    const deleted = this.#deleted.get(documentId);
    if (!deleted) throw notFound('The deleted document');
    const id = await this.create(deleted.path, deleted.text);
    this.#deleted.delete(documentId);
    return id;
  }

  #meta(documentId: string): DocumentMeta {
    const meta = this.#o.store.rootOf(documentId) === this.#o.root ? this.#o.store.meta(documentId) : null;
    if (!meta) throw notFound('The document');
    return meta;
  }

  /** Another spelling of the same name is free where the file system does not tell them apart (FB9). */
  async #taken(file: string, meta: DocumentMeta): Promise<boolean> {
    const there = await lstat(file).catch(() => null);
    return there !== null && there.ino !== meta.stamp?.ino;
  }
}
