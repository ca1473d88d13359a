import type { SyncMode } from '@markco/core/flags';
import type { Log } from '../../log.ts';
import { DeadlineExceeded, withDeadline } from '../../with-deadline.ts';
import type { CompactionResult, DocumentContent, DocumentRef, DocumentStore, LoadedDocument, UpdateBatch } from '../document-store.ts';
import { missingFrom, wholeState } from './document-states.ts';
import { Follower } from './follower.ts';
import type { ModeMetrics } from './mode-metrics.ts';
import type { WorkspaceFiles } from './workspace-files.ts';

export interface ModeStoreOptions {
  readonly mode: SyncMode;
  readonly postgres: DocumentStore;
  readonly files: WorkspaceFiles;
  readonly metrics: ModeMetrics;
  readonly log: Log;
  /** How long `legacy` waits for Postgres when it loads a document, ms. */
  readonly peekMs?: number;
  /** How often at most a document's two copies are compared, ms. */
  readonly verifyEveryMs?: number;
}

const DRAIN_MS = 3_000;

/**
 * SY12: two stores as one. `legacy`: the files are the truth; Postgres is read when it is there. `mirror`: the files first, Postgres in the
 * background. `relay_primary`: Postgres first, the files in the background. Every load finds and merges what the other one has, so that the
 * mode can change at any moment.
 */
export class ModeStore implements DocumentStore {
  readonly kind: string;
  readonly #options: ModeStoreOptions;
  readonly #follower: Follower | null;
  /** Outside edits on their way into Postgres, where that is the first store. */
  readonly #inbound: Follower | null;
  readonly #refs = new Map<string, DocumentRef>();
  readonly #listeners = new Set<(documentId: string, update: Uint8Array) => void>();
  readonly #verifiedAt = new Map<string, number>();
  readonly #ready: Promise<void>;

