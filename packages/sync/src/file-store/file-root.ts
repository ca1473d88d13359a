import { lstatSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { foldKey } from '@markco/core/project/doc-path';
import { type DocumentMeta, isLocalEpoch, readMeta, writeMeta } from './document-meta.ts';
import type { DocumentSite } from './document-site.ts';
import { FileDocument } from './file-document.ts';
import { decodeFrames, FRAME } from './log-frame.ts';
import { assertInside, foldsCase, makeStateFolder, STATE_FOLDER } from './root-files.ts';
import { isMissing } from './text-file.ts';

/** A folder and whose project it is. `project`: the slug. */
export interface RootSpec {
  readonly dir: string;
  readonly userId: string;
  readonly projectId: string;
  readonly project: string;
}

/** The part of a site that does not depend on the folder. */
export type SiteEvents = Omit<DocumentSite, 'logPath' | 'read' | 'stampOf' | 'resolveForWrite' | 'saveMeta' | 'saveMetaSoon'> &
  Pick<DocumentSite, 'read' | 'stampOf'>;

const META_DELAY_MS = 300;

/** One folder: the index of its documents, by id and by file. */
export class FileRoot {
  spec: RootSpec;
  readonly documents = new Map<string, FileDocument>();
  /** True where names that differ only in case are one file (FB9). */
  readonly foldsCase: boolean;
  readonly #byFile = new Map<string, string>();
  readonly #events: SiteEvents;
  readonly #metaTimers = new Map<string, NodeJS.Timeout>();

  private constructor(spec: RootSpec, foldsCase: boolean, events: SiteEvents) {
    this.spec = spec;
    this.foldsCase = foldsCase;
    this.#events = events;
  }

  /** Opens the folder's state, or makes it. `foldCase` overrides the probe. */
  static async open(spec: RootSpec, events: SiteEvents, foldCase?: boolean): Promise<FileRoot> {
    await makeStateFolder(spec.dir);
    const root = new FileRoot(spec, foldCase ?? (await foldsCase(spec.dir)), events);
    await root.#readIndex();
    return root;
  }

  get dir(): string {
    return this.spec.dir;
  }

  idOf(file: string): string | null {
    return this.#byFile.get(this.#key(file)) ?? null;
  }

  /** Adds a document; the caller makes its first log. */
  add(meta: DocumentMeta): FileDocument {
    const document = new FileDocument(this.#site(), meta);
    this.documents.set(meta.documentId, document);
    this.#byFile.set(this.#key(meta.file), meta.documentId);
    return document;
  }

  /**
   * FB9: the file for a new document path: the path, or one beside it where another document's file can't be told apart. `onDisk`: also where
   * any file of that name is there.
   */
  freeFile(documentPath: string, { onDisk = false } = {}): string {
    const dot = documentPath.lastIndexOf('.');
    for (let n = 1; ; n++) {
      const file = n === 1 ? documentPath : `${documentPath.slice(0, dot)} (${n})${documentPath.slice(dot)}`;
      if (onDisk ? this.isFree(file) : this.idOf(file) === null) return file;
    }
  }

  /** True where neither a document nor any file has this path. */
  isFree(file: string): boolean {
    return this.idOf(file) === null && lstatSync(this.absolute(file), { throwIfNoEntry: false }) === undefined;
  }

  /** Records another path and file of a document; the file itself is moved by the caller. */
  async relabel(document: FileDocument, names: { path: string; file: string }): Promise<void> {
    this.#byFile.delete(this.#key(document.meta.file));
    Object.assign(document.meta, names);
    this.#byFile.set(this.#key(names.file), document.meta.documentId);
    await this.#saveMeta(document.meta);
  }

  /** Takes a document out of the index; its state is kept in `.markco/deleted` (FB7). */
  async remove(document: FileDocument): Promise<void> {
    const { documentId, file } = document.meta;
    this.documents.delete(documentId);
    if (this.idOf(file) === documentId) this.#byFile.delete(this.#key(file));
    clearTimeout(this.#metaTimers.get(documentId));
    this.#metaTimers.delete(documentId);
    const attic = path.join(this.dir, STATE_FOLDER, 'deleted');
    await mkdir(attic, { recursive: true });
    await document.retire(async (logPath) => {
      await rm(this.#metaPath(documentId), { force: true });
      await rename(logPath, path.join(attic, path.basename(logPath))).catch(() => undefined);
    });
  }

  /** Takes a removed document's state out of `.markco/deleted`; its file is written anew. Null where there is none. */
  async revive(documentId: string, documentPath: string): Promise<FileDocument | null> {
    if (this.documents.has(documentId)) return this.documents.get(documentId)!;
    const logPath = path.join(this.dir, STATE_FOLDER, 'docs', `${documentId}.yjs`);
    const kept = await rename(path.join(this.dir, STATE_FOLDER, 'deleted', `${documentId}.yjs`), logPath).then(
      () => true,
      (error: unknown) => {
        if (isMissing(error)) return false;
        throw error;
      },
    );
    if (!kept) return null;
    const found = await readHeader(logPath);
    if (!found) return null;
    const names = { path: documentPath, file: this.freeFile(documentPath), serverId: documentId, syncedPath: documentPath };
    const document = this.add({ ...found, ...names });
    await this.#saveMeta(document.meta);
    return document;
  }

  async saveMeta(document: FileDocument): Promise<void> {
    await this.#saveMeta(document.meta);
  }

  /** Unloads every document and writes what is waiting. */
  async close(): Promise<void> {
    for (const document of this.documents.values()) await document.unload();
    for (const [id, timer] of this.#metaTimers) {
      clearTimeout(timer);
      const document = this.documents.get(id);
      if (document) writeMeta(this.#metaPath(id), document.meta);
    }
    this.#metaTimers.clear();
  }

  /** Moves a file within the folder; nothing where it is not there. */
  async moveFile(from: string, to: string): Promise<void> {
    await assertInside(this.dir, this.absolute(to));
    await mkdir(path.dirname(this.absolute(to)), { recursive: true });
    await rename(this.absolute(from), this.absolute(to)).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
  }

  absolute(file: string): string {
    return path.join(this.dir, ...file.split('/'));
  }

  async #readIndex(): Promise<void> {
    const folder = path.join(this.dir, STATE_FOLDER, 'docs');
    const names = await readdir(folder);
    const metas = await Promise.all(names.filter((name) => name.endsWith('.json')).map((name) => readMeta(path.join(folder, name))));
    for (const meta of metas) if (meta && !this.documents.has(meta.documentId)) this.add(meta);
    for (const name of names.filter((entry) => entry.endsWith('.yjs'))) {
      const id = name.slice(0, -'.yjs'.length);
      const recovered = this.documents.has(id) ? null : await readHeader(path.join(folder, name));
      if (recovered) this.add(recovered);
    }
  }

  #site(): DocumentSite {
    return {
      ...this.#events,
      read: (file) => this.#events.read(this.absolute(file)),
      stampOf: (file) => this.#events.stampOf(this.absolute(file)),
      logPath: (id) => path.join(this.dir, STATE_FOLDER, 'docs', `${id}.yjs`),
      resolveForWrite: async (file) => {
        await assertInside(this.dir, this.absolute(file));
        return this.absolute(file);
      },
      saveMeta: (meta) => this.#saveMeta(meta),
      saveMetaSoon: (meta) => this.#saveMetaSoon(meta),
    };
  }

  async #saveMeta(meta: DocumentMeta): Promise<void> {
    clearTimeout(this.#metaTimers.get(meta.documentId));
    this.#metaTimers.delete(meta.documentId);
    writeMeta(this.#metaPath(meta.documentId), meta);
  }

  #saveMetaSoon(meta: DocumentMeta): void {
    if (this.#metaTimers.has(meta.documentId)) return;
    const timer = setTimeout(() => {
      this.#metaTimers.delete(meta.documentId);
      if (!this.documents.has(meta.documentId)) return;
      try {
        writeMeta(this.#metaPath(meta.documentId), meta);
      } catch {
        // Only a cache of what the log and the file say; the next change writes it again.
      }
    }, META_DELAY_MS);
    timer.unref();
    this.#metaTimers.set(meta.documentId, timer);
  }

  #metaPath(documentId: string): string {
    return path.join(this.dir, STATE_FOLDER, 'docs', `${documentId}.json`);
  }

  #key(file: string): string {
    return this.foldsCase ? foldKey(file) : file.normalize('NFC');
  }
}

/** What a log without its JSON (a power cut) still says of its document. */
async function readHeader(logPath: string): Promise<DocumentMeta | null> {
  const { frames } = decodeFrames(await readFile(logPath));
  const header = frames.findLast((frame) => frame.kind === FRAME.header);
  if (!header) return null;
  const { documentId, epoch, path: documentPath } = JSON.parse(Buffer.from(header.payload).toString('utf8'));
  const unknown = { serverId: null, syncedPath: null, textHash: '', fileHash: null, stamp: null };
  // Only a log with state has an epoch of the server's; what of it is there is found when it is opened.
  const pulled = frames.some(({ kind }) => kind === FRAME.snapshot) && !isLocalEpoch(epoch);
  return { documentId, path: documentPath, file: documentPath, epoch, pulled, dirty: true, ...unknown };
}
