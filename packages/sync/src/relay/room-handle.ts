import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from 'y-protocols/awareness';
import * as Y from 'yjs';
import type { DocumentRef } from '../store/document-store.ts';
import { writeAwareness, writeUpdate } from '../wire/write-frame.ts';
import type { Access } from './authorize.ts';
import type { Peer } from './peer.ts';
import { readFrame } from './read-frame.ts';
import { receiveFrame } from './receive-frame.ts';
import type { Conversation } from './receive-update.ts';
import type { RoomHost } from './room.ts';
import type { RoomLease } from './room-registry.ts';

/** A document used from within the process (bridge, desktop). */
export interface RoomHandle {
  /** A copy of its own: holds only durable state of others; edits made here take the durable path to everyone. */
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  readonly ref: DocumentRef;
  readonly epoch: string;
  /** Resolves when everything edited here so far is durable; rejects when the room was closed before that. */
  flushed(): Promise<void>;
  /** Called once when the relay ends the room, with the close code. The handle is of no use afterwards. */
  onClosed(listener: (code: number, reason: string) => void): () => void;
  release(): void;
}

/** Where edits of the relay's own come from, so that they are not sent back to it. */
export const FROM_ROOM = Symbol('room');

/** Joins a room with a copy of its document. Resolves when the copy has all that is durable. */
export function openHandle(lease: RoomLease, access: Access, host: RoomHost): Promise<RoomHandle> {
  return new Promise((resolve, reject) => {
    const peer = new HandlePeer(lease, access, host, () => resolve(peer));
    peer.onClosed((code, reason) => reject(new Error(`The document was closed while it was opened (${code}): ${reason}`)));
    peer.start();
  });
}

class HandlePeer implements Peer, RoomHandle {
  readonly access: Access;
  readonly doc = new Y.Doc();
  readonly ref: DocumentRef;
  readonly epoch: string;
  readonly #lease: RoomLease;
  readonly #host: RoomHost;
  readonly #talk: Conversation;
  readonly #onReady: () => void;
  readonly #closedListeners = new Set<(code: number, reason: string) => void>();
  #awareness: Awareness | null = null;
  #ready = false;
  #closed = false;

  constructor(lease: RoomLease, access: Access, host: RoomHost, onReady: () => void) {
    this.access = access;
    this.ref = lease.room.ref;
    this.epoch = lease.room.epoch;
    this.#lease = lease;
    this.#host = host;
    this.#onReady = onReady;
    this.#talk = { room: lease.room, peer: this, introduced: true, epoch: lease.room.epoch, warnedReadOnly: false };
  }

  /** Made when first asked for: it keeps a timer. */
  get awareness(): Awareness {
    if (!this.#awareness) this.#awareness = this.#openAwareness();
    return this.#awareness;
  }

  start(): void {
    const { room } = this.#lease;
    room.join(this);
    room.sendState(this, Uint8Array.of(0), 'update');
    this.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== FROM_ROOM && !this.#closed) receiveFrame(this.#talk, readFrame(writeUpdate(update)), this.#host);
    });
    this.#lease.release();
  }

  flushed(): Promise<void> {
    if (this.#closed) return Promise.reject(closedError());
    return new Promise((resolve, reject) => {
      const stop = this.onClosed(() => reject(closedError()));
      this.#host.queue.barrier(this.ref.documentId, () => {
        stop();
        resolve();
      });
    });
  }

  onClosed(listener: (code: number, reason: string) => void): () => void {
    this.#closedListeners.add(listener);
    return () => this.#closedListeners.delete(listener);
  }

  release(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#talk.room.leave(this);
    this.#destroy();
  }

  sendSync(frame: Uint8Array): boolean {
    if (frame[0] !== 0 || this.#closed) return true;
    // The relay's own frames: read strictly they cannot fail.
    const message = readFrame(frame);
    if (message.kind !== 'update') return true;
    Y.applyUpdate(this.doc, message.update, FROM_ROOM);
    if (!this.#ready) {
      this.#ready = true;
      this.#onReady();
    }
    return true;
  }

  sendAwareness(frame: Uint8Array): void {
    if (this.#awareness) applyAwarenessUpdate(this.#awareness, frame.subarray(awarenessHead(frame)), FROM_ROOM);
  }

  close(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const listener of [...this.#closedListeners]) listener(code, reason);
    this.#destroy();
  }

  #openAwareness(): Awareness {
    const awareness = new Awareness(this.doc);
    awareness.setLocalState(null);
    awareness.on('update', ({ added, updated, removed }: Record<'added' | 'updated' | 'removed', number[]>, origin: unknown) => {
      if (origin === FROM_ROOM || this.#closed) return;
      const frame = writeAwareness(encodeAwarenessUpdate(awareness, [...added, ...updated, ...removed]));
      receiveFrame(this.#talk, readFrame(frame), this.#host);
    });
    this.#awareness = awareness;
    receiveFrame(this.#talk, { kind: 'query' }, this.#host);
    return awareness;
  }

  #destroy(): void {
    this.#awareness?.destroy();
    this.doc.destroy();
  }
}

/** Length of type and length prefix before the payload. */
function awarenessHead(frame: Uint8Array): number {
  let at = 1;
  while (frame[at]! >= 128) at++;
  return at + 1;
}

const closedError = (): Error =>
  new Error('The relay closed this document before everything was saved. Open it again and repeat the edit.');
