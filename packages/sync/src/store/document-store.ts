import type { VersionReason, VersionView } from '@markco/core/contract/versions';
import type { ReadyState } from './ready-state.ts';

/**
 * SY8: the one contract of every place document state is kept. Implementations: prisma, file, mirror (two of them
 * composed) and memory (tests); `document-store.contract.ts` is the suite all of them pass.
 */

/** Names a document in every store. `project` is the slug, `path` a parsed document path. */
export interface DocumentRef {
  readonly documentId: string;
  readonly userId: string;
  readonly projectId: string;
  readonly project: string;
  readonly path: string;
}

/** A document as loaded: apply `snapshot` (Yjs V2 encoding), then `updates` (V1) in order. */
export interface LoadedDocument {
  readonly ref: DocumentRef;
  readonly epoch: string;
  readonly snapshot: Uint8Array | null;
  readonly updates: readonly Uint8Array[];
  /** Hash of the text stored beside the state, where there is one: text that is behind is stored again (SY9). */
  readonly contentHash?: string | null;
  /** Where the store counts (SY18): how many updates of the document it ever took, all of which are in this state. */
  readonly version?: number;
  /** SY16: all of it, ready to be handed out; `snapshot` is null then, and `updates` are in it already. Only {@link DocumentStore.loadReady} gives it. */
  readonly ready?: ReadyState & {
    /** Bytes of the snapshot that was not loaded. */
    readonly snapshotBytes: number;
  };
}

/** Versions by document id, see {@link LoadedDocument.version}. */
export type DocumentVersions = ReadonlyMap<string, number>;

// biome-ignore lint/suspicious/noConfusingVoidType: most stores do not count, and their `append` just ends.
export type Appended = DocumentVersions | void;

/** What a document is at, without its state. */
export interface DocumentHead {
  readonly epoch: string;
  readonly version: number;
}

/** Updates (Yjs V1 encoding) of one document, in the order they came. */
export interface UpdateBatch {
  readonly ref: DocumentRef;
  readonly updates: readonly Uint8Array[];
}

/** Text as it stands now, stored beside the state for reading and search (SY9). `hash`: SHA-256 hex of the UTF-8 text. */
export interface DocumentContent {
  readonly ref: DocumentRef;
  readonly text: string;
  readonly hash: string;
  /** Where several processes store (SY18): the text has everything up to this version, and never replaces that of a later one or of another history. */
  readonly asOf?: DocumentHead;
}

/** What was read and may be folded into a snapshot: exactly those rows are deleted (SY10). */
export interface CompactionResult {
  readonly compacted: boolean;
  readonly rows: number;
  readonly bytes: number;
  /** The log was longer than what one compaction folds. */
  readonly more?: boolean;
}

/** A point to keep. `by`: who caused it, in words. `text`: what the document was; where it is left out, what is durable now. */
export interface VersionPoint {
  readonly reason: VersionReason;
  readonly by: string | null;
  readonly text?: string;
}

/** SY8, SY9: what documents were. Versions are texts: going back is an edit of the document, never another history. */
export interface VersionStore {
  /** The newest first; empty where there is no such document. */
  list(documentId: string): Promise<VersionView[]>;
  /** Null where the document has no such version. Rejects with an AppError where its bytes are damaged. */
  read(documentId: string, versionId: string): Promise<{ version: VersionView; text: string } | null>;
  /**
   * Durable when it resolves. The newest point is returned where it has that text already; null where the document does not exist.
   * Keeps to `MAX_POINTS` and `MAX_VERSION_BYTES` by dropping the oldest.
   */
  keep(documentId: string, point: VersionPoint): Promise<VersionView | null>;
}

/** A document as the row that names it has it. A deleted one can be restored; its `ref.path` is not to be used. */
export interface LocatedDocument {
  readonly ref: DocumentRef;
  readonly deleted: boolean;
}

export interface DocumentStore {
  /** Name for logs and metrics. */
  readonly kind: string;
  /** Null where the document does not exist or is deleted. Rejects where that cannot be known (SY6: never an empty state instead of an error). */
  load(documentId: string): Promise<LoadedDocument | null>;
  /** As {@link load}, for whoever shows the document before reading it (SY16): it may come as `ready`. Only where the store keeps that. */
  loadReady?(documentId: string): Promise<LoadedDocument | null>;
  /**
   * Resolves once all batches are durable together; rejects with none of them applied (SY4). A store that counts answers with each
   * document's version after its batch: the updates of the batch are the ones up to it.
   */
  append(batches: readonly UpdateBatch[]): Promise<Appended>;
  /** SY18: what these documents are at; those that do not exist are left out. Only where the store counts. */
  heads?(documentIds: readonly string[]): Promise<ReadonlyMap<string, DocumentHead>>;
  /** Follows an edit within 2 s (SY9). A projection to disk happens here in file stores. */
  saveContent(contents: readonly DocumentContent[]): Promise<void>;
  /** SY10. */
  compact(documentId: string): Promise<CompactionResult>;
  /** Which of the documents there are, and what they are called now. Unknown ids are left out. */
  locate?(documentIds: readonly string[]): Promise<ReadonlyMap<string, LocatedDocument>>;
  /**
   * SY12: the document was renamed, deleted or restored; copies kept elsewhere follow. Resolves when they have, rejects where they
   * could not: it is found again at the next load or start. Stores without copies have nothing to do.
   */
  follow?(documentId: string): Promise<void>;
  /** Changes a store learnt of by itself (a file edited on disk, another node): updates to apply to the open document. */
  onExternalUpdate?(listener: (documentId: string, update: Uint8Array) => void): () => void;
  /** Where this store keeps what documents were (SY9). */
  readonly versions?: VersionStore;
  /** OP4. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
