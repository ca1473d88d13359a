import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { projectSlug } from '@markco/core/project/project-slug';
import { FileStore } from '../../file-store/file-store.ts';
import type { Log } from '../../log.ts';
import type { DocumentRef, LoadedDocument } from '../document-store.ts';
import { wholeState } from './document-states.ts';

/** SY11, SY12: the server's markdown files, `<workspaces>/<user>/<project>/<path>`. Folders are opened when a document of theirs is. */
export class WorkspaceFiles {
  readonly #dir: string;
  readonly #store: Promise<FileStore>;
  readonly #opening = new Map<string, Promise<void>>();

  constructor(dir: string, log: Log, watch: boolean) {
    this.#dir = dir;
    this.#store = FileStore.open({ log, watch });
  }

  store(): Promise<FileStore> {
    return this.#store;
  }

  /** Opens the folder of a document. Rejects where another process keeps it. */
  async open(ref: DocumentRef): Promise<FileStore> {
    const store = await this.#store;
    const dir = this.#folder(ref);
    const opening =
      this.#opening.get(dir) ??
      mkdir(dir, { recursive: true }).then(() =>
        store.addRoot({ dir, userId: ref.userId, projectId: ref.projectId, project: ref.project }),
      );
    this.#opening.set(dir, opening);
    await opening.catch((error: unknown) => {
      this.#opening.delete(dir);
      throw error;
    });
    return store;
  }

  /** The document as the files have it, outside edits merged (FB5); null where they have nothing of it. */
  async load(ref: DocumentRef): Promise<LoadedDocument | null> {
    const store = await this.open(ref);
    const meta = store.meta(ref.documentId);
    if (!meta) return null;
    if (meta.path !== ref.path) await store.rename(ref.documentId, { path: ref.path, synced: true }, true);
    return store.load(ref.documentId);
  }

  /** Brings in what Postgres has: its own updates of one history, its text of another (SY12). */
  async takeIn(loaded: LoadedDocument): Promise<void> {
    const { ref, epoch } = loaded;
    const store = await this.open(ref);
    const state = wholeState(loaded);
    const known = store.meta(ref.documentId);
    // A document the files never had takes the place of a file of that name: theirs is kept in the text.
    if (!known)
      await store.add(this.#folder(ref), { documentId: ref.documentId, path: ref.path, file: ref.path, serverId: ref.documentId });
    if (known?.epoch === epoch && known.pulled) await store.absorb(ref.documentId, state);
    else await store.adopt(ref.documentId, epoch, state, null);
  }

  async close(): Promise<void> {
    await (await this.#store).close();
  }

  #folder(ref: DocumentRef): string {
    return path.join(this.#dir, projectSlug(ref.userId), projectSlug(ref.project));
  }
}
