import type { FileStore } from '../../file-store/file-store.ts';
import type { Log } from '../../log.ts';
import { DeadlineExceeded, withDeadline } from '../../with-deadline.ts';
import { DocumentGone } from '../document-gone.ts';
import type {
  CompactionResult,
  DocumentContent,
  DocumentRef,
  DocumentStore,
  LoadedDocument,
  LocatedDocument,
  UpdateBatch,
  VersionStore,
} from '../document-store.ts';
import { catchUp } from './catch-up.ts';
import { FileNames } from './file-names.ts';
import { Follower, type FollowerOptions } from './follower.ts';
import type { ModeMetrics } from './mode-metrics.ts';
import type { ModeSource } from './mode-source.ts';
import { TwoCopies } from './two-copies.ts';
import { versionsOf } from './versions-of.ts';
import type { WorkspaceFiles } from './workspace-files.ts';

export interface ModeStoreOptions {
  readonly modes: ModeSource;
  readonly postgres: DocumentStore;
  readonly files: WorkspaceFiles;
  readonly metrics: ModeMetrics;
  readonly log: Log;
  /** How long `legacy` and `mirror` wait for Postgres when they load a document they have served before, ms. */
  readonly peekMs?: number;
  /** How often at most a document's two copies are compared, ms. */
  readonly verifyEveryMs?: number;
  /** How long closing waits for the second store, ms. */
  readonly drainMs?: number;
  /** Of the followers; see there. */
  readonly following?: Pick<FollowerOptions, 'timeoutMs' | 'maxDocumentBytes' | 'maxBytes' | 'retryMs'>;
}

const TELL_MS = 5_000;

/**
 * SY12: two stores as one. `legacy`: the files are the truth; Postgres is read when it is there. `mirror`: the files first, Postgres in the
 * background. `relay_primary`: Postgres first, the files in the background. Every load finds and merges what the other one has, so that the
 * mode can change at any moment, for everyone or for one person.
 */
export class ModeStore implements DocumentStore {
  readonly kind: string;
  readonly #options: Required<Omit<ModeStoreOptions, 'following'>>;
  readonly #toPostgres: Follower;
  readonly #toFiles: Follower;
  /** Outside edits on their way into Postgres, where that is the first store. */
  readonly #inbound: Follower;
  readonly #names: FileNames;
  readonly #copies: TwoCopies;
  readonly #refs = new Map<string, DocumentRef>();
  readonly #listeners = new Set<(documentId: string, update: Uint8Array) => void>();
  readonly #verifiedAt = new Map<string, number>();
  readonly #untold = new Map<string, DocumentContent>();
  readonly versions?: VersionStore;
  readonly #ready: Promise<void>;
  readonly #stops: (() => void)[] = [];
  #looking: Promise<void> = Promise.resolve();
  #closed = false;

