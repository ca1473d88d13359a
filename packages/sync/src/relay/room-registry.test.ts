import { storedText, until } from '@markco/testing/relay-harness';
import { describe, expect, it, vi } from 'vitest';
import { start, stock, synced } from './relay-test-kit.ts';

describe('documents in memory', () => {
  it('SY16: one load however many join; unloaded when idle, and loaded again', async () => {
    const harness = await start({ text: 'Hello', limits: { unloadAfterMs: 10 } });
    const load = vi.spyOn(harness.store, 'load');
    const clients = Array.from({ length: 30 }, () => stock(harness));
    await Promise.all(clients.map(({ provider }) => synced(provider)));
    expect(load).toHaveBeenCalledTimes(1);
    for (const { provider } of clients) provider.destroy();
    await until(() => harness.relay.stats().documents === 0);
    const again = stock(harness);
    await synced(again.provider);
    expect(load).toHaveBeenCalledTimes(2);
  });

  it('SY9, SY16: a document whose text could not be stored stays until it is', async () => {
    const harness = await start({ limits: { unloadAfterMs: 5, contentQuietMs: 5 } });
    const { relay, store, ref } = harness;
    const inMemory: number[] = [];
    const refused = vi.spyOn(store, 'saveContent').mockImplementation(async () => {
      if (relay.stats().connections === 0) inMemory.push(relay.stats().documents);
      throw new Error('the database is away');
    });
    const client = stock(harness);
    await synced(client.provider);
    client.doc.getText('content').insert(0, 'Hello');
    await until(() => store.rows.get(ref.documentId)!.updates.length === 1);
    client.provider.destroy();
    await until(() => inMemory.length >= 5);
    expect(inMemory.every((documents) => documents === 1)).toBe(true);
    refused.mockRestore();
    await until(() => relay.stats().documents === 0);
    expect(store.rows.get(ref.documentId)!.text).toBe('Hello');
  });

  it('SY16: leavers and joiners racing meet one document', async () => {
    const harness = await start({ limits: { unloadAfterMs: 1 } });
    let typed = 0;
    for (let round = 0; round < 25; round++) {
      const a = stock(harness);
      await synced(a.provider);
      a.doc.getText('content').insert(0, `${round},`);
      typed++;
      const b = stock(harness);
      await until(
        () =>
          harness.store.rows.get(harness.ref.documentId)!.updates.length >= typed ||
          harness.store.rows.get(harness.ref.documentId)!.snapshot !== null,
      );
      a.provider.destroy();
      await synced(b.provider);
      await until(() => b.doc.getText('content').toString().startsWith(`${round},`));
      b.provider.destroy();
    }
    expect((await storedText(harness.store, harness.ref.documentId))!.split(',')).toHaveLength(26);
  });
});
