import type { UpdateBatch } from '../store/document-store.ts';

/** What one document's append gave: on disk, and to be confirmed or taken back. */
export interface Appended {
  commit(): void;
  rollback(): Promise<void>;
}

/**
 * SY4: appends batches to several documents, all or none: where one fails, the others are taken back. `append` writes the updates of one
 * document, with the batches they came in. Returns the documents' ids. Throws what the first failed append threw.
 */
export async function appendAll(
  batches: readonly UpdateBatch[],
  append: (documentId: string, updates: readonly Uint8Array[], batch: UpdateBatch) => Promise<Appended>,
): Promise<string[]> {
  const byId = new Map<string, { updates: Uint8Array[]; batch: UpdateBatch }>();
  for (const batch of batches) {
    const { updates: earlier = [] } = byId.get(batch.ref.documentId) ?? {};
    byId.set(batch.ref.documentId, { updates: [...earlier, ...batch.updates], batch });
  }
  // Always in the order of ids: two appends can then not wait for each other.
  const ids = [...byId.keys()].sort();
  const results = await Promise.allSettled(ids.map((id) => append(id, byId.get(id)!.updates, byId.get(id)!.batch)));
  const failed = results.find((result) => result.status === 'rejected');
  for (const result of results) {
    if (result.status !== 'fulfilled') continue;
    if (failed) await result.value.rollback();
    else result.value.commit();
  }
  if (failed) throw failed.reason;
  return ids;
}
