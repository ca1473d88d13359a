import type { FileStore } from '@markco/sync/file-store/file-store';
import * as Y from 'yjs';

// Some changes of a document's standing come without an event: look at least this often.
const LOOK_MS = 250;

/** RU15: true as soon as the document's file holds the state vector (null: all that is known here), false after the timeout. */
export async function filesHold(store: FileStore, documentId: string, stateVector: Uint8Array | null, timeoutMs: number): Promise<boolean> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const { vector, projected } = await store.standing(documentId);
    if (projected && (!stateVector || covers(vector, stateVector))) return true;
    const left = end - Date.now();
    if (left <= 0) return false;
    await nextEvent(store, documentId, Math.min(left, LOOK_MS));
  }
}

function nextEvent(store: FileStore, documentId: string, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      off();
      resolve();
    };
    const off = store.on((event) => event.kind !== 'files' && event.documentId === documentId && done());
    const timer = setTimeout(done, timeoutMs);
  });
}

/** True where every clock of `wanted` is reached in `vector`. */
function covers(vector: Uint8Array, wanted: Uint8Array): boolean {
  const have = Y.decodeStateVector(vector);
  return [...Y.decodeStateVector(wanted)].every(([client, clock]) => (have.get(client) ?? 0) >= clock);
}
