import { byteaArray, uuidArray } from '@markco/db/binary-array';
import type { Db } from '@markco/db/client';
import type { Statement, StatementLane } from '@markco/db/statement-lane';
import { DocumentGone } from '../document-gone.ts';
import type { DocumentVersions, UpdateBatch } from '../document-store.ts';
import { sqlState } from './sql-state.ts';

const APPEND: Statement = {
  name: 'append_updates',
  text: `
    WITH input AS MATERIALIZED (
      SELECT document_id, bytes, ord FROM unnest($1::uuid[], $2::bytea[]) WITH ORDINALITY AS t(document_id, bytes, ord)
    ), totals AS MATERIALIZED (
      SELECT document_id, count(*)::int AS rows, sum(length(bytes))::int AS bytes FROM input GROUP BY document_id
    ), locked AS MATERIALIZED (
      SELECT d.id, t.rows, t.bytes FROM documents d JOIN totals t ON t.document_id = d.id ORDER BY d.id FOR NO KEY UPDATE OF d
    ), counted AS (
      UPDATE documents d
      SET seq = d.seq + l.rows, log_rows = d.log_rows + l.rows, log_bytes = d.log_bytes + l.bytes, updated_at = now()
      FROM locked l WHERE d.id = l.id RETURNING d.id, d.seq
    ), inserted AS (
      INSERT INTO document_updates (document_id, bytes) SELECT document_id, bytes FROM input ORDER BY ord
    )
    SELECT id::text, seq::float8 AS version FROM counted`,
};

/**
 * SY4: all updates of all documents in one statement. Rows are locked in the order of their ids, so that two writers cannot
 * lock each other out. Resolves with the documents' versions. Rejects with {@link DocumentGone} where a document's row no longer exists; nothing is stored then.
 */
export async function appendUpdates(lane: StatementLane, db: Db, batches: readonly UpdateBatch[]): Promise<DocumentVersions> {
  const ids: string[] = [];
  const updates: Uint8Array[] = [];
  for (const batch of batches) {
    for (const update of batch.updates) {
      ids.push(batch.ref.documentId);
      updates.push(update);
    }
  }
  if (ids.length === 0) return new Map();
  try {
    const rows = await lane.run<{ id: string; version: number }>(APPEND, [uuidArray(ids), byteaArray(updates)]);
    return new Map(rows.map(({ id, version }) => [id, version]));
  } catch (error) {
    // A foreign key: some document is no more.
    if (sqlState(error) !== '23503') throw error;
    throw new DocumentGone(await missing(db, [...new Set(ids)]));
  }
}

async function missing(db: Db, ids: readonly string[]): Promise<string[]> {
  const found = await db.document.findMany({ where: { id: { in: [...ids] } }, select: { id: true } });
  const known = new Set(found.map(({ id }) => id));
  return ids.filter((id) => !known.has(id));
}
