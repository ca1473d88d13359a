import { randomBytes } from 'node:crypto';
import type { Log } from '../log.ts';
import type { Peer } from '../relay/peer.ts';
import type { Room } from '../relay/room.ts';
import type { RoomWatcher } from '../relay/room-registry.ts';
import type { Appended, DocumentStore, UpdateBatch } from '../store/document-store.ts';
import { type AwarenessEntry, encodeAwareness } from '../wire/write-frame.ts';
import { withDeadline } from '../with-deadline.ts';
import { HeadAnnouncer } from './head-announcer.ts';
import { NodeAwareness } from './node-awareness.ts';
import { decodeNodeFrame, encodeNodeFrame, type NodeFrame } from './node-frame.ts';
import type { NodeLink } from './node-link.ts';
import type { NodeMetrics } from './node-metrics.ts';
import { NodePresence } from './node-presence.ts';
import { NODE_TUNING, type NodeTuning } from './node-tuning.ts';
import { OpenDocument } from './open-document.ts';
import { TailReader } from './tail-reader.ts';

const NODES = 'markco:nodes';
const DOCUMENT = 'markco:doc:';
/** Larger batches are read from the store: Redis ends subscribers that fall some MB behind. */
const MAX_INLINE_BYTES = 256 * 1024;

export interface NodeRelayOptions {
  readonly link: NodeLink;
  /** One that counts: its `append` answers with versions, and it has `heads`. */
  readonly store: DocumentStore;
  readonly log: Log;
  readonly metrics: NodeMetrics;
  readonly tuning?: Partial<NodeTuning>;
  /** The row of a document is not what its room was loaded from any more: replaced or gone. */
  readonly refresh: (documentId: string) => void;
  /** Another process stored the document's text as of some version; `all`: with everything that is in memory here (SY9). */
  readonly saved: (room: Room, all: boolean) => void;
}

/** A frame without its origin. */
type Message<Frame = NodeFrame> = Frame extends NodeFrame ? Omit<Frame, 'node' | 'epoch'> : never;

/**
 * SY18: joins this relay with those of other processes. What is stored here is told to them; what they store is shown here and
 * never stored again. The store's count of a document's updates tells what is missing, and the store has it.
 */
export class NodeRelay implements RoomWatcher {
  readonly node = randomBytes(8).toString('hex');
  readonly #options: NodeRelayOptions;
  readonly #tuning: NodeTuning;
  readonly #documents = new Map<string, OpenDocument>();
  readonly #heads: HeadAnnouncer;
  readonly #presence: NodePresence;
  readonly #awareness = new NodeAwareness();
  readonly #tail: TailReader;
  readonly #timer: NodeJS.Timeout;
  readonly #sending = new Set<Promise<void>>();
  #sweptAt = Date.now();
  #downSince: number | null = null;
  #stopped = false;

