import { describe, expect, it, vi } from 'vitest';
import { refusal, start, stock, synced } from './relay-test-kit.ts';

describe('upgrades', () => {
  it('SY2: are refused with a status, not accepted and closed', async () => {
    const harness = await start();
    const { ref } = harness;
    expect(await refusal(harness.documentUrl(ref, { token: 'bad' }))).toBe(401);
    expect(await refusal(harness.documentUrl({ ...ref, path: 'other.md' }))).toBe(404);
    expect(await refusal(`ws://127.0.0.1:${harness.port}/sync/${ref.userId}/notes/..%2fsecret.md`)).toBe(404);
    expect(await refusal(`ws://127.0.0.1:${harness.port}/elsewhere`)).toBe(404);
  });

  it('SY6: a document that cannot be loaded is refused with 503, and served once it can be', async () => {
    const harness = await start({ text: 'precious' });
    const load = vi.spyOn(harness.store, 'load').mockRejectedValueOnce(new Error('the database is away'));
    expect(await refusal(harness.documentUrl(harness.ref))).toBe(503);
    load.mockRestore();
    const a = stock(harness);
    await synced(a.provider);
    expect(a.doc.getText('content').toString()).toBe('precious');
  });

  it('SY2: an upgrade that takes too long is refused', async () => {
    const harness = await start({ limits: { upgradeTimeoutMs: 20 } });
    vi.spyOn(harness.authorizer, 'authorize').mockReturnValue(new Promise(() => {}));
    expect(await refusal(harness.documentUrl(harness.ref))).toBe(503);
  });
});
