import type { Db } from '@markco/db/client';

/** Removes at most `limit` dailies and points from before `before`; what another process removes just now is left to it. Returns how many went. */
export function expireVersions(db: Db, before: Date, limit: number): Promise<number> {
  return db.$executeRaw`
    DELETE FROM document_versions WHERE id IN (
      SELECT id FROM document_versions WHERE kind IN ('daily', 'point') AND created_at < ${before}
      ORDER BY created_at LIMIT ${limit}::int FOR UPDATE SKIP LOCKED)`;
}
