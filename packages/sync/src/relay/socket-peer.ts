import { WebSocket } from 'ws';
import type { Access } from './authorize.ts';
import { DrainWatch } from './drain-watch.ts';
import type { RelayLimits } from './limits.ts';
import type { RelayMetrics } from './metrics.ts';
import type { Peer } from './peer.ts';
import { streamOf } from './stream-of.ts';
import { writeBatched } from './write-batch.ts';
import { wsFrame } from './ws-frame.ts';

/** What a socket tells its owner. */
export interface SocketPeerEvents {
  /** It was behind and has drained (SY13). */
  drained(): void;
}

/** How often a socket that is behind is looked at, ms. */
const LOOK_MS = 100;

/** A WebSocket in a room, with back-pressure (SY13): sync frames are never dropped silently, a reader that stays behind is ended. */
export class SocketPeer implements Peer {
  readonly access: Access;
  /** When its permission is due for a check, ms since the epoch (SY3). */
  nextCheckAt: number;
  /** Cleared by {@link ping}, set by a pong or any frame. */
  alive = true;
  readonly #socket: WebSocket;
  readonly #limits: RelayLimits;
  readonly #metrics: RelayMetrics;
  readonly #events: SocketPeerEvents;
  /** Looks once a ping. */
  readonly #pinged: DrainWatch;
  #staleTimer: NodeJS.Timeout | null = null;
  /** Size of the sync frame written last. */
  #lastBytes = 0;

  constructor(socket: WebSocket, access: Access, options: { limits: RelayLimits; metrics: RelayMetrics; events: SocketPeerEvents }) {
    this.access = access;
    this.#socket = socket;
    this.#limits = options.limits;
    this.#metrics = options.metrics;
    this.#events = options.events;
    this.#pinged = new DrainWatch(socket);
    this.nextCheckAt = Math.min(Date.now() + options.limits.recheckMs, access.expiresAt);
    socket.once('close', () => this.#clearStale());
  }

  sendSync(frame: Uint8Array): boolean {
    if (this.#socket.readyState !== WebSocket.OPEN) return true;
    if (this.#staleTimer || this.#socket.bufferedAmount > this.#limits.staleBytes) {
      this.#becomeStale();
      return false;
    }
    this.#lastBytes = frame.length;
    this.#write(frame);
    return true;
  }

  sendAwareness(frame: Uint8Array): void {
    if (this.#socket.readyState !== WebSocket.OPEN || this.#staleTimer || this.#socket.bufferedAmount > this.#limits.staleBytes) return;
    this.#write(frame);
  }

  close(code: number, reason: string): void {
    this.#clearStale();
    // A close frame holds 123 bytes of reason.
    this.#socket.close(code, Buffer.byteLength(reason) > 123 ? reason.slice(0, 40) : reason);
  }

  /** Ends it without a handshake: it does not answer or read. */
  terminate(): void {
    this.#clearStale();
    this.#socket.terminate();
  }

  /** False where it neither answered the ping before nor took anything since: behind a large document an answer takes its time. */
  ping(): boolean {
    if (!this.#pinged.moved() && !this.alive) return false;
    this.alive = false;
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
    return true;
  }

  /** Past `ws`'s sender, which would make the frame anew for each socket. Its own frames (pings, close) go to the same stream, in order. */
  #write(frame: Uint8Array): void {
    const stream = streamOf(this.#socket);
    if (stream) writeBatched(stream, wsFrame(frame));
  }

  #becomeStale(): void {
    const { staleMs, behindMs, terminateBytes } = this.#limits;
    const waiting = this.#socket.bufferedAmount;
    // A large document is one frame: whoever opens it while others type is not slow for that.
    if (waiting > terminateBytes + this.#lastBytes) {
      this.#tooSlow();
      return;
    }
    if (this.#staleTimer) return;
    // Looks are counted, not the clock: while this process is busy or asleep, a socket cannot drain, and its reader is not to blame.
    const look = Math.min(LOOK_MS, staleMs / 4);
    const patience = Math.ceil(staleMs / look);
    let stalled = patience;
    let behind = Math.ceil((behindMs / look) * Math.max(1, waiting / terminateBytes));
    const watch = new DrainWatch(this.#socket);
    this.#staleTimer = setInterval(() => {
      if (this.#socket.bufferedAmount <= this.#limits.staleBytes / 4) {
        this.#clearStale();
        this.#events.drained();
        return;
      }
      stalled = watch.moved() ? patience : stalled - 1;
      behind -= 1;
      if (stalled <= 0 || behind <= 0) this.#tooSlow();
    }, look);
  }

  #tooSlow(): void {
    this.#metrics.error('slow_reader');
    this.terminate();
  }

  #clearStale(): void {
    if (this.#staleTimer) clearInterval(this.#staleTimer);
    this.#staleTimer = null;
  }
}
