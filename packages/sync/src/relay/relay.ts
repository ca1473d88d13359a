import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { EventBus } from '@markco/core/bus';
import { CLOSE } from '@markco/core/sync/close-code';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Log } from '../log.ts';
import type { NodeLink } from '../nodes/node-link.ts';
import { NodeMetrics } from '../nodes/node-metrics.ts';
import { NodeRelay } from '../nodes/node-relay.ts';
import type { NodeTuning } from '../nodes/node-tuning.ts';
import type { DocumentHead, DocumentRef, DocumentStore } from '../store/document-store.ts';
import { withDeadline } from '../with-deadline.ts';
import { type Authorizer, UpgradeRefused } from './authorize.ts';
import { BadFrame } from './bad-frame.ts';
import { watchBus } from './bus-watch.ts';
import { CommitQueue } from './commit-queue.ts';
import { Compactor } from './compactor.ts';
import { ContentProjector } from './content-projector.ts';
import { GOING_AWAY, Heartbeat } from './heartbeat.ts';
import { DEFAULT_LIMITS, type RelayLimits } from './limits.ts';
import { RelayMetrics } from './metrics.ts';
import { readFrame } from './read-frame.ts';
import { receiveFrame } from './receive-frame.ts';
import type { Conversation } from './receive-update.ts';
import type { Room, RoomHost } from './room.ts';
import { openHandle, type RoomHandle } from './room-handle.ts';
import { RoomRegistry } from './room-registry.ts';
import { SocketPeer } from './socket-peer.ts';
import { Suspects } from './suspects.ts';
import { type Admission, admit, refuseUpgrade } from './upgrade.ts';

// Time to read before the first edit.
const BUILD_AFTER_MS = 1_000;

export interface RelayOptions {
  readonly store: DocumentStore;
  readonly authorizer: Authorizer;
  readonly bus?: EventBus;
  readonly log: Log;
  readonly metrics?: RelayMetrics;
  readonly limits?: Partial<RelayLimits>;
  /** SY18: how this relay reaches those of other processes on the same store. Closed with it. */
  readonly nodes?: { readonly link: NodeLink; readonly tuning?: Partial<NodeTuning> } | null;
}

/** What a relay holds right now. `failing`: the store refuses updates. */
export interface RelayStats {
  readonly connections: number;
  readonly documents: number;
  readonly pendingBytes: number;
  readonly failing: boolean;
  /** SY18: null where there is one relay process only. */
  readonly nodes: ReturnType<NodeRelay['status']> | null;
}

/** The Yjs server: wires sockets, rooms, the commit queue and the store together; each rule lives in one of those. */
export class Relay {
  readonly metrics: RelayMetrics;
  readonly #options: RelayOptions;
  readonly #limits: RelayLimits;
  readonly #queue: CommitQueue;
  readonly #rooms: RoomRegistry;
  readonly #projector: ContentProjector;
  readonly #compactor: Compactor;
  readonly #heartbeat: Heartbeat;
  readonly #host: RoomHost;
  readonly #sockets = new Map<SocketPeer, Conversation>();
  readonly #server: WebSocketServer;
  readonly #stops: (() => void)[] = [];
  readonly #nodes: NodeRelay | null;
  #upgrading = 0;
  #closing = false;

