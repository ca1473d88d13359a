import { createHash } from 'node:crypto';
import { createMemoryBus } from '@markco/db/memory-bus';
import { documentRef, startRelay, until, updateOf } from '@markco/testing/relay-harness';
import { describe, expect, it, vi } from 'vitest';
import { MemoryStore } from '../store/memory-store.ts';
import { cleanUp, start, stock, synced } from './relay-test-kit.ts';

describe('the text of a document', () => {
  it('SY9: the text follows the edits, and folder bridges hear of it', async () => {
    const store = new MemoryStore();
    const ref = documentRef();
    store.create(ref);
    const bus = createMemoryBus();
    const heard = vi.fn();
    bus.subscribe('document.changed', heard);
    const harness = await startRelay({ store, bus, limits: { contentQuietMs: 20, contentMaxMs: 100 } });
    cleanUp(() => harness.stop());
    harness.authorizer.register(ref);
    const a = stock({ ...harness, ref });
    await synced(a.provider);
    a.doc.getText('content').insert(0, 'Grüße');
    await until(() => store.rows.get(ref.documentId)!.text === 'Grüße');
    await until(() => heard.mock.calls.length > 0);
    expect(heard.mock.calls[0]![0]).toMatchObject({ change: 'content', documentId: ref.documentId });
  });

  it('SY9: under constant typing the text still follows, and a store that fails is asked again', async () => {
    const harness = await start({ limits: { contentQuietMs: 500, contentMaxMs: 60 } });
    vi.spyOn(harness.store, 'saveContent').mockRejectedValueOnce(new Error('away'));
    const a = stock(harness);
    await synced(a.provider);
    let typing = true;
    const type = (async () => {
      while (typing) {
        a.doc.getText('content').insert(0, 'x');
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    await until(() => harness.store.rows.get(harness.ref.documentId)!.text.length > 3);
    typing = false;
    await type;
  });

  it('SY9: a text that a process left behind when it died follows as soon as the document is opened', async () => {
    const store = new MemoryStore();
    const ref = documentRef();
    store.create(ref, [updateOf('typed, and never followed')]);
    store.rows.get(ref.documentId)!.hash = 'of an earlier text';
    const saveContent = vi.spyOn(store, 'saveContent');
    const harness = await startRelay({ store, limits: { contentQuietMs: 20 } });
    cleanUp(() => harness.stop());
    harness.authorizer.register(ref);
    await synced(stock({ ...harness, ref }).provider);
    await until(() => store.rows.get(ref.documentId)!.text === 'typed, and never followed');
    expect(saveContent).toHaveBeenCalledTimes(1);
  });

  it('SY9: opening a document whose text is right stores nothing', async () => {
    const store = new MemoryStore();
    const ref = documentRef();
    store.create(ref, [updateOf('as it should be')]);
    store.rows.get(ref.documentId)!.hash = createHash('sha256').update('as it should be').digest('hex');
    const saveContent = vi.spyOn(store, 'saveContent');
    const harness = await startRelay({ store, limits: { contentQuietMs: 20 } });
    cleanUp(() => harness.stop());
    harness.authorizer.register(ref);
    const a = stock({ ...harness, ref });
    await synced(a.provider);
    await harness.relay.close();
    expect(saveContent).not.toHaveBeenCalled();
  });
});
