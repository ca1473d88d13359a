import type { Db } from '@markco/db/client';
import { StatementLane } from '@markco/db/statement-lane';
import { GroupLookup } from '../group-lookup.ts';
import type { Log } from '../log.ts';
import type {
  CompactionResult,
  DocumentContent,
  DocumentHead,
  DocumentStore,
  DocumentVersions,
  LoadedDocument,
  LocatedDocument,
  UpdateBatch,
} from './document-store.ts';
import { FoldThread } from './fold-thread.ts';
import { appendUpdates } from './prisma/append-updates.ts';
import { compactDocument } from './prisma/compact-document.ts';
import { locateDocuments } from './prisma/locate-documents.ts';
import { PrismaVersions } from './prisma/prisma-versions.ts';
import { readHeads } from './prisma/read-heads.ts';
import { readReadyState, readSmallStates, readState, type StoredState } from './prisma/read-state.ts';
import { saveContents } from './prisma/save-contents.ts';

const LOADS_AT_ONCE = 64;

/** SY9: documents in Postgres: a snapshot, and a log of the updates since. The database stays the caller's to close. */
export class PrismaStore implements DocumentStore {
  readonly kind = 'prisma';
  readonly #db: Db;
  readonly #log: Log;
  readonly #thread = new FoldThread();
  readonly versions: PrismaVersions;
  /** Appends have a connection of their own: nothing else makes them wait. */
  readonly #appends: StatementLane;
  readonly #contents: StatementLane;
  readonly #loads: StatementLane;
  readonly #largeLoads: StatementLane;
  readonly #small: GroupLookup<StoredState>;

  constructor(db: Db, log: Log) {
    this.#db = db;
    this.#log = log;
    this.versions = new PrismaVersions(db, (snapshot, updates) => this.#thread.fold(snapshot, updates));
    this.#appends = new StatementLane(db);
    this.#contents = new StatementLane(db);
    this.#loads = new StatementLane(db);
    this.#largeLoads = new StatementLane(db);
    this.#small = new GroupLookup((ids) => readSmallStates(this.#loads, ids), LOADS_AT_ONCE);
  }

  async load(documentId: string): Promise<LoadedDocument | null> {
    return this.#loaded((await this.#small.get(documentId)) ?? (await readState(this.#db, documentId)));
  }

  /** SY16. Large documents come as they are sent, where they were folded so. */
  async loadReady(documentId: string): Promise<LoadedDocument | null> {
    const small = await this.#small.get(documentId);
    if (small) return this.#loaded(small);
    const large = await readReadyState(this.#largeLoads, documentId);
    if (!large) return this.#loaded(await readState(this.#db, documentId));
    const { ref, epoch, version, rows, contentHash, ready } = large;
    return { ref, epoch, version, snapshot: null, contentHash, updates: rows.map(({ update }) => update), ready };
  }

  #loaded(state: StoredState | null): LoadedDocument | null {
    if (!state) return null;
    if (state.repaired) {
      this.#log.error(
        { document_id: state.ref.documentId, reason: 'checksum' },
        'A snapshot was damaged; the one before it and its log were used. The next compaction repairs it.',
      );
    }
    const { ref, epoch, version, snapshot, replay, rows, contentHash } = state;
    return { ref, epoch, version, snapshot, contentHash, updates: [...replay, ...rows.map(({ update }) => update)] };
  }

  append(batches: readonly UpdateBatch[]): Promise<DocumentVersions> {
    return appendUpdates(this.#appends, this.#db, batches);
  }

  heads(documentIds: readonly string[]): Promise<ReadonlyMap<string, DocumentHead>> {
    return readHeads(this.#db, documentIds);
  }

  saveContent(contents: readonly DocumentContent[]): Promise<void> {
    return saveContents(this.#contents, contents);
  }

  compact(documentId: string): Promise<CompactionResult> {
    return compactDocument(this.#db, documentId, (snapshot, updates) => this.#thread.fold(snapshot, updates));
  }

  locate(documentIds: readonly string[]): Promise<ReadonlyMap<string, LocatedDocument>> {
    return locateDocuments(this.#db, documentIds);
  }

  async ping(): Promise<void> {
    await this.#db.$queryRaw`SELECT 1`;
  }

  async close(): Promise<void> {
    await Promise.all([this.#thread.close(), this.#appends.close(), this.#contents.close(), this.#loads.close(), this.#largeLoads.close()]);
  }
}
