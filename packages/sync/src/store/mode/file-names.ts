import type { Log } from '../../log.ts';
import type { DocumentRef, DocumentStore, LocatedDocument } from '../document-store.ts';
import type { WorkspaceFiles } from './workspace-files.ts';

export interface FileNamesOptions {
  readonly postgres: DocumentStore;
  readonly files: WorkspaceFiles;
  readonly log: Log;
}

/**
 * SY12: names belong to the rows in Postgres, in every mode; files follow. What was renamed, deleted or restored while a file store did not
 * look is found when its folder is opened. A document without a row keeps its file: a wrong database must not empty a disk.
 */
export class FileNames {
  readonly #options: FileNamesOptions;

  constructor(options: FileNamesOptions) {
    this.#options = options;
  }

  /** Brings one document's file in line. Resolves with where it is now, null where there is no row. */
  async follow(documentId: string): Promise<LocatedDocument | null> {
    const located = (await this.#locate([documentId])).get(documentId) ?? null;
    if (located) await this.#bringInLine(documentId, located);
    return located;
  }

  /** All documents of an open folder. */
  async followFolder(dir: string): Promise<void> {
    const store = await this.#options.files.store();
    const metas = store.documents(dir);
    if (metas.length === 0) return;
    try {
      const located = await this.#locate(metas.map(({ documentId }) => documentId));
      // Deleted ones first: they may hold a name that another one needs.
      const order = [...located].sort(([, a], [, b]) => Number(b.deleted) - Number(a.deleted));
      for (const [id, where] of order) if (where.deleted || store.meta(id)?.path !== where.ref.path) await this.#bringInLine(id, where);
    } catch (error) {
      this.#options.log.warn(
        { err: (error as Error).message, documents: metas.length },
        'Which documents of a folder were renamed or deleted could not be looked up; each is looked up when it is opened.',
      );
    }
  }

  /** Makes sure that no document that went elsewhere meanwhile keeps the file this one should have. */
  async makeWay(ref: DocumentRef): Promise<void> {
    const store = await this.#options.files.open(ref);
    const holder = store.idOf(this.#options.files.folderOf(ref), ref.path);
    if (holder !== null && holder !== ref.documentId) await this.follow(holder);
  }

  async #bringInLine(documentId: string, { ref, deleted }: LocatedDocument): Promise<void> {
    const { files } = this.#options;
    if (deleted) return files.retire(documentId);
    if (!files.hasFolder(ref)) return;
    const store = await files.store();
    // Opening the folder comes here for every document of it.
    if (store.rootOf(documentId)) {
      const meta = store.meta(documentId);
      if (meta && meta.path !== ref.path) await store.rename(documentId, { path: ref.path, synced: true }, true);
    } else await files.place(ref);
  }

  async #locate(documentIds: readonly string[]): Promise<ReadonlyMap<string, LocatedDocument>> {
    return (await this.#options.postgres.locate?.(documentIds)) ?? new Map();
  }
}
