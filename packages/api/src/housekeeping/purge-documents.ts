import { BIN_DAYS } from '@markco/core/document/bin-days';
import type { Tx } from '@markco/db/client';
import { inTx } from '@markco/db/in-tx';
import type { Resources } from '../resources.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Documents of one transaction: their runs and events go with them. */
const BATCH = 20;

/**
 * Takes documents that have been in the bin for 30 days (or their project has) out of the database, with their state, versions, runs, events
 * and pictures nobody else shows. Any number of processes may do it: each takes other rows. Returns how many went.
 */
export async function purgeDocuments(resources: Resources): Promise<number> {
  const before = new Date(resources.clock.now().getTime() - BIN_DAYS * DAY_MS);
  let purged = 0;
  for (;;) {
    const count = await inTx(resources.db, (tx) => purgeBatch(tx, before), { timeoutMs: 60_000 });
    purged += count;
    if (count < BATCH) return purged;
  }
}

async function purgeBatch(tx: Tx, before: Date): Promise<number> {
  const found = await tx.$queryRaw<{ id: string }[]>`
    SELECT d.id FROM documents d JOIN projects p ON p.id = d.project_id
    WHERE d.deleted_at < ${before} OR p.deleted_at < ${before}
    ORDER BY d.id LIMIT ${BATCH}::int FOR UPDATE OF d SKIP LOCKED`;
  const ids = found.map(({ id }) => id);
  if (ids.length === 0) return 0;
  await purgeAssets(tx, ids);
  await tx.document.deleteMany({ where: { id: { in: ids } } });
  return ids.length;
}

/** Bytes are kept once a person: those that another document's text or another run's output names stay. */
async function purgeAssets(tx: Tx, documentIds: readonly string[]): Promise<void> {
  await tx.$executeRaw`
    DELETE FROM assets a USING runs r
    WHERE r.id = a.run_id AND r.document_id = ANY(${documentIds}::uuid[])
      AND NOT EXISTS (
        SELECT 1 FROM documents d WHERE d.user_id = a.user_id AND d.id <> ALL(${documentIds}::uuid[])
          AND position(a.sha256 IN d.content_text) > 0)
      AND NOT EXISTS (
        SELECT 1 FROM run_events e JOIN runs o ON o.id = e.run_id
        WHERE o.user_id = a.user_id AND o.document_id <> ALL(${documentIds}::uuid[]) AND e.kind = 'display'
          AND position(a.sha256 IN e.body::text) > 0)`;
}