  constructor(options: RelayOptions) {
    const { store, log } = options;
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    const metrics = options.metrics ?? new RelayMetrics();
    this.#options = options;
    this.#limits = limits;
    this.metrics = metrics;
    this.#nodes = this.#openNodes();
    this.#queue = new CommitQueue({
      store,
      limits,
      log,
      metrics,
      onGone: (id) => this.#end(id, CLOSE.gone, 'The document no longer exists.'),
      onStored: (batches, versions) => this.#nodes?.stored(batches, versions),
    });
    this.#projector = new ContentProjector({
      ...{ store, queue: this.#queue, limits, log, metrics },
      onSaved: (room, asOf) => this.#announce(room, asOf),
      versionOf: (room) => this.#nodes?.versionOf(room.ref.documentId),
    });
    this.#compactor = new Compactor({ store, log, metrics });
    this.#host = {
      queue: this.#queue,
      limits,
      metrics,
      suspects: new Suspects(),
      changed: (room) => this.#changed(room),
      emptied: (room) => this.#rooms.scheduleUnload(room),
      broken: (room, error) => this.#broken(room, error),
      changedElsewhere: (room) => this.#changedElsewhere(room),
      present: (room, peer, entries) => this.#nodes?.present(room, peer, entries),
    };
    this.#rooms = new RoomRegistry({
      store,
      host: this.#host,
      log,
      metrics,
      settle: (room) => this.#settle(room),
      nodes: this.#nodes,
      loaded: (room, { contentHash }) => this.#loaded(room, contentHash ?? null),
    });
    this.#heartbeat = new Heartbeat({ authorizer: options.authorizer, limits, log, metrics, peers: () => this.#sockets.keys() });
    this.#server = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      maxPayload: limits.maxFrameBytes,
      clientTracking: false,
    });
    this.#watch();
  }

  /** SY2. Give it the HTTP server's `upgrade` events. Never throws. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const onError = () => socket.destroy();
    socket.on('error', onError);
    this.#upgrading++;
    this.#admit(request)
      .then((admission) => {
        socket.off('error', onError);
        // `ws` accepts at once or never (who left meanwhile, no real handshake): in no case may it keep the document open (SY16).
        try {
          if (!socket.destroyed) this.#server.handleUpgrade(request, socket, head, (accepted) => this.#accept(accepted, admission));
        } finally {
          admission.lease.release();
        }
      })
      .catch((error: unknown) => {
        const refusal =
          error instanceof UpgradeRefused
            ? error
            : new UpgradeRefused(503, 'The server could not open the document. Try again in a moment.');
        if (refusal !== error) this.#options.log.error({ err: error }, 'An upgrade failed; the client was told to try again.');
        this.metrics.refused(refusal.status);
        refuseUpgrade(socket, refusal.status, refusal.message);
      })
      .finally(() => this.#upgrading--);
  }

  /**
   * Opens a document for use within the process. Rejects where it does not exist or cannot be loaded.
   * @param who a document id, or a ref whose user appears as the author of awareness states
   */
  async open(who: string | DocumentRef): Promise<RoomHandle> {
    const documentId = typeof who === 'string' ? who : who.documentId;
    if (this.#closing) throw new Error('The relay is shutting down.');
    const lease = await this.#rooms.acquire(documentId);
    if (!lease) throw new Error('The document was not found; it may have been deleted.');
    const { ref } = lease.room;
    return openHandle(
      lease,
      { ref, userId: ref.userId, userName: null, mode: 'write', sid: null, expiresAt: Number.POSITIVE_INFINITY },
      this.#host,
    );
  }

  /** SY9: sees to it that the stored text, of which this is the SHA-256 (hex), is that of the document. Rejects where that cannot be. */
  async checkText(documentId: string, storedHash: string): Promise<void> {
    const lease = await this.#rooms.acquire(documentId);
    if (!lease) return;
    try {
      if (!lease.room.build()) return;
      this.#projector.check(lease.room, storedHash);
      await this.#projector.flush(lease.room);
    } finally {
      lease.release();
    }
  }

  /** SE2: checks the sockets of a user again, or only those that hang on one session, device or token. */
  invalidate(userId: string, sid?: string): void {
    for (const peer of this.#sockets.keys()) {
      if (peer.access.userId === userId && (sid === undefined || peer.access.sid === sid)) void this.#heartbeat.recheck(peer);
    }
  }

  stats(): RelayStats {
    return {
      nodes: this.#nodes?.status() ?? null,
      connections: this.#sockets.size,
      documents: this.#rooms.size,
      pendingBytes: this.#queue.pendingBytes,
      failing: this.#queue.failing,
    };
  }

  /**
   * SY6: takes nothing new, makes durable what is queued, closes everyone with "going away". True where nothing was left
   * unsaved. Does not close the store.
   */
  async close(options: { deadlineMs?: number } = {}): Promise<boolean> {
    const deadlineMs = options.deadlineMs ?? 5_000;
    const until = Date.now() + deadlineMs;
    this.#closing = true;
    for (const stop of this.#stops) stop();
    this.#heartbeat.stop();
    const { saved, drained } = await this.#saveAll(until);
    for (const room of this.#rooms.rooms()) room.close(GOING_AWAY.code, GOING_AWAY.reason);
    for (const room of [...this.#rooms.rooms()]) this.#rooms.drop(room);
    this.#projector.stop();
    this.#server.close();
    await this.#nodes?.stop();
    await this.#options.nodes?.link.close();
    if (drained) await withDeadline(this.#compactor.stop(), Math.max(1, until - Date.now())).catch(() => {});
    return saved && drained;
  }

  async #saveAll(until: number): Promise<{ saved: boolean; drained: boolean }> {
    const left = () => Math.max(1, until - Date.now());
    const drained = await this.#queue.drain(left());
    if (!drained) return { saved: false, drained };
    const saved = await withDeadline(this.#projector.flushAll(), left()).then(
      () => true,
      () => false,
    );
    return { saved, drained };
  }

  async #admit(request: IncomingMessage): Promise<Admission> {
    if (this.#closing) throw new UpgradeRefused(503, 'The server restarts. Try again in a moment.');
    if (this.#sockets.size + this.#upgrading > this.#limits.maxConnections)
      throw new UpgradeRefused(503, 'The server is full. Try again in a moment.');
    return admit(request, { authorizer: this.#options.authorizer, rooms: this.#rooms, timeoutMs: this.#limits.upgradeTimeoutMs });
  }

  #accept(socket: WebSocket, { access, lease, epoch }: Admission): void {
    const { room } = lease;
    const peer: SocketPeer = new SocketPeer(socket, access, {
      limits: this.#limits,
      metrics: this.metrics,
      events: { drained: () => room.caughtUp(peer) },
    });
    const talk: Conversation = { room, peer, introduced: false, epoch, warnedReadOnly: false };
    this.#sockets.set(peer, talk);
    this.metrics.connections.set(this.#sockets.size);
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#receive(talk, peer, data, isBinary));
    socket.on('pong', () => {
      peer.alive = true;
    });
    socket.on('error', () => this.metrics.socketError());
    socket.on('close', () => {
      this.#sockets.delete(peer);
      this.metrics.connections.set(this.#sockets.size);
      room.leave(peer);
    });
    if (this.#closing || this.#rooms.find(room.ref.documentId) !== room) peer.close(CLOSE.tryLater, 'Reconnecting.');
    else room.join(peer);
  }

  #receive(talk: Conversation, peer: SocketPeer, data: Buffer, isBinary: boolean): void {
    peer.alive = true;
    if (!talk.room.peers.has(peer) || this.#closing) return;
    try {
      if (!isBinary) throw new BadFrame('text frames are not part of the protocol');
      receiveFrame(talk, readFrame(data), this.#host);
    } catch (error) {
      if (!(error instanceof BadFrame))
        this.#options.log.error(
          { err: error, document_id: talk.room.ref.documentId },
          'A frame could not be handled; its socket was closed.',
        );
      this.metrics.error('bad_frame');
      const refused = error instanceof BadFrame;
      peer.close(refused ? error.code : CLOSE.badFrame, `Refused: ${refused ? error.message : 'the frame could not be handled'}.`);
      talk.room.leave(peer);
    }
  }

  #changed(room: Room): void {
    if (this.#rooms.find(room.ref.documentId) !== room) return;
    this.#projector.touch(room);
    if (room.logSize.isLong) void this.#compactor.request(room);
  }

  /** SY9. After those who wait for the document have it; and before they edit, it should be built (SY16). */
  #loaded(room: Room, storedHash: string | null): void {
    const check = () => {
      if (this.#rooms.find(room.ref.documentId) === room && room.build()) this.#projector.check(room, storedHash);
    };
    if (room.state.isBuilt) setImmediate(check);
    else setTimeout(check, BUILD_AFTER_MS).unref();
  }

  #changedElsewhere(room: Room): void {
    if (this.#rooms.find(room.ref.documentId) === room) this.#projector.touchLater(room);
  }

  #openNodes(): NodeRelay | null {
    const { nodes, store, log } = this.#options;
    if (!nodes) return null;
    return new NodeRelay({
      ...{ ...nodes, store, log, metrics: new NodeMetrics(this.metrics.registry) },
      refresh: (documentId) => void this.#refresh(documentId),
      saved: (room, all) => this.#projector.savedElsewhere(room, all),
    });
  }

  async #settle(room: Room): Promise<boolean> {
    // A failure is logged there and tried again while the room stays.
    await this.#projector.flush(room).catch(() => {});
    if (room.logSize.isLongForUnload) await this.#compactor.request(room);
    return !this.#projector.isBehind(room);
  }

  #broken(room: Room, error: unknown): void {
    this.metrics.error('apply');
    this.#options.log.error(
      { err: error, document_id: room.ref.documentId, reason: 'apply' },
      'An update could not be applied; it was not stored, and the document is loaded again.',
    );
    this.#projector.forget(room);
    this.#rooms.dropBroken(room);
  }

  #end(documentId: string, code: number, reason: string): void {
    const room = this.#rooms.find(documentId);
    if (!room) return;
    this.metrics.error('gone');
    this.#projector.forget(room);
    this.#rooms.drop(room);
    room.close(code, reason);
  }

  #announce(room: Room, asOf: DocumentHead | undefined): void {
    if (asOf) this.#nodes?.saved(room, asOf.version);
    const { userId, projectId, documentId } = room.ref;
    this.#options.bus?.publish({ topic: 'document.changed', userId, projectId, documentId, change: 'content' }).catch((error: unknown) => {
      this.metrics.error('bus');
      this.#options.log.warn(
        { err: error, document_id: documentId, reason: 'bus' },
        'Others could not be told that a document changed; they see it when they look.',
      );
    });
  }

  #watch(): void {
    const { bus, store } = this.#options;
    const refresh = (documentId: string) => void this.#refresh(documentId);
    if (bus) {
      this.#stops.push(
        watchBus(bus, {
          invalidate: (userId, sid) => this.invalidate(userId, sid),
          end: (documentId, code, reason) => this.#end(documentId, code, reason),
          refresh,
          follow: (documentId) => this.#follow(documentId),
          refreshAll: () => {
            for (const peer of this.#sockets.keys()) peer.nextCheckAt = 0;
            for (const room of this.#rooms.rooms()) refresh(room.ref.documentId);
          },
        }),
      );
    }
    const stop = store.onExternalUpdate?.((documentId, update) => this.#rooms.find(documentId)?.applyExternal(update));
    if (stop) this.#stops.push(stop);
  }

  /** SY12: copies that the store keeps elsewhere follow the row. */
  #follow(documentId: string): void {
    this.#options.store.follow?.(documentId).catch((error: unknown) => {
      this.#options.log.warn(
        { err: error, document_id: documentId, reason: 'follow' },
        'The file of a document that was renamed, deleted or restored did not follow; it does when it is next opened.',
      );
    });
  }

  /** Reads a document's row again: renamed, replaced or gone meanwhile. */
  async #refresh(documentId: string): Promise<void> {
    const room = this.#rooms.find(documentId);
    if (!room) return;
    try {
      const stored = await this.#options.store.load(documentId);
      if (!stored) this.#end(documentId, CLOSE.gone, 'The document was deleted.');
      else if (stored.epoch !== room.epoch)
        this.#end(documentId, CLOSE.historyDiffers, 'The history of the document was replaced. It must be merged as text.');
      else room.ref = stored.ref;
    } catch (error) {
      this.metrics.error('load');
      this.#options.log.warn(
        { err: error, document_id: documentId, reason: 'load' },
        'A document could not be read again after a change elsewhere.',
      );
    }
  }
}
