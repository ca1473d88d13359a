// Plain JavaScript, because a worker thread runs it without a TypeScript loader; wire-state.d.mts gives it its types.
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';

/**
 * SY16: a document as clients are sent it (Yjs V1), taken apart by client: the updates that came after it can be put in by copying
 * bytes. A head in JSON, the structs of each client one after the other, the deletions.
 * @param {Y.Doc} doc nothing in it may wait for missing structs
 * @param {string} snapshot SHA-256 (hex) of the snapshot that has the same
 */
export function writeWireState(doc, snapshot) {
  const structs = new Y.UpdateEncoderV1();
  const clients = [];
  for (const [client, list] of [...doc.store.clients].sort(([a], [b]) => b - a)) {
    const from = encoding.length(structs.restEncoder);
    for (const struct of list) struct.write(structs, 0);
    const last = list[list.length - 1];
    clients.push([client, list.length, last.id.clock + last.length, encoding.length(structs.restEncoder) - from]);
  }
  const head = new TextEncoder().encode(JSON.stringify({ snapshot, clients }));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(head.length);
  return Buffer.concat([length, head, structs.toUint8Array(), deletionsOf(doc)]);
}

/** As Yjs V1 writes them. */
function deletionsOf(doc) {
  const { clients } = Y.createDeleteSetFromStructStore(doc.store);
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, clients.size);
    for (const [client, ranges] of clients) {
      encoding.writeVarUint(encoder, client);
      encoding.writeVarUint(encoder, ranges.length);
      for (const { clock, len } of ranges) {
        encoding.writeVarUint(encoder, clock);
        encoding.writeVarUint(encoder, len);
      }
    }
  });
}