  constructor({ following, ...options }: ModeStoreOptions) {
    const { modes, postgres, files, metrics, log } = options;
    this.kind = modes.global();
    this.#options = { peekMs: 2_000, verifyEveryMs: 30_000, drainMs: 3_000, ...options };
    this.#names = new FileNames({ postgres, files, log });
    this.#copies = new TwoCopies({ postgres, files, names: this.#names, onFresh: (id, update) => this.#show(id, update) });
    if (postgres.versions) this.versions = versionsOf(postgres.versions, (id) => this.#textAhead(id));
    const both = { ...following, repair: (ref: DocumentRef) => this.#bringTogether(ref), metrics, log };
    const postgresSide = { ...both, name: 'postgres', ping: () => postgres.ping() };
    this.#toPostgres = new Follower({
      ...postgresSide,
      append: (batches) => postgres.append(batches),
      caughtUp: (ref) => this.#verifySoon(ref),
    });
    this.#inbound = new Follower({ ...postgresSide, append: (batches) => this.#takeOutside(batches) });
    this.#toFiles = new Follower({
      ...both,
      name: 'files',
      ping: async () => (await files.store()).ping(),
      append: (batches) => files.append(batches),
    });
    files.onOpened((dir) => this.#names.followFolder(dir));
    this.#stops.push(modes.onChange(() => this.#modeChanged()));
    this.#ready = files.store().then((store) => {
      this.#stops.push(store.onExternalUpdate((id, update) => this.#onOutsideEdit(store, id, update)));
      this.#lookForWork();
    });
    // Told again by the first call that needs the files.
    this.#ready.catch(() => undefined);
  }

  async load(documentId: string): Promise<LoadedDocument | null> {
    await this.#ready;
    const known = this.#refs.get(documentId);
    const needed = !known || this.#modeOf(known) === 'relay_primary';
    let found: LoadedDocument | null;
    try {
      found = await (needed
        ? this.#options.postgres.load(documentId)
        : withDeadline(this.#options.postgres.load(documentId), this.#options.peekMs));
    } catch (error) {
      // Where its files are is in Postgres: a document not opened since the start can't be found without it.
      if (needed) throw error;
      return this.#loadAlone(known, error);
    }
    if (found) return this.#loadBoth(found);
    await this.#forget(documentId);
    return null;
  }

  async append(batches: readonly UpdateBatch[]): Promise<void> {
    const primary = batches.filter(({ ref }) => this.#modeOf(ref) === 'relay_primary');
    const filed = batches.filter(({ ref }) => this.#modeOf(ref) !== 'relay_primary');
    const mirrored = filed.filter(({ ref }) => this.#modeOf(ref) === 'mirror');
    if (primary.length > 0) {
      await this.#options.postgres.append(primary);
      this.#toFiles.push(primary);
    }
    if (filed.length > 0) await this.#appendToFiles(filed);
    this.#toPostgres.push(mirrored);
  }

  async saveContent(contents: readonly DocumentContent[]): Promise<void> {
    const { postgres, files } = this.#options;
    this.#copies.noteTold(contents);
    const primary = contents.filter(({ ref }) => this.#modeOf(ref) === 'relay_primary');
    const filed = contents.filter(({ ref }) => this.#modeOf(ref) !== 'relay_primary');
    if (primary.length > 0) await postgres.saveContent(primary);
    await (await files.store()).saveContent(filed);
    await this.#tellPostgres(filed);
    await this.#noteAgreed(contents.filter(({ ref }) => this.#modeOf(ref) !== 'legacy'));
  }

  async compact(documentId: string): Promise<CompactionResult> {
    const { postgres, files } = this.#options;
    const known = this.#refs.get(documentId);
    const mode = known ? this.#modeOf(known) : 'relay_primary';
    const inFiles = files.store().then((store) => store.compact(documentId));
    if (mode === 'legacy') return inFiles;
    const inPostgres = postgres.compact(documentId);
    const [first, second] = mode === 'mirror' ? [inFiles, inPostgres] : [inPostgres, inFiles];
    const [result] = await Promise.all([first, second.catch(() => undefined)]);
    return result;
  }

  locate(documentIds: readonly string[]): Promise<ReadonlyMap<string, LocatedDocument>> {
    return this.#options.postgres.locate?.(documentIds) ?? Promise.resolve(new Map());
  }

  async follow(documentId: string): Promise<void> {
    await this.#ready;
    const located = await this.#names.follow(documentId);
    if (located?.deleted) this.#refs.delete(documentId);
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
    const { modes, postgres, files } = this.#options;
    await this.#ready;
    if (modes.global() !== 'relay_primary') await (await files.store()).ping();
    if (modes.global() !== 'legacy') await postgres.ping();
  }

  async close(): Promise<void> {
    const { files, postgres } = this.#options;
    this.#closed = true;
    for (const stop of this.#stops) stop();
    await this.#looking;
    await (await files.store()).settled();
    await this.drained(this.#options.drainMs);
    await Promise.all([this.#inbound.stop(), this.#toPostgres.stop(), this.#toFiles.stop()]);
    await this.#copies.close();
    await files.close();
    await postgres.close();
  }

  /** Resolves with true when the second store has everything, or with false after the deadline. */
  async drained(deadlineMs: number): Promise<boolean> {
    const done = await Promise.all([this.#inbound, this.#toPostgres, this.#toFiles].map((follower) => follower.drain(deadlineMs)));
    return done.every(Boolean);
  }

  /** Compares the two copies; a difference is counted, logged and repaired. True where they were the same. */
  async verify(ref: DocumentRef): Promise<boolean> {
    const { metrics, log } = this.#options;
    if (await this.#copies.areSame(ref, () => this.#isBusy(ref))) return true;
    metrics.mismatch();
    log.error({ document_id: ref.documentId, reason: 'mirror_mismatch' }, 'The two copies of a document differ; they are merged now.');
    await this.#bringTogether(ref);
    return false;
  }

  #modeOf(ref: DocumentRef) {
    return this.#options.modes.of(ref.userId);
  }

  #isBusy({ documentId }: DocumentRef): boolean {
    return this.#toPostgres.owes(documentId) || this.#toFiles.owes(documentId) || this.#inbound.owes(documentId);
  }

  /** The text where the files are the first store, null where Postgres is. */
  async #textAhead(documentId: string): Promise<string | null> {
    const ref = this.#refs.get(documentId);
    if (!ref || this.#modeOf(ref) === 'relay_primary') return null;
    return (await this.#options.files.open(ref)).text(documentId);
  }

  /** Postgres is away, and the files have the document. */
  async #loadAlone(ref: DocumentRef, error: unknown): Promise<LoadedDocument | null> {
    const err = error instanceof DeadlineExceeded ? 'it did not answer in time' : (error as Error).message;
    this.#options.log.warn({ document_id: ref.documentId, err }, 'Postgres could not be looked at; the document is served from its file.');
    if (this.#modeOf(ref) === 'mirror') this.#toPostgres.repairLater(ref);
    return this.#options.files.load(ref);
  }

  async #loadBoth(found: LoadedDocument): Promise<LoadedDocument | null> {
    const { ref } = found;
    try {
      const merged = await this.#copies.merge(found, this.#modeOf(ref) !== 'legacy');
      this.#refs.set(ref.documentId, ref);
      return merged && { ...merged, contentHash: found.contentHash ?? null };
    } catch (error) {
      if (this.#modeOf(ref) !== 'relay_primary') throw error;
      this.#options.log.warn(
        { document_id: ref.documentId, err: (error as Error).message },
        'The file of a document could not be brought up to date; Postgres has it.',
      );
      this.#refs.set(ref.documentId, ref);
      this.#toFiles.repairLater(ref);
      return found;
    }
  }

  /** The row is gone or in the bin. */
  async #forget(documentId: string): Promise<void> {
    this.#refs.delete(documentId);
    await this.#names.follow(documentId).catch((error: Error) => {
      this.#options.log.warn({ document_id: documentId, err: error.message }, 'The file of a deleted document could not be put away.');
    });
  }

  async #appendToFiles(batches: readonly UpdateBatch[]): Promise<void> {
    const { files, postgres } = this.#options;
    try {
      await files.append(batches);
    } catch (error) {
      if (!(error instanceof DocumentGone)) throw error;
      // The mode changed before its file was there: only the row says whether it is gone.
      const gone: string[] = [];
      for (const id of error.documentIds) {
        const found = await postgres.load(id);
        if (found) await this.#copies.merge(found, false);
        else gone.push(id);
      }
      if (gone.length > 0) throw new DocumentGone(gone);
      await files.append(batches);
    }
  }

  /** The listing's columns (hash, size, time) are Postgres' in every mode; while it is away they are behind, and nothing else is. */
  async #tellPostgres(contents: readonly DocumentContent[]): Promise<void> {
    if (contents.length === 0) return;
    for (const content of contents) this.#untold.set(content.ref.documentId, content);
    const all = [...this.#untold.values()];
    try {
      await withDeadline(this.#options.postgres.saveContent(all), TELL_MS);
      for (const content of all) if (this.#untold.get(content.ref.documentId) === content) this.#untold.delete(content.ref.documentId);
    } catch (error) {
      this.#options.log.warn({ err: (error as Error).message }, 'Postgres could not be told the text of documents; the files have it.');
    }
  }

  async #bringTogether(ref: DocumentRef): Promise<void> {
    await this.#copies.bringTogether(ref, this.#modeOf(ref) !== 'legacy');
  }

  #onOutsideEdit(store: FileStore, documentId: string, update: Uint8Array): void {
    const ref = this.#refs.get(documentId) ?? store.refOf(documentId);
    if (!ref) return;
    const mode = this.#modeOf(ref);
    // Shown when Postgres has it.
    if (mode === 'relay_primary') {
      this.#inbound.push([{ ref, updates: [update] }]);
      return;
    }
    if (mode === 'mirror') this.#toPostgres.push([{ ref, updates: [update] }]);
    this.#show(documentId, update);
  }

  async #takeOutside(batches: readonly UpdateBatch[]): Promise<void> {
    await this.#options.postgres.append(batches);
    for (const { ref, updates } of batches) for (const update of updates) this.#show(ref.documentId, update);
  }

  #show(documentId: string, update: Uint8Array): void {
    for (const listener of [...this.#listeners]) listener(documentId, update);
  }

  /** The text both stores have: what a later merge by text starts from (FB4). */
  async #noteAgreed(contents: readonly DocumentContent[]): Promise<void> {
    const store = await this.#options.files.store();
    for (const { ref, text } of contents) {
      if (store.meta(ref.documentId) && !this.#isBusy(ref)) await store.markAgreed(ref.documentId, text).catch(() => false);
    }
  }

  #verifySoon(ref: DocumentRef): void {
    const last = this.#verifiedAt.get(ref.documentId) ?? 0;
    if (Date.now() - last < this.#options.verifyEveryMs || this.#closed || this.#modeOf(ref) !== 'mirror') return;
    this.#verifiedAt.set(ref.documentId, Date.now());
    this.verify(ref).catch((error: Error) => {
      if (!this.#closed)
        this.#options.log.warn({ document_id: ref.documentId, err: error.message }, 'The two copies of a document could not be compared.');
    });
  }

  /** OP1: another mode holds for some. Open documents get what the other store has, and what an earlier mode left is looked for. */
  #modeChanged(): void {
    for (const ref of this.#refs.values()) this.#toPostgres.repairLater(ref);
    this.#lookForWork();
  }

  #lookForWork(): void {
    this.#looking = this.#looking
      .then(() =>
        catchUp({
          ...this.#options,
          isClosed: () => this.#closed,
          repair: (ref) => this.#toPostgres.repairLater(ref),
        }),
      )
      .catch((error: Error) => {
        this.#options.log.warn(
          { err: error.message },
          'What an earlier mode left in the files could not be looked for; each document is looked at when it is opened.',
        );
      });
  }
}
