import { once } from 'node:events';
import * as decoding from 'lib0/decoding';
import { WebSocket } from 'ws';
import type { BenchDocument } from './servers.ts';

/** The least a client can be, the same for every server: it says hello, and hands on what comes in. */
export interface BenchClient {
  readonly socket: WebSocket;
  /** Resolves with the server's state (a Yjs V1 update). */
  readonly state: Promise<Uint8Array>;
  onUpdate: (update: Uint8Array) => void;
  send(frame: Uint8Array): void;
}

/** Connects to a document. */
export async function connectBench(document: BenchDocument): Promise<BenchClient> {
  const socket = new WebSocket(document.url, { perMessageDeflate: false });
  let gotState: (update: Uint8Array) => void = () => {};
  const client: BenchClient = {
    socket,
    state: new Promise((resolve) => {
      gotState = resolve;
    }),
    onUpdate: () => {},
    send: (frame) => socket.send(document.wrap(frame)),
  };
  socket.on('message', (data: Buffer) => {
    const decoder = decoding.createDecoder(data.subarray(document.head));
    const type = decoding.readVarUint(decoder);
    // 4 is Hocuspocus' answer to a SyncStep1.
    if (type !== 0 && type !== 4) return;
    const kind = decoding.readVarUint(decoder);
    if (kind === 1) gotState(decoding.readVarUint8Array(decoder));
    else if (kind === 2) client.onUpdate(decoding.readVarUint8Array(decoder));
  });
  await once(socket, 'open');
  for (const frame of document.hello) socket.send(frame);
  return client;
}
