import * as Y from 'yjs';
import { buildDocument } from '../../relay/document-state.ts';
import type { LoadedDocument } from '../document-store.ts';

/** Everything a loaded document holds, as one Yjs V1 update. */
export function wholeState(loaded: Pick<LoadedDocument, 'snapshot' | 'updates'>): Uint8Array {
  if (loaded.snapshot && loaded.updates.length === 0) return Y.convertUpdateFormatV2ToV1(loaded.snapshot);
  const doc = buildDocument(loaded);
  const state = Y.encodeStateAsUpdate(doc);
  doc.destroy();
  return state;
}

/** What `state` (V1) has that `doc` lacks, deletions included, as a Yjs V1 update; null where there is nothing. The document is only read. */
export function missingFrom(doc: Y.Doc, state: Uint8Array): Uint8Array | null {
  const diff = Y.diffUpdate(state, Y.encodeStateVector(doc));
  const { structs, ds } = Y.decodeUpdate(diff);
  const deletes = [...ds.clients].some(([client, ranges]) => ranges.some(({ clock, len }) => !isDeleted(doc, client, clock, len)));
  if (structs.length === 0 && !deletes) return null;
  return changes(doc, diff) ? diff : null;
}

/** What waits for structs that are nowhere is no news (SY14). Found out on a copy. */
function changes(doc: Y.Doc, diff: Uint8Array): boolean {
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  let news = false;
  copy.on('update', () => {
    news = true;
  });
  Y.applyUpdate(copy, diff);
  copy.destroy();
  return news;
}

/** True where the whole range is known as deleted. What is not known at all is not deleted yet. */
function isDeleted(doc: Y.Doc, client: number, clock: number, len: number): boolean {
  const structs = doc.store.clients.get(client) ?? [];
  const end = clock + len;
  let at = indexOf(structs, clock);
  for (let next = clock; next < end; at++) {
    const struct = structs[at];
    if (!struct?.deleted) return false;
    next = struct.id.clock + struct.length;
  }
  return true;
}

/** The struct that holds the clock, by halving; past the end where there is none. */
function indexOf(structs: readonly (Y.Item | Y.GC)[], clock: number): number {
  let [low, high] = [0, structs.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const { id, length } = structs[middle]!;
    if (id.clock + length <= clock) low = middle + 1;
    else high = middle;
  }
  return low;
}
