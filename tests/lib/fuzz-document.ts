import { strict as assert } from 'node:assert';
import { setImmediate as turn } from 'node:timers/promises';
import type { StructRange } from '@markco/sync/relay/check-update';
import { buildDocument } from '@markco/sync/relay/document-state';
import { readFrame } from '@markco/sync/relay/read-frame';
import type { DocumentRef } from '@markco/sync/store/document-store';
import { MemoryStore } from '@markco/sync/store/memory-store';
import { writeStep1 } from '@markco/sync/wire/write-frame';
import { documentRef, type RelayHarness, startRelay } from '@markco/testing/relay-harness';
import * as Y from 'yjs';
import { MemorySocket } from './memory-socket.ts';
import { readOrRefuse } from './read-or-refuse.ts';

/** What a frame did: what closed its socket, null where it was taken, and how long the process had to do with it, ms. */
export interface FrameOutcome {
  readonly refused: { readonly code: number; readonly reason: string } | null;
  readonly ms: number;
}

const EMPTY = Uint8Array.of(0);
// Folding is tried in between: the memory store does it on the thread that is measured.
const LIMITS = { compactRows: 1e9, compactBytes: 1e9, compactRowsAtUnload: 1e9 };

/**
 * SY14: one document of a real relay in this process, someone who sends it fuzzed frames, one at a time, and someone who watches.
 * Each refusal is followed by a new conversation. Throws where a refused frame shows anything to who watches.
 */
export class FuzzDocument {
  readonly #harness: RelayHarness;
  readonly #store: MemoryStore;
  readonly #ref: DocumentRef;
  /** What Yjs alone makes of the updates that were taken. */
  readonly #expected = buildDocument({ snapshot: null, updates: [] });
  readonly #watched = buildDocument({ snapshot: null, updates: [] });
  #watcher: MemorySocket | null = null;
  #sender: MemorySocket | null = null;
  #people = 0;

  private constructor(harness: RelayHarness, store: MemoryStore) {
    this.#harness = harness;
    this.#store = store;
    this.#ref = documentRef();
    store.create(this.#ref);
    harness.authorizer.register(this.#ref);
  }

  /** A new document, on a relay of its own. */
  static async start(): Promise<FuzzDocument> {
    const store = new MemoryStore();
    return new FuzzDocument(await startRelay({ store, limits: LIMITS }), store);
  }

  stop(): Promise<void> {
    this.#watcher?.destroy();
    this.#sender?.destroy();
    return this.#harness.stop();
  }

  /** Sends one frame and waits until everything that follows from it has happened. */
  async take(frame: Uint8Array | string): Promise<FrameOutcome> {
    if (!this.#watcher?.isOpen) this.#watcher = await this.#join('watcher', Y.encodeStateVector(this.#watched));
    if (!this.#sender?.isOpen) this.#sender = await this.#join(`fuzz-${this.#people}`, EMPTY);
    this.#watch(false);
    const sender = this.#sender;
    sender.frames.length = 0;
    const began = performance.now();
    sender.send(frame);
    await this.#settled();
    const ms = performance.now() - began;
    const refused = sender.ended;
    this.#watch(refused !== null);
    const read = readOrRefuse(frame);
    if (!refused && read?.kind === 'update') this.#expect(read.update, read.info.ranges);
    // Who broke the document in memory may not write to it for a while: another one goes on.
    if (refused && read) this.#people++;
    return { refused, ms };
  }

  /**
   * Throws unless who watched and who comes now have exactly what is stored, that is made of the structs that were taken, and the store
   * can be loaded, folded and loaded again. Which of two contents one clock has is the first one's: only fuzz writes twice under one clock.
   */
  async verify(): Promise<void> {
    await this.#settled();
    if (!this.#watcher?.isOpen) this.#watcher = await this.#join('watcher', Y.encodeStateVector(this.#watched));
    this.#watch(false);
    const newcomer = buildDocument({ snapshot: null, updates: [] });
    const socket = await this.#join('newcomer', EMPTY);
    for (const update of updatesIn(socket)) Y.applyUpdate(newcomer, update);
    const stored = await this.#load();
    await this.#store.compact(this.#ref.documentId);
    const folded = await this.#load();
    assert.deepEqual(clocksOf(stored), clocksOf(this.#expected), 'the store holds other structs than were taken');
    for (const [who, doc] of Object.entries({ watched: this.#watched, newcomer, folded })) {
      assert.deepEqual(contentOf(doc), contentOf(stored), `${who} has another content`);
      assert.ok(Y.equalSnapshots(Y.snapshot(doc), Y.snapshot(stored)), `${who} has another state`);
    }
  }

  async #load(): Promise<Y.Doc> {
    return buildDocument((await this.#store.load(this.#ref.documentId))!);
  }

  /** Notes what is new of an update that was taken. Yjs alone keeps the rest waiting where a known struct names what is missing. */
  #expect(update: Uint8Array, ranges: readonly StructRange[]): void {
    const knowsSome = ranges.some(({ client, from }) => from < Y.getState(this.#expected.store, client));
    Y.applyUpdate(this.#expected, knowsSome ? Y.diffUpdate(update, Y.encodeStateVector(this.#expected)) : update);
  }

  async #join(as: string, stateVector: Uint8Array): Promise<MemorySocket> {
    const { pathname, search } = new URL(this.#harness.documentUrl(this.#ref, { as }));
    const socket = await MemorySocket.open(this.#harness.relay, pathname + search);
    socket.send(writeStep1(stateVector));
    await this.#settled();
    return socket;
  }

  /** Takes in what the watcher was sent; of a refused frame that may be nothing but that its cursors are gone. */
  #watch(afterRefusal: boolean): void {
    for (const frame of this.#watcher!.frames.splice(0)) {
      const read = readFrame(frame);
      const isGone = read.kind === 'awareness' && read.entries.every(({ state }) => state === 'null');
      assert.ok(isGone || !afterRefusal, `a refused frame showed a ${read.kind} to another client`);
      if (read.kind === 'update') Y.applyUpdate(this.#watched, read.update);
    }
  }

  async #settled(): Promise<void> {
    do await turn();
    while (this.#harness.relay.stats().pendingBytes > 0);
    await turn();
  }
}

function* updatesIn(socket: MemorySocket): Generator<Uint8Array> {
  for (const frame of socket.frames) {
    const read = readFrame(frame);
    if (read.kind === 'update') yield read.update;
  }
}

const contentOf = (doc: Y.Doc) => ({ text: doc.getText('content').toString(), map: doc.getMap('markco').toJSON() });

const clocksOf = (doc: Y.Doc) => [...Y.decodeStateVector(Y.encodeStateVector(doc))].sort(([a], [b]) => a - b);