  constructor(options: NodeRelayOptions) {
    if (!options.store.heads) throw new Error(`The store "${options.store.kind}" cannot be shared by several relay processes.`);
    const { link, store, log, metrics, refresh } = options;
    this.#options = options;
    this.#tuning = { ...NODE_TUNING, ...options.tuning };
    this.#heads = new HeadAnnouncer((id, { epoch, version }) => this.#send(DOCUMENT + id, epoch, { kind: 'head', version }));
    this.#presence = new NodePresence(this.#tuning, (node) => this.#lost(node));
    this.#tail = new TailReader({
      ...{ store, log, metrics, refresh, graceMs: this.#tuning.graceMs },
      open: () => this.#documents.keys(),
      find: (id) => {
        const { room, track } = this.#documents.get(id) ?? {};
        return room && track ? { room, track } : null;
      },
    });
    link.onMessage((channel, bytes) => this.#receive(channel, bytes));
    link.onUp(() => this.#linkUp());
    link.onDown(() => this.#linkDown());
    void link.subscribe(NODES);
    if (link.up) this.#linkUp();
    else this.#linkDown();
    this.#timer = setInterval(() => this.#tick(), this.#tuning.tickMs).unref();
  }

  /** For `/readyz` (OP4). */
  status(): { readonly bus: 'up' | 'down'; readonly others: number; readonly downSeconds?: number } {
    const others = this.#presence.others;
    if (this.#downSince === null) return { bus: 'up', others };
    return { bus: 'down', others, downSeconds: Math.round((Date.now() - this.#downSince) / 1_000) };
  }

  async opening(documentId: string): Promise<void> {
    this.#documents.set(documentId, new OpenDocument());
    await this.#options.link.subscribe(DOCUMENT + documentId);
  }

  opened(room: Room, version: number | undefined): void {
    const document = this.#documents.get(room.ref.documentId);
    if (!document) return;
    for (const frame of document.loaded(room, version ?? 0)) this.#take(document, frame);
    this.#tell(room, { kind: 'who' });
  }

  joining(room: Room): Promise<void> | null {
    // While the bus is away this document may be behind: whoever joins sees what the others showed.
    return this.#options.link.up ? null : this.#tail.sweep([room.ref.documentId]);
  }

  closed(documentId: string): void {
    const document = this.#documents.get(documentId);
    if (document?.room) this.#awareness.forget(document.room);
    this.#documents.delete(documentId);
    this.#options.link.unsubscribe(DOCUMENT + documentId);
  }

  /** These were made durable here (the commit queue says so). Never throws. */
  stored(batches: readonly UpdateBatch[], versions: Appended): void {
    for (const { ref, updates } of batches) {
      const { documentId } = ref;
      const version = versions?.get(documentId);
      if (version === undefined) continue;
      const document = this.#documents.get(documentId);
      document?.track?.add(version - updates.length, version);
      if (document?.track?.behind) this.#tail.watch(documentId);
      const epoch = document?.room?.epoch ?? '';
      this.#heads.changed(documentId, { epoch, version });
      const bytes = updates.reduce((sum, update) => sum + update.length, 0);
      const inline = bytes <= MAX_INLINE_BYTES && epoch !== '';
      this.#trySend(DOCUMENT + documentId, epoch, inline ? { kind: 'updates', version, updates } : { kind: 'head', version });
    }
  }

  /** Cursors of a peer of this process. */
  present(room: Room, peer: Peer, entries: readonly AwarenessEntry[]): void {
    this.#tell(room, { kind: 'awareness', userId: peer.access.userId, payload: encodeAwareness(entries) });
  }

  /** Up to which version everything is in memory: a text read now has all of that. */
  versionOf(documentId: string): number | undefined {
    return this.#documents.get(documentId)?.track?.upTo;
  }

  /** The text of this version is stored: the others need not do it too. */
  saved(room: Room, version: number): void {
    this.#tell(room, { kind: 'saved', version });
  }

  /** Says goodbye once everything under way was sent, at most half a second. Does not close the link. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#tail.stop();
    this.#trySend(NODES, '', { kind: 'bye' });
    await withDeadline(Promise.all(this.#sending), 500).catch(() => {});
  }

  #receive(channel: string, bytes: Uint8Array): void {
    const frame = decodeNodeFrame(bytes);
    if (frame?.node === this.node || this.#stopped) return;
    this.#options.metrics.received.inc();
    const document = this.#documents.get(channel.slice(DOCUMENT.length));
    // Of another release: what it says is in the store, and the next sweep finds it.
    if (!frame) return;
    if (frame.kind === 'bye') this.#presence.left(frame.node);
    else if (this.#presence.heard(frame.node)) this.#meetAgain();
    if (!document) return;
    if (document.track) this.#take(document, frame);
    else document.keep(frame, bytes.length);
  }

  #take({ room, track }: OpenDocument, frame: NodeFrame): void {
    if (!room || !track) return;
    const { documentId } = room.ref;
    if (frame.epoch !== '' && frame.epoch !== room.epoch) return void this.#tail.read(documentId);
    try {
      if (frame.kind === 'updates') {
        if (track.add(frame.version - frame.updates.length, frame.version)) room.applyStored({ snapshot: null, updates: frame.updates });
      } else if (frame.kind === 'head') track.see(frame.version);
      else if (frame.kind === 'saved') this.#options.saved(room, frame.version >= track.upTo);
      else if (frame.kind === 'awareness') this.#awareness.take(room, frame);
      else if (frame.kind === 'who') this.#presentAll(room);
    } catch (error) {
      room.fail(error);
    }
    if (track.behind) this.#tail.watch(documentId);
  }

  #tick(): void {
    this.#trySend(NODES, '', { kind: 'hello' });
    this.#presence.look();
    this.#options.metrics.others.set(this.#presence.others);
    const { link } = this.#options;
    if (link.up) void this.#heads.announce();
    const { sweepMs, worriedSweepMs } = this.#tuning;
    // A little early counts: the ticks come late rather than early.
    const due = link.up && !this.#presence.worried ? sweepMs : worriedSweepMs;
    if (Date.now() - this.#sweptAt < due - this.#tuning.tickMs / 4) return;
    this.#sweep();
  }

  #sweep(): void {
    this.#sweptAt = Date.now();
    void this.#tail.sweep();
  }

  #linkUp(): void {
    const { log, metrics } = this.#options;
    metrics.busUp.set(1);
    if (this.#downSince !== null) log.info({ documents: this.#documents.size }, 'Redis carries edits between relay processes.');
    this.#downSince = null;
    this.#trySend(NODES, '', { kind: 'hello' });
    void this.#heads.announce();
    this.#sweep();
    this.#meetAgain();
  }

  #linkDown(): void {
    const { log, metrics } = this.#options;
    metrics.busUp.set(0);
    this.#downSince = Date.now();
    log.warn(
      { reason: 'bus' },
      'Redis cannot be reached. Edits are saved as ever; those made at other relay processes are read from the database every 1.5 s, and their cursors are not shown, until it is back.',
    );
  }

  /** Asks who is where, and says who is here. */
  #meetAgain(): void {
    for (const { room } of this.#documents.values()) {
      if (!room) continue;
      this.#tell(room, { kind: 'who' });
      this.#presentAll(room);
    }
  }

  #presentAll(room: Room): void {
    for (const [userId, payload] of this.#awareness.present(room)) this.#tell(room, { kind: 'awareness', userId, payload });
  }

  #lost(node: string): void {
    this.#awareness.lose(node);
    // Its last commits may never have been told.
    this.#sweep();
  }

  #tell(room: Room, message: Message): void {
    this.#trySend(DOCUMENT + room.ref.documentId, room.epoch, message);
  }

  #trySend(channel: string, epoch: string, message: Message): void {
    if (!this.#options.link.up) return;
    const sending = this.#send(channel, epoch, message)
      .catch(() => {})
      .finally(() => this.#sending.delete(sending));
    this.#sending.add(sending);
  }

  #send(channel: string, epoch: string, message: Message): Promise<void> {
    this.#options.metrics.sent.inc();
    return this.#options.link.publish(channel, encodeNodeFrame({ node: this.node, epoch, ...message }));
  }
}
