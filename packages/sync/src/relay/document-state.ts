import * as Y from 'yjs';
import type { LoadedDocument } from '../store/document-store.ts';
import type { ReadyState } from '../store/ready-state.ts';
import { withSteps } from './bounded-integrate.ts';
import { checkStructs } from './check-structs.ts';
import type { StructRange, UpdateInfo } from './check-update.ts';

// What placing structs may cost (SY14): 300 people typing into one place need two thirds of the first. A step takes about 0.2 µs.
const STEPS = 60_000;
const STEPS_A_STRUCT = 10;
const MAX_STEPS = 400_000;

/** What applying an update did. `applied`: the update, or the unknown part of it; that and nothing else may be stored. `integrated`: the part that became visible, null where nothing was new; `ranges`: its structs. */
export interface AppliedUpdate {
  readonly applied: Uint8Array;
  readonly integrated: Uint8Array | null;
  readonly ranges: readonly StructRange[];
  /** Parts of it, or of earlier ones, wait for missing structs. */
  readonly gapped: boolean;
}

/**
 * The Y.Doc of a room, with what a relay asks of it: applying, encoding without gapped structs (SY14), and history checks (SY7).
 * SY16: a document that came ready to be handed out is built when first needed; who has nothing yet is answered without it.
 */
export class DocumentState {
  #doc: Y.Doc | null = null;
  /** Until it is built. */
  #ready: ReadyState | null;
  #version = 0;
  /** Weak: between storms it is the garbage collector's, and no timer is needed for that. */
  #full: { version: number; bytes: WeakRef<Uint8Array> } | null = null;
  #integrated: Uint8Array | null = null;
  #ranges: readonly StructRange[] = [];
  #gapStructs = 0;
  /** At most so many bytes is the whole state: as it was measured last at a version, and what came in since. */
  #bytes: number;
  #measured = -1;

