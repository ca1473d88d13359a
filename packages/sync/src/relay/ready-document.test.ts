import { documentRef, startRelay, until, updateOf } from '@markco/testing/relay-harness';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import type { LoadedDocument } from '../store/document-store.ts';
import { MemoryStore } from '../store/memory-store.ts';
import { readyState } from '../store/ready-state.ts';
import { writeWireState } from '../store/wire-state.mjs';
import { writeStep1, writeStep2, writeUpdate } from '../wire/write-frame.ts';
import { cleanUp, has, stock, synced, writer } from './relay-test-kit.ts';

/** Hands documents out as they lie in it. */
class ReadyStore extends MemoryStore {
  loads = 0;
  isBroken = false;

  override load(documentId: string): Promise<LoadedDocument | null> {
    this.loads++;
    return super.load(documentId);
  }

  async loadReady(documentId: string): Promise<LoadedDocument | null> {
    const loaded = await super.load(documentId);
    if (!loaded) return null;
    const ready = readyState(writeWireState(new Y.Doc(), 'sha'), 'sha', loaded.updates)!;
    if (this.isBroken) ready.update.fill(255);
    return { ...loaded, ready: { ...ready, snapshotBytes: 0 } };
  }
}

async function start() {
  const store = new ReadyStore();
  const ref = documentRef();
  store.create(ref, [HELLO]);
  const harness = await startRelay({ store });
  cleanUp(() => harness.stop());
  harness.authorizer.register(ref);
  return { ...harness, store, ref };
}

const HELLO = updateOf('hello');
const EMPTY = Uint8Array.of(0, 0);

describe('a document that comes ready to be handed out', () => {
  it('SY16: is given to whoever has nothing, before it is built, and edited afterwards', async () => {
    const harness = await start();
    const reader = await writer(harness);
    await until(() => has(reader.frames, writeStep2(HELLO)), 120_000, 'the state');
    // "I have nothing either" is acknowledged without building anything.
    reader.socket.send(writeStep2(EMPTY));
    await until(() => has(reader.frames, writeUpdate(EMPTY)), 120_000, 'the acknowledgement');
    const client = stock(harness);
    await synced(client.provider);
    client.doc.getText('content').insert(5, ' world');
    const edited = () => harness.store.load(harness.ref.documentId).then((loaded) => textOf(loaded!.updates));
    await until(async () => (await edited()) === 'hello world', 120_000, 'the edit to be stored');
    const late = await writer(harness);
    await until(() => late.frames.some((frame) => frame[1] === 1), 120_000, 'the state');
    const state = late.frames.find((frame) => frame[1] === 1)!;
    expect(textOf([state.subarray(3)])).toBe('hello world');
  });

  it('SY16: whoever has something already gets what is missing', async () => {
    const harness = await start();
    const reader = await writer(harness);
    const doc = new Y.Doc();
    Y.applyUpdate(doc, HELLO);
    reader.socket.send(writeStep1(Y.encodeStateVector(doc)));
    await until(() => has(reader.frames, writeStep2(EMPTY)), 120_000, 'the difference');
  });

  it('SY16: is loaded and built before anyone sees it once that failed', async () => {
    const harness = await start();
    harness.store.isBroken = true;
    const first = await writer(harness);
    const doc = new Y.Doc();
    doc.getText('content').insert(0, 'x');
    first.socket.send(writeUpdate(Y.encodeStateAsUpdate(doc)));
    expect((await first.closed).code).toBe(1013);
    expect(harness.store.loads).toBe(0);
    const client = stock(harness);
    await synced(client.provider);
    expect(client.doc.getText('content').toString()).toBe('hello');
    expect(harness.store.loads).toBe(1);
  });
});

function textOf(updates: readonly Uint8Array[]): string {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc.getText('content').toString();
}
