import { DocumentGone } from './document-gone.ts';
import type {
  CompactionResult,
  DocumentContent,
  DocumentHead,
  DocumentRef,
  DocumentStore,
  DocumentVersions,
  LoadedDocument,
  LocatedDocument,
  UpdateBatch,
} from './document-store.ts';
import { foldLog } from './fold-log.mjs';
import { MemoryVersions } from './memory-versions.ts';

interface Row {
  ref: DocumentRef;
  epoch: string;
  snapshot: Uint8Array | null;
  updates: Uint8Array[];
  version: number;
  text: string;
  hash: string;
  deleted: boolean;
}

/** A store in memory, for tests: documents must be created before they are loaded, as in every other store. */
export class MemoryStore implements DocumentStore {
  readonly kind = 'memory';
  readonly rows = new Map<string, Row>();
  readonly versions = new MemoryVersions((id) => {
    const row = this.rows.get(id);
    return row ? foldLog(row.snapshot, row.updates).text : null;
  });

  /** Makes a document with this history (V1 updates). */
  create(ref: DocumentRef, updates: readonly Uint8Array[] = [], epoch = 'epoch-1'): void {
    const row = { ref, epoch, snapshot: null, updates: [...updates], version: updates.length, text: '', hash: '', deleted: false };
    this.rows.set(ref.documentId, row);
  }

  async load(documentId: string): Promise<LoadedDocument | null> {
    const row = this.rows.get(documentId);
    if (!row || row.deleted) return null;
    const { ref, epoch, snapshot, updates, version, hash } = row;
    return { ref, epoch, snapshot, updates: [...updates], version, contentHash: hash };
  }

  async append(batches: readonly UpdateBatch[]): Promise<DocumentVersions> {
    const gone = batches.map(({ ref }) => ref.documentId).filter((id) => !this.rows.has(id));
    if (gone.length > 0) throw new DocumentGone(gone);
    const versions = new Map<string, number>();
    for (const { ref, updates } of batches) {
      const row = this.rows.get(ref.documentId)!;
      row.updates.push(...updates.map((update) => update.slice()));
      row.version += updates.length;
      versions.set(ref.documentId, row.version);
    }
    return versions;
  }

  async heads(documentIds: readonly string[]): Promise<ReadonlyMap<string, DocumentHead>> {
    const known = documentIds.map((id) => this.rows.get(id)).filter((row) => row !== undefined);
    const there = known.filter(({ deleted }) => !deleted);
    return new Map(there.map(({ ref, epoch, version }) => [ref.documentId, { epoch, version }]));
  }

  async saveContent(contents: readonly DocumentContent[]): Promise<void> {
    for (const { ref, text, hash } of contents) {
      const row = this.rows.get(ref.documentId);
      if (row) Object.assign(row, { text, hash });
    }
  }

  async compact(documentId: string): Promise<CompactionResult> {
    const row = this.rows.get(documentId);
    if (!row || row.updates.length === 0) return { compacted: false, rows: 0, bytes: 0 };
    const read = row.updates.length;
    const bytes = row.updates.reduce((sum, update) => sum + update.length, 0);
    const { snapshot, gaps } = foldLog(row.snapshot, row.updates);
    row.snapshot = snapshot;
    row.updates.splice(0, read, ...(gaps ? [gaps] : []));
    return { compacted: true, rows: read, bytes };
  }

  async locate(documentIds: readonly string[]): Promise<ReadonlyMap<string, LocatedDocument>> {
    const rows = documentIds.flatMap((id) => this.rows.get(id) ?? []);
    return new Map(rows.map(({ ref, deleted }) => [ref.documentId, { ref, deleted }]));
  }

  async ping(): Promise<void> {}

  async close(): Promise<void> {}
}
