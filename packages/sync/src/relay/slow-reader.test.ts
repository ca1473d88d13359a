import { converged, until } from '@markco/testing/relay-harness';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import * as Y from 'yjs';
import { writeStep1 } from '../wire/write-frame.ts';
import { readFrame } from './read-frame.ts';
import { raw, start, stock, synced, writer } from './relay-test-kit.ts';
import { streamOf } from './stream-of.ts';

describe('a reader that is slow', () => {
  it('SY13: a reader that stalls is ended; one that drains gets one diff and misses nothing', async () => {
    const harness = await start({
      limits: { staleBytes: 64 * 1024, terminateBytes: 64 * 1024 * 1024, staleMs: 600_000, compactBytes: 1e9 },
    });
    const a = stock(harness);
    const slow = stock(harness);
    await Promise.all([synced(a.provider), synced(slow.provider)]);
    const socket = streamOf(slow.provider.ws as unknown as WebSocket)!;
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

  it('SY13: who opens a document larger than what may wait, while others type, gets it and what they typed', async () => {
    const harness = await start({
      text: 'x'.repeat(24 * 1024 * 1024),
      limits: { staleBytes: 16 * 1024, terminateBytes: 64 * 1024, staleMs: 600_000, maxTextLength: 1e9 },
    });
    const a = stock(harness);
    await synced(a.provider);
    const slow = await raw(harness);
    const socket = streamOf(slow.socket)!;
    socket.pause();
    slow.socket.send(writeStep1(Uint8Array.of(0)));
    const { rows } = harness.store;
    for (let i = 0; i < 5; i++) {
      a.doc.getText('content').insert(0, 'y');
      await until(() => rows.get(harness.ref.documentId)!.version === i + 2);
    }
    expect(harness.relay.stats().connections).toBe(2);
    socket.resume();
    const doc = new Y.Doc();
    await until(() => {
      for (const frame of slow.frames.splice(0)) {
        const read = frame[0] === 0 ? readFrame(frame) : null;
        if (read?.kind === 'update') Y.applyUpdate(doc, read.update);
      }
      return doc.getText('content').length === a.doc.getText('content').length;
    });
    expect(slow.socket.readyState).toBe(slow.socket.OPEN);
  });

  it('SY13: a reader that never drains is ended in time', async () => {
    const harness = await start({ limits: { staleBytes: 16 * 1024, staleMs: 100 } });
    const a = stock(harness);
    const slow = await writer(harness);
    await synced(a.provider);
    await until(() => slow.frames.length >= 2);
    streamOf(slow.socket)!.pause();
    const before = harness.relay.stats().connections;
    const row = harness.store.rows.get(harness.ref.documentId)!;
    // One at a time, so that the one who writes is never behind itself.
    for (let i = 0; i < 60; i++) {
      const { version } = row;
      a.doc.getText('content').insert(0, 'x'.repeat(200_000));
      await until(() => row.version === version + 1 && harness.relay.stats().pendingBytes === 0);
    }
    await until(() => harness.relay.stats().connections === before - 1);
    expect(a.provider.wsconnected).toBe(true);
  });

  describe('on a slow line', () => {
    const slowLine = async (limits: { staleMs: number; behindMs: number }) => {
      const harness = await start({ text: 'x'.repeat(20 * 1024 * 1024), limits: { staleBytes: 16 * 1024, maxTextLength: 1e9, ...limits } });
      const a = stock(harness);
      await synced(a.provider);
      const slow = await raw(harness);
      const socket = streamOf(slow.socket)!;
      let taken = 0;
      // Some 8 MB/s, in pieces of 64 KB at most.
      socket.on('data', (bytes: Buffer) => {
        taken += bytes.length;
        socket.pause();
        setTimeout(() => socket.resume(), 8);
      });
      slow.socket.send(writeStep1(Uint8Array.of(0)));
      await until(() => taken > 0);
      a.doc.getText('content').insert(0, 'y');
      return { harness, slow };
    };
    it('SY13: a large document may take many times longer than a reader may stand still', async () => {
      const { harness, slow } = await slowLine({ staleMs: 500, behindMs: 600_000 });
      await until(() => slow.frames.some((frame) => frame.length > 20 * 1024 * 1024));
      expect(slow.socket.readyState).toBe(slow.socket.OPEN);
      expect(harness.relay.stats().connections).toBe(2);
    });

    it('SY13: and yet no reader is behind for ever', async () => {
      const { harness } = await slowLine({ staleMs: 600_000, behindMs: 400 });
      await until(() => harness.relay.stats().connections === 1);
    });
  });
});
