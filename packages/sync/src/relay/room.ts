import { CLOSE } from '@markco/core/sync/close-code';
import * as Y from 'yjs';
import type { DocumentRef, LoadedDocument } from '../store/document-store.ts';
import { type AwarenessEntry, encodeAwareness, writeAwareness, writeStep1, writeStep2, writeUpdate } from '../wire/write-frame.ts';
import type { StructRange } from './check-update.ts';
import { ClientOwners } from './client-owners.ts';
import type { CommitQueue } from './commit-queue.ts';
import { type AppliedUpdate, DocumentState } from './document-state.ts';
import type { RelayLimits } from './limits.ts';
import { LogSize } from './log-size.ts';
import type { RelayMetrics } from './metrics.ts';
import type { Peer } from './peer.ts';
import { RoomAwareness } from './room-awareness.ts';
import type { Suspects } from './suspects.ts';

/** What a room asks of the relay around it. */
export interface RoomHost {
  readonly queue: CommitQueue;
  readonly limits: RelayLimits;
  readonly metrics: RelayMetrics;
  readonly suspects: Suspects;
  /** The document changed durably: its content must follow (SY9) and its log may be long (SY10). */
  changed(room: Room): void;
  /** SY18: another process stored something and takes care of what follows; only if it does not, this one must. */
  changedElsewhere?(room: Room): void;
  /** Nobody is left. */
  emptied(room: Room): void;
  /** The document in memory is not to be trusted any more. */
  broken(room: Room, error: unknown): void;
  /** SY18: these awareness entries come from a peer here; other processes may show them. */
  present?(room: Room, peer: Peer, entries: readonly AwarenessEntry[]): void;
}

/** An update on its way: what is stored, what is news to others (null: nothing yet), and what its author sent. */
export interface Edit {
  readonly store: Uint8Array;
  readonly news: Uint8Array | null;
  readonly sent: Uint8Array;
  readonly author: Peer | null;
  /** The structs in `news`. */
  readonly ranges: readonly StructRange[];
}

/**
 * One open document and who is in it. The one place where "durable before relayed" (SY4) is kept: an update is applied at
 * once, and everything that could show it to anyone hangs on its commit.
 */
export class Room {
  ref: DocumentRef;
  readonly epoch: string;
  readonly state: DocumentState;
  readonly owners = new ClientOwners();
  readonly awareness: RoomAwareness;
  readonly logSize: LogSize;
  readonly #host: RoomHost;
  readonly #peers = new Set<Peer>();
  /** Peers that have the document and get what is new. */
  readonly #listeners = new Set<Peer>();
  /** Peers too far behind to be sent anything, with the state vector of what they have (SY13). */
  readonly #behind = new Map<Peer, Uint8Array>();
  /** Clock by client of what was relayed: what every listener has. */
  readonly #shown: Map<number, number>;

  constructor(loaded: LoadedDocument, host: RoomHost) {
    this.ref = loaded.ref;
    this.epoch = loaded.epoch;
    this.#host = host;
    this.state = new DocumentState(loaded);
    this.awareness = new RoomAwareness(this.owners, host.limits);
    this.logSize = new LogSize(loaded, host.limits);
    this.#shown = Y.decodeStateVector(this.state.stateVector);
  }

  get peers(): ReadonlySet<Peer> {
    return this.#peers;
  }

  /** Adds a peer. A writer is asked for what it has; everyone hears who is here. */
  join(peer: Peer): void {
    this.#peers.add(peer);
    if (peer.access.mode === 'write') peer.sendSync(writeStep1(this.state.stateVector));
    const here = this.awareness.entries();
    if (here.length > 0) peer.sendAwareness(writeAwareness(encodeAwareness(here)));
  }

