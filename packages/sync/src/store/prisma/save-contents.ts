import type { Db } from '@markco/db/client';
import type { DocumentContent } from '../document-store.ts';

/**
 * SY9: text, hash and size beside the state. One statement a document, so that no more than one row is locked at a time. Postgres
 * texts cannot hold NUL: it is left out here, the state keeps it.
 */
export async function saveContents(db: Db, contents: readonly DocumentContent[]): Promise<void> {
  for (const { ref, text, hash } of contents) {
    const stored = text.includes('\0') ? text.replaceAll('\0', '') : text;
    const size = Buffer.byteLength(text);
    await db.$executeRaw`
      UPDATE documents SET content_text = ${stored}, content_hash = ${hash}, size = ${size}, updated_at = now()
      WHERE id = ${ref.documentId}::uuid`;
  }
}
