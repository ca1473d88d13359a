import type { SyncMode } from '@markco/core/flags';
import type { DbOrTx } from '@markco/db/client';
import * as Y from 'yjs';

/**
 * The text as committed right now. `content_text` follows an edit within two seconds (SY9); where updates are newer than the
 * snapshot the text is made from them, so that a comparison never judges by an old text. In `legacy` mode the state lives in
 * files (SY12); what Postgres still has of it is older than the text, so the text counts.
 */
export async function storedText(db: DbOrTx, documentId: string, mode: SyncMode): Promise<string> {
  const row = await db.document.findUniqueOrThrow({
    where: { id: documentId },
    select: { yjsState: true, contentText: true, updates: { select: { bytes: true }, orderBy: { seq: 'asc' } } },
  });
  if (mode === 'legacy' || row.updates.length === 0) return row.contentText;
  const doc = new Y.Doc();
  doc.transact(() => {
    if (row.yjsState) Y.applyUpdateV2(doc, row.yjsState);
    for (const { bytes } of row.updates) Y.applyUpdate(doc, bytes);
  });
  const text = doc.getText('content').toString();
  doc.destroy();
  return text;
}