  /** Removes a peer and, for the others, the cursors that came from it (SY15). */
  leave(peer: Peer): void {
    if (!this.#peers.delete(peer)) return;
    this.#listeners.delete(peer);
    this.#behind.delete(peer);
    const gone = this.awareness.remove(this.owners.release(peer));
    if (gone.length > 0) this.relayAwareness(gone, peer);
    if (this.#peers.size === 0) this.#host.emptied(this);
  }

  /**
   * Gives a peer what it lacks. Encoded now, sent when everything in it is durable; from then on the peer gets what is new,
   * in order, so that nothing falls between the two.
   */
  sendState(peer: Peer, stateVector: Uint8Array, as: 'step2' | 'update'): void {
    if (stateVector.length > 1 && !this.build()) return;
    const update = this.state.encodeFor(stateVector);
    this.#host.queue.barrier(this.ref.documentId, () => {
      if (!this.#peers.has(peer)) return;
      if (peer.sendSync(as === 'step2' ? writeStep2(update) : writeUpdate(update))) this.#listeners.add(peer);
      else this.#fellBehind(peer, stateVector);
    });
  }

  /** A peer that was behind can take more: one diff of what it missed (SY13). */
  caughtUp(peer: Peer): void {
    const has = this.#behind.get(peer);
    if (!has) return;
    this.#behind.delete(peer);
    this.sendState(peer, has, 'update');
  }

  /** Makes an update of a peer durable, then shows it: to its author as the acknowledgement (SY5), to the others as news. */
  commit(edit: Edit): void {
    const { store, news, sent, author } = edit;
    this.#host.queue.push(this.ref, store, () => {
      this.logSize.add(store.length);
      this.#host.changed(this);
      if (news === sent) this.#relay(writeUpdate(news), null);
      else {
        if (news) this.#relay(writeUpdate(news), author);
        this.#acknowledge(author, sent);
      }
      if (news) this.#remember(edit.ranges);
    });
  }

  /** Echoes an update that brought nothing new, once everything before it is durable (SY5). */
  acknowledgeLater(author: Peer, sent: Uint8Array): void {
    this.#host.queue.barrier(this.ref.documentId, () => this.#acknowledge(author, sent));
  }

  /** An update a store learnt of by itself: durable already. */
  applyExternal(update: Uint8Array): void {
    if (!this.build()) return;
    this.#show(this.state.applyTrusted(update), () => this.#host.changed(this));
  }

  /** SY18: what another process stored. It is shown here, and never stored again. */
  applyStored(stored: Pick<LoadedDocument, 'snapshot' | 'updates'>): void {
    this.#show(this.state.absorb(stored), () => this.#host.changedElsewhere?.(this));
  }

  /** Shows what is durable already, once all that is queued before it is too. */
  #show({ integrated, ranges }: Pick<AppliedUpdate, 'integrated' | 'ranges'>, then: () => void): void {
    if (!integrated) return;
    this.#host.queue.barrier(this.ref.documentId, () => {
      then();
      this.#relay(writeUpdate(integrated), null);
      this.#remember(ranges);
    });
  }

  /** Awareness goes to everyone, its sender too: stock clients take it as a sign of life. `from`: the peer here it comes from. */
  relayAwareness(entries: readonly AwarenessEntry[], from: Peer | null): void {
    const frame = writeAwareness(encodeAwareness(entries));
    for (const peer of this.#peers) peer.sendAwareness(frame);
    if (from) this.#host.present?.(this, from, entries);
  }

  /** Ends every peer. */
  close(code: number, reason: string): void {
    for (const peer of [...this.#peers]) {
      peer.close(code, reason);
      this.leave(peer);
    }
  }

  /** SY16: builds the document where it was handed out unbuilt so far. False where it cannot be: everybody comes back to one that is built first. */
  build(): boolean {
    try {
      return this.state.doc !== null;
    } catch (error) {
      this.fail(error);
      return false;
    }
  }

  /** Ends every peer because the document in memory may be wrong; they come back to a fresh one. */
  fail(error: unknown): void {
    this.#host.broken(this, error);
    this.close(CLOSE.tryLater, 'The document had to be loaded again. Reconnecting.');
  }

  #acknowledge(author: Peer | null, sent: Uint8Array): void {
    if (author && this.#listeners.has(author)) this.#send(author, writeUpdate(sent));
  }

  #relay(frame: Uint8Array, except: Peer | null): void {
    for (const peer of this.#listeners) if (peer !== except) this.#send(peer, frame);
  }

  #send(peer: Peer, frame: Uint8Array): void {
    if (!peer.sendSync(frame)) this.#fellBehind(peer, Y.encodeStateVector(this.#shown));
  }

  #fellBehind(peer: Peer, has: Uint8Array): void {
    this.#listeners.delete(peer);
    this.#behind.set(peer, has);
  }

  #remember(ranges: readonly StructRange[]): void {
    for (const { client, to } of ranges) if (to > (this.#shown.get(client) ?? 0)) this.#shown.set(client, to);
  }
}
