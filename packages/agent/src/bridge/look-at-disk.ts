import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { DocumentMeta } from '@markco/sync/file-store/document-meta';
import { readTextFile, sameStamp, sha256 } from '@markco/sync/file-store/text-file';
import { announce, type BridgeContext } from './bridge-context.ts';
import type { BridgeProblem } from './bridge-problems.ts';
import { type Appeared, pairRenames } from './pair-renames.ts';
import { type ScannedFile, scanRoot } from './scan-root.ts';

/** FB7: how long a file that went away may still turn up under another name, ms. */
export const PAIR_MS = 2_000;

/** What a look at the folder found besides what it has already set right. */
export interface DiskFindings {
  /** Documents whose files went away and did not come back in time. */
  readonly gone: DocumentMeta[];
  /** Files became documents, or were renamed: the server does not know yet. */
  readonly news: boolean;
  /** When to look again because something is not decided; ms from now, null: no need. */
  readonly again: number | null;
}

/** Compares the folder with the documents that are kept: takes in new files, pairs renames, notes what is gone. */
export class DiskLook {
  readonly #context: BridgeContext;
  /** Since when a document's file is missing, or a file that may be a copy waits. */
  readonly #since = new Map<string, number>();
  readonly #pairMs: number;

  constructor(context: BridgeContext, pairMs = PAIR_MS) {
    this.#context = context;
    this.#pairMs = pairMs;
  }

  /** Rejects where the folder can't be read. */
  async look(): Promise<DiskFindings> {
    const { store, root } = this.#context;
    const scan = await scanRoot(root);
    const present = new Map(scan.files.map((file) => [file.file, file]));
    const known = store.documents(root);
    await this.#noticeChanged(known, present);
    const missing = known.filter((meta) => !present.has(meta.file) && meta.fileHash !== null);
    const { fresh, problems } = await this.#readUnknown(scan.files);
    this.#context.problems.replace(['too_large', 'read_only', 'not_portable'], [...problems, ...scan.problems.map(notPortable)]);
    for (const meta of missing) store.hold(meta.documentId);
    const pairs = pairRenames(
      missing.map((meta) => ({ ...meta, ino: meta.stamp?.ino ?? null })),
      fresh,
    );
    for (const [from, to] of pairs) await this.#rename(from.documentId, to);
    const paired = new Set([...pairs.values()]);
    const twins = new Set(known.filter((meta) => present.has(meta.file)).map((meta) => meta.textHash));
    const waiting = fresh.filter((file) => !paired.has(file) && this.#mayBeHalfAMove(file, twins));
    const added = fresh.filter((file) => !paired.has(file) && !waiting.includes(file));
    for (const file of added) await store.add(root, { documentId: randomUUID(), path: file.path, file: file.file });
    const pairedIds = new Set([...pairs.keys()].map((from) => from.documentId));
    return this.#findings(
      missing.filter((meta) => !pairedIds.has(meta.documentId)),
      waiting.length,
      added.length + pairs.size > 0,
    );
  }

  /** The document is decided about: another absence starts a new wait. */
  forget(documentId: string): void {
    this.#since.delete(documentId);
  }

  async #noticeChanged(known: readonly DocumentMeta[], present: ReadonlyMap<string, ScannedFile>): Promise<void> {
    for (const meta of known) {
      const file = present.get(meta.file);
      if (!file) continue;
      if (this.#since.delete(meta.documentId)) await this.#context.store.release(meta.documentId);
      // One that was never tied to the server has no base yet; the exchange reads it.
      if (meta.stamp && !sameStamp(meta.stamp, file.stamp)) await this.#context.store.notice(meta.documentId);
    }
  }

  async #readUnknown(files: readonly ScannedFile[]): Promise<{ fresh: Appeared[]; problems: BridgeProblem[] }> {
    const { store, root } = this.#context;
    const fresh: Appeared[] = [];
    const problems: BridgeProblem[] = [];
    for (const file of files) {
      if (store.idOf(root, file.file) !== null) continue;
      const read = await readTextFile(path.join(root, file.file)).catch(() => null);
      if (!read) continue;
      if (read.status === 'ok') fresh.push({ file: file.file, path: file.path, ino: read.stamp.ino, textHash: sha256(read.text) });
      else problems.push({ kind: read.status, path: file.path, message: UNUSABLE[read.status] });
    }
    return { fresh, problems };
  }

  async #rename(documentId: string, to: Appeared): Promise<void> {
    const { store } = this.#context;
    this.#since.delete(documentId);
    await store.rename(documentId, { path: to.path, file: to.file, synced: false }, false);
    await store.release(documentId);
    await announce(this.#context, documentId, 'renamed');
  }

  /** A move across file systems is a copy and then a removal: the copy waits for the removal, so that the document keeps its id. */
  #mayBeHalfAMove(file: Appeared, twins: ReadonlySet<string>): boolean {
    const key = `file:${file.file}`;
    if (!file.textHash || !twins.has(file.textHash)) return false;
    const since = this.#since.get(key) ?? Date.now();
    this.#since.set(key, since);
    if (Date.now() - since < this.#pairMs) return true;
    this.#since.delete(key);
    return false;
  }

  #findings(missing: readonly DocumentMeta[], waiting: number, news: boolean): DiskFindings {
    const now = Date.now();
    const gone: DocumentMeta[] = [];
    let pending = waiting > 0;
    for (const meta of missing) {
      const since = this.#since.get(meta.documentId) ?? now;
      this.#since.set(meta.documentId, since);
      if (now - since >= this.#pairMs) gone.push(meta);
      else pending = true;
    }
    // Decided together: one question for one `rm`, however long it takes.
    return { gone: pending ? [] : gone, news, again: pending ? this.#pairMs + 20 : null };
  }
}

const UNUSABLE = {
  too_large: 'The file is larger than 10 MB: it is listed, and stays on this computer.',
  read_only: 'The file is not UTF-8 text: it is listed, and stays on this computer.',
};

function notPortable(problem: { path: string; message: string }): BridgeProblem {
  return { kind: 'not_portable', ...problem };
}
