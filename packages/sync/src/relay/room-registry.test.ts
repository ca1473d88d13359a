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
