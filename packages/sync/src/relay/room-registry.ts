import type { Log } from '../log.ts';
import type { DocumentStore, LoadedDocument } from '../store/document-store.ts';
import type { RelayMetrics } from './metrics.ts';
import { Room, type RoomHost } from './room.ts';

/** A room somebody uses or is about to. */
interface Slot {
  readonly opening: Promise<Room | null>;
  room: Room | null;
  /** Users between asking for the room and having joined it. */
  holds: number;
  unloading: NodeJS.Timeout | null;
}

export interface RoomRegistryOptions {
  readonly store: Pick<DocumentStore, 'load' | 'loadReady'>;
  readonly host: RoomHost;
  readonly log: Log;
  readonly metrics: RelayMetrics;
  /** What must be done before a document leaves memory (content, compaction). False where it has to stay: its text is not stored yet. */
  readonly settle: (room: Room) => Promise<boolean>;
  /** A document came into memory. */
  readonly loaded: (room: Room, loaded: LoadedDocument) => void;
  /** SY18: whoever brings in what other processes store. */
  readonly nodes?: RoomWatcher | null;
}

/** Told which documents are in memory. */
export interface RoomWatcher {
  /** Before it is loaded: once resolved, nothing stored from then on is missed. Never rejects. */
  opening(documentId: string): Promise<void>;
  /** It is in memory, as of this version. */
  opened(room: Room, version: number | undefined): void;
  /** Someone joins it: resolves when it may be served. Never rejects. */
  joining(room: Room): Promise<void> | null;
  /** It is not in memory any more, or never came to be. */
  closed(documentId: string): void;
}

/** A room kept open until {@link RoomLease.release}. */
export interface RoomLease {
  readonly room: Room;
  release(): void;
}

/** SY16: which documents are in memory. One load however many join, and one document whoever comes and goes. */
export class RoomRegistry {
  readonly #options: RoomRegistryOptions;
  readonly #slots = new Map<string, Slot>();
  /** Documents that turned out wrong in memory: from then on they are built before anyone sees them. */
  readonly #broken = new Set<string>();

  constructor(options: RoomRegistryOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#slots.size;
  }

  /** The room where it is open. */
  find(documentId: string): Room | null {
    return this.#slots.get(documentId)?.room ?? null;
  }

  *rooms(): Iterable<Room> {
    for (const { room } of this.#slots.values()) if (room) yield room;
  }

  /** Opens a document, or joins who already has. Null where it does not exist; rejects where the store cannot say (SY6). */
  async acquire(documentId: string): Promise<RoomLease | null> {
    const slot = this.#slots.get(documentId) ?? this.#open(documentId);
    slot.holds++;
    let released = false;
    const release = () => {
      if (released) return;
      released = true;
      slot.holds--;
      if (slot.room) this.scheduleUnload(slot.room);
    };
    try {
      const room = await slot.opening;
      if (!room) release();
      else await this.#options.nodes?.joining(room);
      return room && { room, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Takes a room out whose document is not to be trusted. */
  dropBroken(room: Room): void {
    this.#broken.add(room.ref.documentId);
    this.drop(room);
  }

  /** Takes a room out at once, whoever is in it; the next one to come loads anew. */
  drop(room: Room): void {
    const slot = this.#slots.get(room.ref.documentId);
    if (slot?.room !== room) return;
    if (slot.unloading) clearTimeout(slot.unloading);
    this.#slots.delete(room.ref.documentId);
    this.#options.nodes?.closed(room.ref.documentId);
    this.#options.metrics.documents.set(this.#slots.size);
    room.state.destroy();
  }

  /** Starts the clock after the last one left. */
  scheduleUnload(room: Room): void {
    const slot = this.#slots.get(room.ref.documentId);
    if (slot?.room !== room || slot.unloading || !this.#isUnused(slot, room)) return;
    room.state.trim();
    slot.unloading = setTimeout(() => void this.#unload(slot, room), this.#options.host.limits.unloadAfterMs);
    slot.unloading.unref();
  }

  #open(documentId: string): Slot {
    const { store, host, metrics, log, loaded, nodes } = this.#options;
    const load = async (): Promise<{ room: Room; loaded: LoadedDocument } | null> => {
      // An earlier room of it may have left updates on their way: they belong to what is loaded.
      await new Promise<void>((resolve) => host.queue.barrier(documentId, resolve));
      await nodes?.opening(documentId);
      const started = performance.now();
      const stored = store.loadReady && !this.#broken.has(documentId) ? await store.loadReady(documentId) : await store.load(documentId);
      metrics.loadMs.observe(performance.now() - started);
      return stored && { room: new Room(stored, host), loaded: stored };
    };
    const loading = load();
    const slot: Slot = { opening: loading.then((found) => found?.room ?? null), room: null, holds: 0, unloading: null };
    this.#slots.set(documentId, slot);
    metrics.documents.set(this.#slots.size);
    loading.then(
      (found) => {
        if (!found) return this.#forget(documentId, slot);
        slot.room = found.room;
        nodes?.opened(found.room, found.loaded.version);
        loaded(found.room, found.loaded);
      },
      (error) => {
        metrics.error('load');
        log.error(
          { err: error, document_id: documentId, reason: 'load' },
          'A document could not be loaded; whoever asked for it was refused and may try again.',
        );
        this.#forget(documentId, slot);
      },
    );
    return slot;
  }

  async #unload(slot: Slot, room: Room): Promise<void> {
    const settled = this.#isUnused(slot, room) && (await this.#options.settle(room));
    slot.unloading = null;
    // Someone may have come meanwhile: then it stays, and its leaving starts the clock again.
    if (!this.#isUnused(slot, room)) return;
    if (!settled || this.#options.host.queue.isPending(room.ref.documentId)) this.scheduleUnload(room);
    else this.drop(room);
  }

  #isUnused(slot: Slot, room: Room): boolean {
    return slot.holds === 0 && room.peers.size === 0;
  }

  #forget(documentId: string, slot: Slot): void {
    if (this.#slots.get(documentId) === slot) {
      this.#slots.delete(documentId);
      this.#options.nodes?.closed(documentId);
    }
    this.#options.metrics.documents.set(this.#slots.size);
  }
}
