// Plain JavaScript, because a worker thread runs it without a TypeScript loader; fold-log.d.mts gives it its types.
import { createHash } from 'node:crypto';
import * as Y from 'yjs';
import { writeWireState } from './wire-state.mjs';

// Below, a document is built as fast as this could be read; above, it would cost more to store than it is worth.
const WIRE_BYTES = { atLeast: 64 * 1024, atMost: 8 * 1024 * 1024 };

/**
 * SY10: folds a log into a snapshot, in one Yjs transaction. Structs whose predecessors are missing are never part of the
 * snapshot: they come back as one V1 update for the log.
 * @param {Uint8Array | null} snapshot Yjs V2 encoding
 * @param {readonly Uint8Array[]} updates Yjs V1 encoding, in order
 */
export function foldLog(snapshot, updates) {
  const doc = new Y.Doc();
  // Yjs would tidy up after formatting, by edits that nobody made.
  doc.on('afterTransaction', (transaction) => {
    transaction._needFormattingCleanup = false;
  });
  doc.transact(() => {
    if (snapshot) Y.applyUpdateV2(doc, snapshot);
    for (const update of updates) Y.applyUpdate(doc, update);
  });
  const { pendingStructs, pendingDs } = doc.store;
  doc.store.pendingStructs = null;
  doc.store.pendingDs = null;
  const waiting = [pendingStructs?.update, pendingDs].filter((update) => update != null);
  const state = Y.encodeStateAsUpdateV2(doc);
  const worthIt = state.length >= WIRE_BYTES.atLeast && state.length <= WIRE_BYTES.atMost;
  const folded = {
    snapshot: state,
    wire: worthIt ? writeWireState(doc, createHash('sha256').update(state).digest('hex')) : null,
    gaps: waiting.length > 0 ? Y.convertUpdateFormatV2ToV1(Y.mergeUpdatesV2(waiting)) : null,
    text: doc.getText('content').toString(),
  };
  doc.destroy();
  return folded;
}

/**
 * SY12: a SHA-256 (hex) that is the same for two copies of a document exactly where they hold the same edits: the state vector and the
 * deletions. How a copy came about, and how its structs lie in memory, does not matter.
 * @param {Uint8Array | null} snapshot Yjs V2 encoding
 * @param {readonly Uint8Array[]} updates Yjs V1 encoding, in order
 */
export function checksumOf(snapshot, updates) {
  const doc = new Y.Doc();
  doc.transact(() => {
    if (snapshot) Y.applyUpdateV2(doc, snapshot);
    for (const update of updates) Y.applyUpdate(doc, update);
  });
  const byClient = ([a], [b]) => a - b;
  const clocks = [...Y.decodeStateVector(Y.encodeStateVector(doc))].sort(byClient);
  const deletes = [...Y.createDeleteSetFromStructStore(doc.store).clients]
    .map(([client, ranges]) => [client, ranges.map(({ clock, len }) => [clock, len])])
    .sort(byClient);
  doc.destroy();
  return createHash('sha256')
    .update(JSON.stringify([clocks, deletes]))
    .digest('hex');
}
