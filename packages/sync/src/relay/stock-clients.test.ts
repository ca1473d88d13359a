import { converged, documentRef, startRelay, storedText, until, withoutOwnClocks } from '@markco/testing/relay-harness';
import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../store/memory-store.ts';
import { cleanUp, refusal, start, stock, synced } from './relay-test-kit.ts';

describe('stock y-websocket clients', () => {
  it('SY1: two of them meet in a document and what they type is stored', async () => {
    const harness = await start({ text: 'Hello' });
    const a = stock(harness);
    const b = stock(harness);
    await Promise.all([synced(a.provider), synced(b.provider)]);
    a.doc.getText('content').insert(5, ' from A');
    b.doc.getText('content').insert(0, 'B: ');
    const text = await converged([a.doc, b.doc]);
    expect(text).toBe('B: Hello from A');
    await until(() => harness.relay.stats().pendingBytes === 0);
    expect(await storedText(harness.store, harness.ref.documentId)).toBe(text);
  });

  it('SY1: both addresses and Unicode names lead to the document', async () => {
    const store = new MemoryStore();
    const ref = documentRef({ path: 'Ordner/Über uns 🎉.md' });
    store.create(ref);
    const harness = await startRelay({ store });
    cleanUp(() => harness.stop());
    harness.authorizer.register(ref);
    const path = ref.path.replace('.md', '').split('/').map(encodeURIComponent).join('/');
    expect(await refusal(`ws://127.0.0.1:${harness.port}/sync/${ref.userId}/notes/${path}`)).toBe(101);
    expect(await refusal(`ws://127.0.0.1:${harness.port}/u/${ref.userId}/sync/notes/${path}`)).toBe(101);
  });

  it('SY15: cursors are seen, stamped with who sent them, and go when the socket goes', async () => {
    const harness = await start();
    const a = stock(harness, { name: 'Ada' });
    const b = stock(harness);
    await Promise.all([synced(a.provider), synced(b.provider)]);
    a.provider.awareness.setLocalState({ user: { name: 'Mallory', color: '#f00' }, cursor: { anchor: 1 } });
    await until(() => b.provider.awareness.getStates().get(a.doc.clientID)?.cursor !== undefined);
    expect(b.provider.awareness.getStates().get(a.doc.clientID)?.user).toEqual({ id: harness.ref.userId, name: 'Ada', color: '#f00' });
    a.provider.ws?.close();
    a.provider.shouldConnect = false;
    await until(() => !b.provider.awareness.getStates().has(a.doc.clientID));
  });

  it('SY15: the cursor of one who was cut off is back when they are, though they did not move it', async () => {
    const harness = await start();
    const a = stock(harness);
    const b = stock(harness);
    await Promise.all([synced(a.provider), synced(b.provider)]);
    for (const client of [a, b]) withoutOwnClocks(client);
    a.provider.awareness.setLocalState({ cursor: { anchor: 1 } });
    const cursor = () => b.provider.awareness.getStates().get(a.doc.clientID)?.cursor;
    await until(() => cursor() !== undefined);
    for (let time = 0; time < 3; time++) {
      const gone = new Promise<void>((resolve) =>
        b.provider.awareness.on('change', ({ removed }: { removed: number[] }) => removed.length > 0 && resolve()),
      );
      (a.provider.ws as unknown as { terminate(): void }).terminate();
      await gone;
      await until(() => cursor() !== undefined, 120_000, 'the cursor to be back');
    }
  });
});
