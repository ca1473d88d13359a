import { AppError } from '@markco/core/errors';
import type { FileDocument } from './file-document.ts';
import { FileRoot, type RootSpec, type SiteEvents } from './file-root.ts';
import { makeStateFolder } from './root-files.ts';
import { lockRoot } from './root-lock.ts';
import { type RootWatch, watchRoot } from './watch-root.ts';

export interface RootSetOptions {
  readonly watch: boolean;
  readonly foldsCase: boolean | undefined;
  readonly siteEvents: (dir: string) => SiteEvents;
  /** Documents something happened to; null: anything may have changed. */
  readonly onFiles: (dir: string, files: string[] | null) => void;
  readonly onLost: (error: Error) => void;
}

interface Entry {
  readonly root: FileRoot;
  watch: RootWatch | null;
  readonly unlock: () => Promise<void>;
}

/** A document and the folder it is in. */
export interface Found {
  readonly root: FileRoot;
  readonly document: FileDocument;
}

/** The folders a store has open, each locked and watched, and which document is in which. */
export class RootSet {
  readonly #options: RootSetOptions;
  readonly #entries = new Map<string, Entry>();
  /** Where a document was found last. */
  readonly #where = new Map<string, FileRoot>();

  constructor(options: RootSetOptions) {
    this.#options = options;
  }

  get dirs(): string[] {
    return [...this.#entries.keys()];
  }

  *documents(): Iterable<FileDocument> {
    for (const { root } of this.#entries.values()) yield* root.documents.values();
  }

  /** Opens a folder's state and watches it. Rejects where another living process keeps it. Adding it again only updates whose it is. */
  async add(spec: RootSpec): Promise<void> {
    const known = this.#entries.get(spec.dir);
    if (known) {
      known.root.spec = spec;
      return;
    }
    const { siteEvents, foldsCase, watch, onFiles, onLost } = this.#options;
    await makeStateFolder(spec.dir);
    // First of all: what another process still writes must not be read.
    const unlock = await lockRoot(spec.dir);
    const root = await FileRoot.open(spec, siteEvents(spec.dir), foldsCase).catch(async (error: unknown) => {
      await unlock();
      throw error;
    });
    const entry: Entry = { root, watch: null, unlock };
    this.#entries.set(spec.dir, entry);
    if (!watch) return;
    entry.watch = await watchRoot(spec.dir, {
      files: (files) => onFiles(spec.dir, files),
      other: () => onFiles(spec.dir, null),
      lost: (error) => {
        onLost(error);
        onFiles(spec.dir, null);
      },
    });
  }

  /** Stops watching, lets `settle` write what is waiting, and gives the folder back. */
  async remove(dir: string, settle: (root: FileRoot) => Promise<void>): Promise<void> {
    const entry = this.#entries.get(dir);
    if (!entry) return;
    await entry.watch?.stop();
    await settle(entry.root);
    this.#entries.delete(dir);
    await entry.root.close();
    await entry.unlock();
  }

  root(dir: string): FileRoot | null {
    return this.#entries.get(dir)?.root ?? null;
  }

  find(documentId: string): Found | null {
    const last = this.#where.get(documentId);
    const near = last && this.#entries.get(last.dir)?.root === last ? last.documents.get(documentId) : undefined;
    if (last && near) return { root: last, document: near };
    for (const { root } of this.#entries.values()) {
      const document = root.documents.get(documentId);
      if (!document) continue;
      this.#where.set(documentId, root);
      return { root, document };
    }
    this.#where.delete(documentId);
    return null;
  }

  /** As {@link find}; throws where there is none. */
  get(documentId: string): Found {
    const found = this.find(documentId);
    if (!found) throw new AppError('not_found', 'The document is not in any linked folder.');
    return found;
  }
}
