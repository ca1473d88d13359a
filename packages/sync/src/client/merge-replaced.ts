import { diffEdits, mergeText } from '@markco/core/document/merge-text';
import type * as Y from 'yjs';

/**
 * SY7: carries text over to a document with another history. What changed here since `base` (the text of the last sync, empty
 * if there was none) is merged into what `doc` holds now, as the smallest edits, so that others' cursors and edits stay.
 * `doc` must be synced. Returns the merged text.
 */
export function mergeReplaced(doc: Y.Doc, base: string, ours: string, origin: unknown = 'merge-replaced'): string {
  const text = doc.getText('content');
  const theirs = text.toString();
  const merged = ours === base ? theirs : mergeText(base, ours, theirs).text;
  applyText(text, theirs, merged, origin);
  return merged;
}

function applyText(text: Y.Text, from: string, to: string, origin: unknown): void {
  if (from === to) return;
  const edits = diffEdits(from, to);
  text.doc?.transact(() => {
    // From the end, so that the offsets of the earlier ones stay right.
    for (const { at, remove, insert } of [...edits].reverse()) {
      if (remove > 0) text.delete(at, remove);
      if (insert) text.insert(at, insert);
    }
  }, origin);
}
