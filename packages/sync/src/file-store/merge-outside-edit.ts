import { diffEdits, mergeText } from '@markco/core/document/merge-text';
import * as Y from 'yjs';
import { commonLines } from './common-lines.ts';

/** The name of the text in every document (mrmd convention). */
export const TEXT_NAME = 'content';

export function textOf(doc: Y.Doc): string {
  return doc.getText(TEXT_NAME).toString();
}

/** Makes the document's text `target` by the fewest edits, in one transaction. Returns the update, null where nothing changed. */
export function writeText(doc: Y.Doc, target: string, origin?: unknown): Uint8Array | null {
  const current = textOf(doc);
  if (current === target) return null;
  const before = Y.encodeStateVector(doc);
  const text = doc.getText(TEXT_NAME);
  doc.transact(() => {
    for (const { at, remove, insert } of diffEdits(current, target).toReversed()) {
      if (remove > 0) text.delete(at, remove);
      if (insert !== '') text.insert(at, insert);
    }
  }, origin);
  return Y.encodeStateAsUpdate(doc, before);
}

/**
 * FB5: what the document's text becomes when `base` was edited to `file` outside while the document went on to `current`. `base` null:
 * nothing common is known, and both are kept.
 */
export function mergedText(base: string | null, current: string, file: string): string {
  return mergeText(base ?? commonLines(current, file), current, file).text;
}

/**
 * Which of the last projected texts an outside edit was made from. A program that read the file, thought, and wrote it back did not see a
 * projection in between; against the newest base its save would look as if it had deleted what came meanwhile. The base that needs the
 * least change wins; of equals the newest. `candidates`: newest first, at least one.
 */
export function likelyBase(candidates: readonly string[], file: string): string {
  let best = candidates[0]!;
  let cost = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const needed = diffEdits(candidate, file).reduce((sum, edit) => sum + edit.remove + edit.insert.length, 0);
    if (needed < cost) [best, cost] = [candidate, needed];
  }
  return best;
}
