import { until } from '@markco/testing/relay-harness';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { writeUpdate } from '../wire/write-frame.ts';
import { has, start, stock, synced, writer } from './relay-test-kit.ts';

describe('gapped structs', () => {
  it('SY14: structs whose predecessors are missing are stored but not served, and shown once they are complete', async () => {
    const harness = await start();
    const doc = new Y.Doc();
    const updates: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => updates.push(update));
    for (const letter of 'abc') doc.getText('content').insert(doc.getText('content').length, letter);
    const author = await writer(harness);
    author.socket.send(writeUpdate(updates[0]!));
    author.socket.send(writeUpdate(updates[2]!));
    await until(() => has(author.frames, writeUpdate(updates[2]!)));
    const joiner = stock(harness);
    await synced(joiner.provider);
    expect(joiner.doc.getText('content').toString()).toBe('a');
    expect(joiner.doc.store.pendingStructs).toBeNull();
    author.socket.send(writeUpdate(updates[1]!));
    await until(() => joiner.doc.getText('content').toString() === 'abc');
  });
});
