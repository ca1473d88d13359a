import * as Y from 'yjs';
import { buildDocument } from '../../relay/document-state.ts';
import type { LoadedDocument } from '../document-store.ts';

/** Everything a loaded document holds, as one Yjs V1 update. */
export function wholeState(loaded: Pick<LoadedDocument, 'snapshot' | 'updates'>): Uint8Array {
  const doc = buildDocument(loaded);
  const state = Y.encodeStateAsUpdate(doc);
  doc.destroy();
  return state;
}

/** What `state` has that `target` lacks, deletions included, as a Yjs V1 update; null where there is nothing. */
export function missingFrom(target: Uint8Array, state: Uint8Array): Uint8Array | null {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, target);
  const diff = Y.diffUpdate(state, Y.encodeStateVector(doc));
  let news = false;
  doc.on('update', () => {
    news = true;
  });
  Y.applyUpdate(doc, diff);
  doc.destroy();
  return news ? diff : null;
}