  constructor(loaded: LoadedDocument) {
    this.#bytes = loaded.ready?.update.length ?? bytesOf(loaded);
    this.#ready = loaded.ready ?? null;
    if (!this.#ready) this.#doc = this.#build(loaded);
  }

  /** Throws where it is not built yet and Yjs cannot build it. */
  get doc(): Y.Doc {
    if (this.#doc) return this.#doc;
    const ready = this.#ready!;
    this.#doc = this.#build({ snapshot: null, updates: [ready.update] });
    this.#ready = null;
    this.#full = { version: this.#version, bytes: new WeakRef(ready.update) };
    return this.#doc;
  }

  get isBuilt(): boolean {
    return this.#doc !== null;
  }

  #build(loaded: Pick<LoadedDocument, 'snapshot' | 'updates'>): Y.Doc {
    const doc = buildDocument(loaded);
    const { pendingStructs } = doc.store;
    if (pendingStructs) this.#gapStructs = Y.decodeUpdateV2(pendingStructs.update).structs.length;
    doc.on('update', (update: Uint8Array, _origin: unknown, _doc: Y.Doc, transaction: Y.Transaction) => {
      this.#version++;
      this.#integrated = update;
      this.#ranges = rangesOf(transaction);
    });
    return doc;
  }

  /**
   * Applies a checked update of a peer. Throws where Yjs does, where it would take too many steps, and where the document would not
   * stand what the update puts into it (SY14); the document is then not to be used any more.
   */
  apply(update: Uint8Array, info: UpdateInfo): AppliedUpdate {
    const news = this.#knowsSomeOf(info) ? Y.diffUpdate(update, this.stateVector) : update;
    const before = this.gapBytes;
    const applied = withSteps(Math.min(MAX_STEPS, STEPS + STEPS_A_STRUCT * info.structs), () => this.applyTrusted(news));
    checkStructs(this.doc, applied.ranges);
    if (this.gapBytes > before) this.#gapStructs += info.structs;
    return applied;
  }

  /** Applies an update that a store took from someone it trusts. Throws where Yjs does. */
  applyTrusted(update: Uint8Array): AppliedUpdate {
    this.#bytes += update.length;
    return { applied: update, ...this.#observed(() => Y.applyUpdate(this.doc, update, 'relay')) };
  }

  /** Applies what a store holds, in one transaction. Throws where Yjs does. */
  absorb(stored: Pick<LoadedDocument, 'snapshot' | 'updates'>): Omit<AppliedUpdate, 'applied'> {
    this.#bytes += bytesOf(stored);
    return this.#observed(() => applyAll(this.doc, stored, 'relay'));
  }

  #observed(apply: () => void): Omit<AppliedUpdate, 'applied'> {
    const waiting = this.gapBytes;
    this.#integrated = null;
    this.#ranges = [];
    apply();
    if (this.gapBytes === 0) this.#gapStructs = 0;
    const observed = { integrated: this.#integrated, ranges: this.#ranges, gapped: waiting > 0 || this.gapBytes > 0 };
    // An idle document must not hold its last update.
    this.#integrated = null;
    this.#ranges = [];
    return observed;
  }

  /**
   * What is known already must not come to Yjs again: it throws where it cuts a struct of which it collected the first half, and takes a character
   * apart that a struct names the middle of, though it has that struct in another place.
   */
  #knowsSomeOf(info: UpdateInfo): boolean {
    return info.ranges.some(({ client, from }) => from < this.clockOf(client));
  }

  /** What a client with this state vector lacks (Yjs V1). The whole state is cached for a storm of joiners (SY16). */
  encodeFor(stateVector: Uint8Array): Uint8Array {
    if (this.#ready && stateVector.length === 1) return this.#ready.update;
    if (stateVector.length > 1) return withoutGaps(this.doc, () => Y.encodeStateAsUpdate(this.doc, stateVector));
    const cached = this.#full?.version === this.#version ? this.#full.bytes.deref() : undefined;
    if (cached) return cached;
    const bytes = withoutGaps(this.doc, () => Y.encodeStateAsUpdate(this.doc));
    this.#full = { version: this.#version, bytes: new WeakRef(bytes) };
    return bytes;
  }

  /** Lets go of the cached encoding. */
  trim(): void {
    this.#full = null;
  }

  get stateVector(): Uint8Array {
    return this.#ready ? Y.encodeStateVector(this.#ready.clocks as Map<number, number>) : Y.encodeStateVector(this.doc);
  }

  get text(): string {
    return this.doc.getText('content').toString();
  }

  /** UTF-16 length of the text, without building it. */
  get textLength(): number {
    return this.doc.getText('content').length;
  }

  /** How much shorter the text becomes by what a checked update deletes of what is here (UTF-16 units). Reads the whole update. */
  lengthDeletedBy(update: Uint8Array): number {
    const text = this.doc.getText('content');
    let length = 0;
    for (const [client, ranges] of Y.decodeUpdate(update).ds.clients) {
      const structs = this.doc.store.clients.get(client) ?? [];
      for (const { clock, len } of ranges) {
        if (clock >= this.clockOf(client)) break;
        const end = clock + len;
        for (let i = Y.findIndexSS(structs, clock); i < structs.length && structs[i]!.id.clock < end; i++) {
          const item = structs[i]!;
          if (!(item instanceof Y.Item) || item.deleted || !item.countable || item.parent !== text) continue;
          length += Math.min(end, item.id.clock + item.length) - Math.max(clock, item.id.clock);
        }
      }
    }
    return length;
  }

  /** SY17: whether the whole state stays within `max` bytes with so many more. Encodes it where the sum of what came in does not tell. */
  hasRoomFor(bytes: number, max: number): boolean {
    if (this.#bytes + bytes <= max) return true;
    if (this.#measured !== this.#version) {
      this.#bytes = this.encodeFor(Uint8Array.of(0)).length;
      this.#measured = this.#version;
    }
    return this.#bytes + bytes <= max;
  }

  /** The clock after the last struct of a client. */
  clockOf(client: number): number {
    return this.#ready ? (this.#ready.clocks.get(client) ?? 0) : Y.getState(this.doc.store, client);
  }

  /** SY7: true where a history with these client ids has nothing in common with ours, and both have something. */
  isForeign(clients: readonly number[]): boolean {
    const ours = this.#ready?.clocks ?? this.doc.store.clients;
    return clients.length > 0 && ours.size > 0 && !clients.some((client) => ours.has(client));
  }

  /** Bytes of structs and deletions that wait for missing structs. */
  get gapBytes(): number {
    if (this.#ready) return 0;
    const store = this.doc.store;
    return (store.pendingStructs?.update.length ?? 0) + (store.pendingDs?.length ?? 0);
  }

  /** How many structs wait, at most. */
  get gapStructs(): number {
    return this.#gapStructs;
  }

  destroy(): void {
    this.#doc?.destroy();
  }
}

/** Builds a document from what a store loaded, in one Yjs transaction (rebuilding update by update takes twenty times as long). */
export function buildDocument(loaded: Pick<LoadedDocument, 'snapshot' | 'updates'>): Y.Doc {
  // A random name, which nothing here reads, would cost more to draw than the rest of an empty document.
  const doc = new Y.Doc({ guid: '' });
  // Yjs would tidy up after formatting by edits of its own, which nobody made, and which it may need minutes for.
  doc.on('afterTransaction', (transaction) => {
    transaction._needFormattingCleanup = false;
  });
  applyAll(doc, loaded, 'load');
  return doc;
}

function applyAll(doc: Y.Doc, { snapshot, updates }: Pick<LoadedDocument, 'snapshot' | 'updates'>, origin: string): void {
  doc.transact(() => {
    if (snapshot) Y.applyUpdateV2(doc, snapshot, origin);
    for (const update of updates) Y.applyUpdate(doc, update, origin);
  }, origin);
}

/** Runs `encode` while the document's gapped structs are out of sight: Yjs would encode them too. */
export function withoutGaps<T>(doc: Y.Doc, encode: () => T): T {
  const { pendingStructs, pendingDs } = doc.store;
  doc.store.pendingStructs = null;
  doc.store.pendingDs = null;
  try {
    return encode();
  } finally {
    doc.store.pendingStructs = pendingStructs;
    doc.store.pendingDs = pendingDs;
  }
}

function bytesOf({ snapshot, updates }: Pick<LoadedDocument, 'snapshot' | 'updates'>): number {
  return updates.reduce((sum, { length }) => sum + length, snapshot?.length ?? 0);
}

function rangesOf({ beforeState, afterState }: Y.Transaction): StructRange[] {
  const ranges: StructRange[] = [];
  for (const [client, to] of afterState) {
    const from = beforeState.get(client) ?? 0;
    if (to > from) ranges.push({ client, from, to });
  }
  return ranges;
}
