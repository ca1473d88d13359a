import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { projectSlug } from '@markco/core/project/project-slug';
import { FileStore } from '../../file-store/file-store.ts';
import { STATE_FOLDER } from '../../file-store/root-files.ts';
import type { Log } from '../../log.ts';
import type { DocumentRef, LoadedDocument, UpdateBatch } from '../document-store.ts';
import { wholeState } from './document-states.ts';

/** SY11, SY12: the server's markdown files, `<workspaces>/<user>/<project>/<path>`. Folders are opened when a document of theirs is. */
export class WorkspaceFiles {
  readonly dir: string;
  readonly #store: Promise<FileStore>;
  readonly #opening = new Map<string, Promise<void>>();
  #onOpened: (dir: string) => Promise<void> = async () => undefined;

  constructor(dir: string, log: Log, watch: boolean) {
    this.dir = dir;
    this.#store = FileStore.open({ log, watch });
  }

  store(): Promise<FileStore> {
    return this.#store;
  }

  /** What has to be done with a folder before a document of it is used. */
  onOpened(prepare: (dir: string) => Promise<void>): void {
    this.#onOpened = prepare;
  }

  /** Opens the folder of a document. Rejects where another process keeps it. */
  async open(ref: DocumentRef): Promise<FileStore> {
    const store = await this.#store;
    const dir = this.folderOf(ref);
    const opening =
      this.#opening.get(dir) ??
      mkdir(dir, { recursive: true })
        .then(() => store.addRoot({ dir, userId: ref.userId, projectId: ref.projectId, project: ref.project }))
        .then(() => this.#onOpened(dir));
    this.#opening.set(dir, opening);
    await opening.catch((error: unknown) => {
      this.#opening.delete(dir);
      throw error;
    });
    return store;
  }

  /** True where files of the document's project were kept at some time; nothing is made by asking. */
  hasFolder(ref: DocumentRef): boolean {
    return existsSync(path.join(this.folderOf(ref), STATE_FOLDER));
  }

  /** The document as the files have it, outside edits merged (FB5); null where they have nothing of it. */
  async load(ref: DocumentRef): Promise<LoadedDocument | null> {
    await this.place(ref);
    return (await this.#store).load(ref.documentId);
  }

  /** As {@link FileStore.append}; `DocumentGone` also where a document was never in the files. */
  async append(batches: readonly UpdateBatch[]): Promise<void> {
    for (const { ref } of batches) await this.open(ref);
    await (await this.#store).append(batches);
  }

  /** Gives the document's file the name that the document has. */
  async place(ref: DocumentRef): Promise<void> {
    const store = await this.open(ref);
    const meta = store.meta(ref.documentId);
    if (!meta) return;
    // Its own name may have become free meanwhile (FB9).
    const misnamed = meta.path !== ref.path || (meta.file !== ref.path && store.isFree(this.folderOf(ref), ref.path));
    if (misnamed) await store.rename(ref.documentId, { path: ref.path, synced: true }, true);
    // Nobody removes a document by removing its file here: it is written again.
    if (!existsSync(path.join(this.folderOf(ref), store.meta(ref.documentId)?.file ?? ref.path))) await store.rewrite(ref.documentId);
  }

  /**
   * Brings in what Postgres has: its own updates of one history, its text of another (SY12). Resolves with what was new in the same history,
   * null if nothing.
   */
  async takeIn(loaded: LoadedDocument): Promise<Uint8Array | null> {
    const { ref, epoch } = loaded;
    const store = await this.open(ref);
    const dir = this.folderOf(ref);
    const state = wholeState(loaded);
    const { documentId } = ref;
    const known = store.meta(documentId) ?? (await store.revive(dir, documentId, ref.path));
    // A document the files never had takes the place of a file of that name: its text is kept in the document's.
    if (!known) await store.add(dir, { documentId, path: ref.path, serverId: documentId });
    if (known?.epoch === epoch && known.pulled) return store.absorb(documentId, state);
    await store.adopt(documentId, epoch, state, null);
    return null;
  }

  /** FB7: the document was deleted. Its file goes to `.markco/trash`, its state to `.markco/deleted`, where a restored one finds it. */
  async retire(documentId: string): Promise<void> {
    const store = await this.#store;
    const dir = store.rootOf(documentId);
    if (dir) await store.discard(documentId);
  }

  async close(): Promise<void> {
    await (await this.#store).close();
  }

  folderOf(ref: DocumentRef): string {
    return path.join(this.dir, projectSlug(ref.userId), projectSlug(ref.project));
  }
}
