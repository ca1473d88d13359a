import { diffEdits } from '@markco/core/document/merge-text';
import * as Y from 'yjs';

/**
 * Brings a document back to `wanted`, as the fewest edits against `state` (V1, the document as it was when its text was kept): what
 * arrived in `doc` since then is an edit at the same moment, and stays. Returns false where `state` has that text already.
 */
export function restoreText(doc: Y.Doc, state: Uint8Array, wanted: string, origin: unknown = 'restore'): boolean {
  const past = new Y.Doc();
  Y.applyUpdate(past, state);
  const text = past.getText('content');
  const edits = diffEdits(text.toString(), wanted);
  const before = Y.encodeStateVector(past);
  past.transact(() => {
    // From the end, so that the offsets of the earlier ones stay right.
    for (const { at, remove, insert } of [...edits].reverse()) {
      if (remove > 0) text.delete(at, remove);
      if (insert) text.insert(at, insert);
    }
  });
  if (edits.length > 0) Y.applyUpdate(doc, Y.encodeStateAsUpdate(past, before), origin);
  past.destroy();
  return edits.length > 0;
}
