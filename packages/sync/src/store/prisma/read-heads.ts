import type { Db } from '@markco/db/client';
import type { DocumentHead } from '../document-store.ts';

// More would make one statement hold a connection for long.
const AT_ONCE = 5_000;

/** SY18: what documents are at, without reading their state: one look at the index for each. Deleted ones are left out. */
export async function readHeads(db: Db, documentIds: readonly string[]): Promise<ReadonlyMap<string, DocumentHead>> {
  const heads = new Map<string, DocumentHead>();
  for (let at = 0; at < documentIds.length; at += AT_ONCE) {
    const rows = await db.$queryRaw<({ id: string } & DocumentHead)[]>`
      SELECT id::text, epoch, seq::float8 AS version FROM documents
      WHERE id = ANY(${documentIds.slice(at, at + AT_ONCE)}::uuid[]) AND deleted_at IS NULL`;
    for (const { id, epoch, version } of rows) heads.set(id, { epoch, version });
  }
  return heads;
}
