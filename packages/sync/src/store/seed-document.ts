import { createHash } from 'node:crypto';
import * as Y from 'yjs';

/** A document's first state (SY7). `state`: Yjs V2 encoding; hashes are SHA-256 hex; `size`: bytes of the text in UTF-8. */
export interface SeededDocument {
  state: Uint8Array<ArrayBuffer>;
  stateSha256: string;
  contentHash: string;
  size: number;
}

/** Makes the history of a document from its text, once, on the server (SY7): one insertion by one author. */
export function seedDocument(text: string): SeededDocument {
  const doc = new Y.Doc();
  if (text !== '') doc.getText('content').insert(0, text);
  const state = new Uint8Array(Y.encodeStateAsUpdateV2(doc));
  doc.destroy();
  const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');
  return { state, stateSha256: sha256(state), contentHash: sha256(text), size: Buffer.byteLength(text) };
}
