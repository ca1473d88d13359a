import type { Db } from '@markco/db/client';
import type { DocumentContent } from '../document-store.ts';

/**
 * SY9: text, hash and size beside the state. One statement a document, so that no more than one row is locked at a time. Postgres
 * texts cannot hold NUL: it is left out here, the state keeps it. The text that the first edit of a day (UTC) replaces stays as the
 * version `daily`.
 */
export async function saveContents(db: Db, contents: readonly DocumentContent[]): Promise<void> {
  for (const { ref, text, hash } of contents) {
    const stored = text.includes('\0') ? text.replaceAll('\0', '') : text;
    const size = Buffer.byteLength(text);
    await db.$executeRaw`
      WITH kept AS (
        INSERT INTO document_versions (id, document_id, kind, day, epoch, sha256, content_text, size)
        SELECT gen_random_uuid(), d.id, 'daily', (now() AT TIME ZONE 'UTC')::date, d.epoch, d.content_hash, d.content_text, d.size
        FROM documents d
        WHERE d.id = ${ref.documentId}::uuid AND d.size > 0 AND d.content_hash <> ${hash} AND NOT EXISTS (
          SELECT 1 FROM document_versions v WHERE v.document_id = d.id AND v.day = (now() AT TIME ZONE 'UTC')::date)
        ON CONFLICT (document_id, day) DO NOTHING
      )
      UPDATE documents SET content_text = ${stored}, content_hash = ${hash}, size = ${size}, updated_at = now()
      WHERE id = ${ref.documentId}::uuid`;
  }
}
