import { silentLog } from '../log.ts';
import type { Access } from '../relay/authorize.ts';
import { CommitQueue } from '../relay/commit-queue.ts';
import { buildDocument } from '../relay/document-state.ts';
import { DEFAULT_LIMITS } from '../relay/limits.ts';
import { RelayMetrics } from '../relay/metrics.ts';
import type { Peer } from '../relay/peer.ts';
import { readFrame } from '../relay/read-frame.ts';
import { receiveFrame } from '../relay/receive-frame.ts';
import type { Conversation } from '../relay/receive-update.ts';
import { Room, type RoomHost } from '../relay/room.ts';
import { Suspects } from '../relay/suspects.ts';
import type { DocumentRef, DocumentVersions, UpdateBatch } from '../store/document-store.ts';
import { MemoryStore } from '../store/memory-store.ts';
import type { ClientSocket } from './session.ts';

const LIMITS = { ...DEFAULT_LIMITS, retryMinMs: 1, retryMaxMs: 2, appendTimeoutMs: 1e9 };

/** A store whose commits wait until the test lets them through or refuses them. Tests only. */
class HeldStore extends MemoryStore {
  #held: { commit: () => void; refuse: (error: Error) => void }[] = [];

  override append(batches: readonly UpdateBatch[]): Promise<DocumentVersions> {
    return new Promise((resolve, reject) => {
      this.#held.push({ commit: () => resolve(super.append(batches)), refuse: reject });
    });
  }

  commit(): void {
    for (const { commit } of this.#held.splice(0)) commit();
  }

  refuse(): void {
    for (const { refuse } of this.#held.splice(0)) refuse(new Error('the database is away'));
  }

  /** The process died: what was not committed never will be. */
  forget(): void {
    this.#held = [];
  }
}

/** The relay's own room behind a network and a store that do only what the test says, step by step. Tests only. */
export class FlakyRelay {
  readonly store = new HeldStore();
  readonly #ref: DocumentRef;
  readonly sockets: FlakySocket[] = [];
  /** A peer that sees frames dropped for being behind misses those (SY13). */
  dropping = false;
  #room!: Room;
  #host!: RoomHost;

  constructor(ref: DocumentRef) {
    this.#ref = ref;
    this.store.create(ref);
    this.#start();
  }

  /** What is durable. */
  durable() {
    const row = this.store.rows.get(this.#ref.documentId)!;
    return buildDocument({ snapshot: row.snapshot, updates: row.updates });
  }

  /** As kill -9 and a new process. */
  restart(): void {
    this.store.forget();
    for (const socket of this.sockets.splice(0)) socket.cut();
    this.#start();
  }

  accept(socket: FlakySocket): Conversation {
    const access: Access = {
      ref: this.#ref,
      userId: this.#ref.userId,
      userName: null,
      mode: 'write',
      sid: null,
      expiresAt: Number.POSITIVE_INFINITY,
    };
    const peer: Peer = {
      access,
      sendSync: (frame) => {
        if (this.dropping && frame[1] === 2) return false;
        socket.toClient.push(frame);
        return true;
      },
      sendAwareness: () => {},
      close: (code, reason) => socket.cut(code, reason),
    };
    this.#room.join(peer);
    return { room: this.#room, peer, introduced: false, epoch: 'epoch-1', warnedReadOnly: false };
  }

  receive(talk: Conversation, data: Uint8Array): void {
    if (talk.room === this.#room) receiveFrame(talk, readFrame(data), this.#host);
  }

  drained(talk: Conversation): void {
    talk.room.caughtUp(talk.peer);
  }

  #start(): void {
    const row = this.store.rows.get(this.#ref.documentId)!;
    const queue = new CommitQueue({ store: this.store, limits: LIMITS, log: silentLog, metrics: new RelayMetrics(), onGone: () => {} });
    const metrics = new RelayMetrics();
    this.#host = { queue, limits: LIMITS, metrics, suspects: new Suspects(), changed: () => {}, emptied: () => {}, broken: () => {} };
    this.#room = new Room({ ref: this.#ref, epoch: 'epoch-1', snapshot: row.snapshot, updates: [...row.updates] }, this.#host);
  }
}

/** A WebSocket whose messages move when the test says. Tests only. */
export class FlakySocket implements ClientSocket {
  binaryType: BinaryType = 'arraybuffer';
  readyState: 0 | 1 | 2 | 3 = 0;
  onopen: ClientSocket['onopen'] = null;
  onmessage: ClientSocket['onmessage'] = null;
  onclose: ClientSocket['onclose'] = null;
  onerror: ClientSocket['onerror'] = null;
  readonly toServer: Uint8Array[] = [];
  readonly toClient: Uint8Array[] = [];
  readonly #relay: FlakyRelay;
  talk: Conversation | null = null;

  constructor(relay: FlakyRelay) {
    this.#relay = relay;
    relay.sockets.push(this);
  }

  /** The connection is there. */
  open(): void {
    if (this.readyState !== 0) return;
    this.readyState = 1;
    this.talk = this.#relay.accept(this);
    (this.onopen as (() => void) | null)?.();
  }

  send(data: Parameters<ClientSocket['send']>[0]): void {
    this.toServer.push((data as Uint8Array).slice());
  }

  close(): void {
    this.cut(1000);
  }

  deliverToServer(): void {
    const data = this.toServer.shift();
    if (data && this.talk && this.readyState === 1) this.#relay.receive(this.talk, data);
  }

  deliverToClient(): void {
    const data = this.toClient.shift();
    if (data && this.readyState === 1) (this.onmessage as ((event: { data: unknown }) => void) | null)?.({ data: data.slice().buffer });
  }

  /** The network lost it, with everything on its way. */
  cut(code = 1006, reason = ''): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    const at = this.#relay.sockets.indexOf(this);
    if (at >= 0) this.#relay.sockets.splice(at, 1);
    if (this.talk) this.talk.room.leave(this.talk.peer);
    (this.onclose as ((event: { code: number; reason: string }) => void) | null)?.({ code, reason });
  }
}
