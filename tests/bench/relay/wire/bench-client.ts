import * as decoding from 'lib0/decoding';
import type { BenchDocument } from '../servers/bench-document.ts';
import { framed, RawSocket } from './raw-socket.ts';

const MESSAGE = { sync: 0, awareness: 1 };
/** Hocuspocus: its answer to a SyncStep1, and "your edit was taken", which its provider shows as synced. */
const HOCUSPOCUS = { reply: 4, syncStatus: 8 };

/** The least a client can be, the same for every server: it says hello, and hands on what comes in. */
export interface BenchClient {
  readonly socket: RawSocket;
  /** Resolves with the server's first state (a Yjs V1 update; its bytes are the caller's). */
  readonly state: Promise<Uint8Array>;
  /** Every answer to a SyncStep1, the first included. */
  onState: () => void;
  /** An awareness frame's payload; valid until it returns. */
  onAwareness: (payload: Uint8Array) => void;
  /** An update; valid until it returns. */
  onUpdate: (update: Uint8Array) => void;
  /** Hocuspocus says that it took an edit. Never called for the others. */
  onTaken: () => void;
  /** Sends a y-websocket frame in the server's own wire. */
  send(frame: Uint8Array): void;
  /** A y-websocket frame made ready, for `socket.sendFramed`. */
  prepare(frame: Uint8Array): Buffer;
}

/** Connects to a document and asks for its state. */
export async function connectBench(document: BenchDocument): Promise<BenchClient> {
  let gotState: (update: Uint8Array) => void = () => {};
  const state = new Promise<Uint8Array>((resolve) => {
    gotState = resolve;
  });
  const receive = (data: Buffer) => {
    const decoder = decoding.createDecoder(document.head === 0 ? data : data.subarray(document.head));
    const type = decoding.readVarUint(decoder);
    if (type === HOCUSPOCUS.syncStatus && document.head > 0) return client.onTaken();
    if (type === MESSAGE.awareness) return client.onAwareness(decoding.readVarUint8Array(decoder));
    if (type !== MESSAGE.sync && type !== HOCUSPOCUS.reply) return;
    const kind = decoding.readVarUint(decoder);
    if (kind === 1) {
      gotState(decoding.readVarUint8Array(decoder).slice());
      client.onState();
    } else if (kind === 2) client.onUpdate(decoding.readVarUint8Array(decoder));
  };
  const socket = await RawSocket.open(document.url, receive);
  const prepare = (frame: Uint8Array) => framed(document.wrap(frame));
  const client: BenchClient = {
    socket,
    state,
    onState: () => {},
    onAwareness: () => {},
    onUpdate: () => {},
    onTaken: () => {},
    send: (frame) => socket.sendFramed(prepare(frame)),
    prepare,
  };
  socket.stream.cork();
  for (const frame of document.hello) socket.send(frame);
  socket.stream.uncork();
  return client;
}

/** Connects `count` clients to each document, all synced. */
export async function connectAll(documents: readonly BenchDocument[], count = 1): Promise<BenchClient[][]> {
  const rooms: BenchClient[][] = [];
  // In groups: thousands of handshakes at once are a row of their own.
  for (let at = 0; at < documents.length; at += 50) {
    const group = documents.slice(at, at + 50);
    const opened = await Promise.all(group.map((document) => Promise.all(Array.from({ length: count }, () => connectBench(document)))));
    await Promise.all(opened.flat().map(({ state }) => state));
    rooms.push(...opened);
  }
  return rooms;
}
