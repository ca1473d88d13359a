import { converged, until } from '@markco/testing/relay-harness';
import { describe, expect, it } from 'vitest';
import { start, stock, synced, writer } from './relay-test-kit.ts';

describe('a reader that is slow', () => {
  it('SY13: a reader that stalls is ended; one that drains gets one diff and misses nothing', async () => {
    const harness = await start({
      limits: { staleBytes: 64 * 1024, terminateBytes: 64 * 1024 * 1024, staleMs: 20_000, compactBytes: 1e9 },
    });
    const a = stock(harness);
    const slow = stock(harness);
    await Promise.all([synced(a.provider), synced(slow.provider)]);
    const socket = (slow.provider.ws as unknown as { _socket: import('node:net').Socket })._socket;
    socket.pause();
    const chunk = 'lorem ipsum '.repeat(20_000);
    for (let i = 0; i < 20; i++) {
      a.doc.getText('content').insert(0, chunk);
      a.doc.getText('content').delete(0, chunk.length - 1);
    }
    await until(() => harness.relay.stats().pendingBytes === 0 && harness.store.rows.get(harness.ref.documentId)!.updates.length >= 40);
    socket.resume();
    const text = await converged([a.doc, slow.doc]);
    expect(text).toHaveLength(20);
  });

  it('SY13: a reader that never drains is ended in time', async () => {
    const harness = await start({ limits: { staleBytes: 16 * 1024, staleMs: 100 } });
    const a = stock(harness);
    const slow = await writer(harness);
    await synced(a.provider);
    await until(() => slow.frames.length >= 2);
    (slow.socket as unknown as { _socket: import('node:net').Socket })._socket.pause();
    const before = harness.relay.stats().connections;
    for (let i = 0; i < 60; i++) a.doc.getText('content').insert(0, 'x'.repeat(200_000));
    await until(() => harness.relay.stats().connections === before - 1);
    expect(a.provider.wsconnected).toBe(true);
  });
});
