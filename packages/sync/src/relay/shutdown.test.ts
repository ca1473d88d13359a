import { CLOSE } from '@markco/core/sync/close-code';
import { startRelayWithDocument, until } from '@markco/testing/relay-harness';
import { describe, expect, it } from 'vitest';
import { raw, startHeld, stock, synced } from './relay-test-kit.ts';

describe('shutdown', () => {
  it('SY6: saves what is queued and says so; clients hear "going away"', async () => {
    const harness = await startRelayWithDocument();
    const a = stock(harness);
    const watcher = await raw(harness);
    await synced(a.provider);
    a.doc.getText('content').insert(0, 'last words');
    await until(() => harness.store.rows.get(harness.ref.documentId)!.updates.length === 1);
    expect(await harness.relay.close({ deadlineMs: 60_000 })).toBe(true);
    expect(await watcher.closed).toMatchObject({ code: CLOSE.goingAway });
    expect(harness.store.rows.get(harness.ref.documentId)!.text).toBe('last words');
    await harness.stop();
  });

  it('SY6: with the store away it ends in time and says that something is unsaved', async () => {
    const harness = await startHeld();
    const a = stock(harness);
    await synced(a.provider);
    harness.store.refusing = true;
    a.doc.getText('content').insert(0, 'x');
    await until(() => harness.relay.stats().failing);
    expect(await harness.relay.close({ deadlineMs: 50 })).toBe(false);
  });
});
