import { CLOSE } from '@markco/core/sync/close-code';
import { converged, documentRef, startRelay, storedText, until, updateOf } from '@markco/testing/relay-harness';
import { describe, expect, it } from 'vitest';
import { writeQueryAwareness, writeUpdate } from '../wire/write-frame.ts';
import { cleanUp, HeldMemoryStore, has, startHeld, stock, synced, writer } from './relay-test-kit.ts';

describe('durable before relayed', () => {
  it('SY4: nobody sees an update before its commit: not its author, not others, not who joins, not the process itself', async () => {
    const harness = await startHeld('base');
    const author = await writer(harness);
    const other = await writer(harness);
    await until(() => author.frames.length >= 2 && other.frames.length >= 2);
    const handle = await harness.relay.open(harness.ref.documentId);
    harness.store.hold();
    const update = updateOf('new');
    author.socket.send(writeUpdate(update));
    await until(() => harness.relay.stats().pendingBytes > 0);
    const joiner = await writer(harness);
    other.socket.send(writeQueryAwareness());
    joiner.socket.send(writeQueryAwareness());
    await until(() => joiner.frames.some(([type]) => type === 1) && other.frames.some(([type]) => type === 1));
    const isSync = (frame: Uint8Array) => frame[0] === 0 && frame[1] !== 0;
    expect(joiner.frames.filter(isSync)).toEqual([]);
    for (const { frames } of [author, other]) expect(has(frames, writeUpdate(update))).toBe(false);
    expect(handle.doc.getText('content').toString()).toBe('base');
    harness.store.release();
    await until(() => [author, other].every(({ frames }) => has(frames, writeUpdate(update))) && joiner.frames.some(isSync));
    await until(() => handle.doc.getText('content').toString().includes('new'));
    handle.release();
  });

  it('SY5: what an earlier socket brought and is not durable yet is not acknowledged to the next one either', async () => {
    const harness = await startHeld();
    harness.store.hold();
    const update = updateOf('once');
    const first = await writer(harness);
    first.socket.send(writeUpdate(update));
    await until(() => harness.relay.stats().pendingBytes > 0);
    first.socket.terminate();
    const second = await writer(harness);
    second.socket.send(writeUpdate(update));
    second.socket.send(writeQueryAwareness());
    await until(() => second.frames.some(([type]) => type === 1));
    expect(has(second.frames, writeUpdate(update))).toBe(false);
    harness.store.release();
    await until(() => has(second.frames, writeUpdate(update)));
  });

  it('SY6: through an outage nothing is echoed; afterwards everything is, once', async () => {
    const harness = await startHeld();
    const a = stock(harness);
    const b = stock(harness);
    await Promise.all([synced(a.provider), synced(b.provider)]);
    harness.store.refusing = true;
    a.doc.getText('content').insert(0, 'typed while away');
    await until(() => harness.relay.stats().failing);
    expect(b.doc.getText('content').toString()).toBe('');
    harness.store.refusing = false;
    expect(await converged([a.doc, b.doc])).toBe('typed while away');
    expect(await storedText(harness.store, harness.ref.documentId)).toBe('typed while away');
  });

  it('SY6: with the queue full a writer is told to come later, and nothing it did not hear back is shown', async () => {
    const store = new HeldMemoryStore();
    const ref = documentRef();
    store.create(ref);
    const harness = await startRelay({ store, limits: { maxPendingDocumentBytes: 64 } });
    cleanUp(() => harness.stop());
    cleanUp(() => store.release());
    harness.authorizer.register(ref);
    store.hold();
    const a = await writer({ ...harness, ref });
    for (let i = 0; i < 10; i++) a.socket.send(writeUpdate(updateOf(`edit number ${i}`)));
    expect(await a.closed).toMatchObject({ code: CLOSE.tryLater });
  });

  it('SY7: a reload of the document waits for the updates an earlier room left on their way', async () => {
    const harness = await startHeld();
    harness.store.hold();
    const a = await writer(harness);
    a.socket.send(writeUpdate(updateOf('left behind')));
    await until(() => harness.relay.stats().pendingBytes > 0);
    a.socket.terminate();
    const b = stock(harness);
    harness.store.release();
    await synced(b.provider);
    expect(b.doc.getText('content').toString()).toBe('left behind');
  });
});