  constructor(options: ModeStoreOptions) {
    const { mode, postgres, files, metrics, log } = options;
    this.kind = mode;
    this.#options = options;
    const repair = (ref: DocumentRef) => this.#bringTogether(ref);
    const toPostgres = { name: 'postgres', append: (batches: readonly UpdateBatch[]) => postgres.append(batches), repair, log };
    const toFiles = {
      name: 'files',
      append: async (batches: readonly UpdateBatch[]) => (await files.store()).append(batches),
      repair,
      log,
    };
    this.#follower =
      mode === 'mirror'
        ? new Follower({ ...toPostgres, metrics, caughtUp: (ref) => this.#verifySoon(ref) })
        : mode === 'relay_primary'
          ? new Follower({ ...toFiles, metrics: null })
          : null;
    this.#inbound =
      mode === 'relay_primary' ? new Follower({ ...toPostgres, append: (batches) => this.#takeOutside(batches), metrics: null }) : null;
    this.#ready = files.store().then((store) => {
      store.onExternalUpdate((id, update) => this.#onOutsideEdit(id, update));
    });
    // Told again by the first call that needs the files.
    this.#ready.catch(() => undefined);
  }

  async load(documentId: string): Promise<LoadedDocument | null> {
    await this.#ready;
    return this.#options.mode === 'legacy' ? this.#loadLegacy(documentId) : this.#loadBoth(documentId);
  }

  async append(batches: readonly UpdateBatch[]): Promise<void> {
    const { mode, postgres, files } = this.#options;
    if (mode === 'relay_primary') await postgres.append(batches);
    else await (await files.store()).append(batches);
    this.#follower?.push(batches);
  }

  async saveContent(contents: readonly DocumentContent[]): Promise<void> {
    const { mode, postgres, files } = this.#options;
    const store = await files.store();
    if (mode === 'relay_primary') {
      await postgres.saveContent(contents);
      await this.#noteAgreed(contents);
      return;
    }
    await store.saveContent(contents);
    // The listing's columns (hash, size, time) are Postgres' in every mode; while it is away they are behind, and nothing else is.
    await postgres.saveContent(contents).then(
      () => (mode === 'mirror' ? this.#noteAgreed(contents) : undefined),
      (error: Error) =>
        this.#options.log.warn({ err: error.message }, 'Postgres could not be told the text of documents; the files have it.'),
    );
  }

  async compact(documentId: string): Promise<CompactionResult> {
    const { mode, postgres, files } = this.#options;
    const inFiles = (await files.store()).compact(documentId);
    if (mode === 'legacy') return inFiles;
    const [first] = await Promise.all(
      mode === 'mirror' ? [inFiles, postgres.compact(documentId).catch(() => undefined)] : [postgres.compact(documentId), inFiles],
    );
    return first;
  }

  onExternalUpdate(listener: (documentId: string, update: Uint8Array) => void): () => void {
    this.#listeners.add(listener);
    const stop = this.#options.postgres.onExternalUpdate?.(listener);
    return () => {
      this.#listeners.delete(listener);
      stop?.();
    };
  }

  async ping(): Promise<void> {
    const { mode, postgres, files } = this.#options;
    await this.#ready;
    if (mode !== 'relay_primary') await (await files.store()).ping();
    if (mode !== 'legacy') await postgres.ping();
  }

  async close(): Promise<void> {
    const { files, postgres } = this.#options;
    await (await files.store()).settled();
    await this.#inbound?.drain(DRAIN_MS);
    await this.#follower?.drain(DRAIN_MS);
    await Promise.all([this.#inbound?.stop(), this.#follower?.stop()]);
    await files.close();
    await postgres.close();
  }

  /** Resolves when the second store has everything, or with false after the deadline. */
  async drained(deadlineMs: number): Promise<boolean> {
    await this.#inbound?.drain(deadlineMs);
    return (await this.#follower?.drain(deadlineMs)) ?? true;
  }

  /** The files decide; Postgres is looked at where it answers, as an earlier mode may have left something there. */
  async #loadLegacy(documentId: string): Promise<LoadedDocument | null> {
    const { postgres, files, log, peekMs = 2_000 } = this.#options;
    const known = this.#refs.get(documentId) ?? null;
    let found: LoadedDocument | null;
    try {
      found = await withDeadline(postgres.load(documentId), peekMs);
    } catch (error) {
      // Where the files are is in Postgres: a document not opened since the start can't be found without it.
      if (!known) throw error;
      const why = error instanceof DeadlineExceeded ? 'it did not answer in time' : (error as Error).message;
      log.warn({ document_id: documentId, err: why }, 'Postgres could not be looked at; the document is served from its file.');
      return files.load(known);
    }
    if (!found) return null;
    await this.#takeInto(found);
    return this.#served(found, await files.load(found.ref));
  }

  async #loadBoth(documentId: string): Promise<LoadedDocument | null> {
    const { mode, postgres, files, log } = this.#options;
    const found = await postgres.load(documentId).catch((error: unknown) => {
      const ref = this.#refs.get(documentId);
      if (mode !== 'mirror' || !ref) throw error;
      this.#follower!.repairLater(ref);
      return ref;
    });
    if (!found) return null;
    if (!('ref' in found)) return files.load(found);
    try {
      return this.#served(found, await this.#merge(found));
    } catch (error) {
      if (mode !== 'relay_primary') throw error;
      log.warn(
        { document_id: documentId, err: (error as Error).message },
        'The file of a document could not be brought up to date; Postgres has it.',
      );
      this.#follower!.repairLater(found.ref);
      return this.#served(found, found);
    }
  }

  #served({ ref, contentHash }: LoadedDocument, loaded: LoadedDocument | null): LoadedDocument | null {
    this.#refs.set(ref.documentId, ref);
    return loaded && { ...loaded, ref, contentHash };
  }

  async #takeInto(found: LoadedDocument): Promise<void> {
    await this.#options.files.takeIn(found);
  }

  /** Both stores have everything of both when it resolves. */
  async #merge(found: LoadedDocument): Promise<LoadedDocument | null> {
    const { files, postgres } = this.#options;
    // The file's own outside edits first, so that they reach Postgres with the rest.
    await files.load(found.ref);
    await this.#takeInto(found);
    const merged = await files.load(found.ref);
    if (!merged) return null;
    const missing = missingFrom(wholeState(found), wholeState(merged));
    if (missing) await postgres.append([{ ref: found.ref, updates: [missing] }]);
    return merged;
  }

  async #bringTogether(ref: DocumentRef): Promise<void> {
    const found = await this.#options.postgres.load(ref.documentId);
    // Deleted meanwhile: nothing to bring over.
    if (found) await this.#merge(found);
  }

  #onOutsideEdit(documentId: string, update: Uint8Array): void {
    const ref = this.#refs.get(documentId);
    if (!ref) return;
    if (this.#inbound) {
      this.#inbound.push([{ ref, updates: [update] }]);
      return;
    }
    this.#follower?.push([{ ref, updates: [update] }]);
    for (const listener of [...this.#listeners]) listener(documentId, update);
  }

  /** In `relay_primary` an outside edit is shown when Postgres has it. */
  async #takeOutside(batches: readonly UpdateBatch[]): Promise<void> {
    await this.#options.postgres.append(batches);
    for (const { ref, updates } of batches)
      for (const update of updates) for (const listener of [...this.#listeners]) listener(ref.documentId, update);
  }

  /** The text both stores have: what a later merge by text starts from (FB4). */
  async #noteAgreed(contents: readonly DocumentContent[]): Promise<void> {
    const store = await this.#options.files.store();
    for (const { ref, text } of contents) {
      if (store.meta(ref.documentId) && !this.#follower?.owes(ref.documentId))
        await store.markAgreed(ref.documentId, text).catch(() => false);
    }
  }

  #verifySoon(ref: DocumentRef): void {
    const last = this.#verifiedAt.get(ref.documentId) ?? 0;
    if (Date.now() - last < (this.#options.verifyEveryMs ?? 30_000)) return;
    this.#verifiedAt.set(ref.documentId, Date.now());
    this.verify(ref).catch((error: Error) =>
      this.#options.log.warn({ document_id: ref.documentId, err: error.message }, 'The two copies of a document could not be compared.'),
    );
  }

  /** Compares the two copies; a difference is counted, logged and repaired. True where they were the same. */
  async verify(ref: DocumentRef): Promise<boolean> {
    const { postgres, files, metrics, log } = this.#options;
    const [there, here] = [await postgres.load(ref.documentId), await files.load(ref)];
    // Edits that come between the two reads are on their way, not missing.
    if (!there || !here || this.#follower?.owes(ref.documentId)) return true;
    const [a, b] = [wholeState(there), wholeState(here)];
    if (there.epoch === here.epoch && !missingFrom(a, b) && !missingFrom(b, a)) return true;
    metrics.mismatch();
    log.error({ document_id: ref.documentId, reason: 'mirror_mismatch' }, 'The two copies of a document differ; they are merged now.');
    await this.#bringTogether(ref);
    return false;
  }
}
