import { createHash } from 'node:crypto';
import type { Db } from '@markco/db/client';
import { silentLog } from '@markco/sync/log';
import { buildDocument } from '@markco/sync/relay/document-state';
import { PrismaStore } from '@markco/sync/store/prisma-store';
import { until } from '@markco/testing/relay-harness';
import type * as Y from 'yjs';

/** A document as a fresh process would load it: snapshot and log of Postgres, folded. */
export async function storedDocument(db: Db, documentId: string): Promise<Y.Doc> {
  const store = new PrismaStore(db, silentLog);
  try {
    const loaded = await store.load(documentId);
    if (!loaded) throw new Error('The document has no row.');
    return buildDocument(loaded);
  } finally {
    // It has connections of its own.
    await store.close();
  }
}

export const textOf = (doc: Y.Doc): string => doc.getText('content').toString();

/** SY9: waits until the row's text and hash are those of the document. */
export async function untilContent(db: Db, documentId: string, text: string, ms = 120_000): Promise<void> {
  const hash = createHash('sha256').update(text, 'utf8').digest('hex');
  let row: { contentText: string; contentHash: string } | null = null;
  await until(
    () => row?.contentText === text && row.contentHash === hash,
    ms,
    'content_text to follow',
    async () => {
      row = await db.document.findUnique({ where: { id: documentId }, select: { contentText: true, contentHash: true } });
    },
  );
}
