import * as Y from 'yjs';

/** The document that these updates make, and its text. */
export function textOf(updates: readonly Uint8Array[]): { doc: Y.Doc; text: string } {
  const doc = new Y.Doc();
  doc.transact(() => {
    for (const bytes of updates) Y.applyUpdate(doc, bytes);
  });
  return { doc, text: doc.getText('content').toString() };
}
