import { CLOSE } from '@markco/core/sync/close-code';
import { createMemoryBus } from '@markco/db/memory-bus';
import { documentRef, startRelay, until } from '@markco/testing/relay-harness';
import { describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { DocumentRef } from '../store/document-store.ts';
import { MemoryStore } from '../store/memory-store.ts';
import { cleanUp, raw, start } from './relay-test-kit.ts';

describe('permissions', () => {
  it('SY3: are checked again on invalidation over the bus, and a change closes the socket', async () => {
    const store = new MemoryStore();
    const ref = documentRef();
    store.create(ref);
    const bus = createMemoryBus();
    const harness = await startRelay({ store, bus });
    cleanUp(() => harness.stop());
    harness.authorizer.register(ref);
    const revoked = await raw({ ...harness, ref }, { sid: 'one' });
    const stays = await raw({ ...harness, ref }, { sid: 'two' });
    harness.authorizer.verdict = { ok: false, code: CLOSE.unauthenticated, reason: 'Signed out.' };
    await bus.publish({ topic: 'access.changed', userId: ref.userId, sid: 'one' });
    expect(await revoked.closed).toEqual({ code: CLOSE.unauthenticated, reason: 'Signed out.' });
    expect(stays.socket.readyState).toBe(WebSocket.OPEN);
  });

  it('SY3: are checked again in time, and a check that fails closes nobody', async () => {
    const harness = await start({ limits: { recheckMs: 20 } });
    const a = await raw(harness);
    const recheck = vi.spyOn(harness.authorizer, 'recheck').mockRejectedValueOnce(new Error('away'));
    await until(() => recheck.mock.calls.length > 0);
    expect(a.socket.readyState).toBe(WebSocket.OPEN);
    recheck.mockResolvedValue({ ok: false, code: CLOSE.forbidden, reason: 'No longer shared with you.' });
    harness.relay.invalidate(harness.ref.userId);
    expect(await a.closed).toMatchObject({ code: CLOSE.forbidden });
  });

  it('SY2: a deleted document closes everyone with 4404, a replaced history with 4409, a rename nobody', async () => {
    const store = new MemoryStore();
    const [ref, replaced, renamed] = [documentRef(), documentRef({ path: 'b.md' }), documentRef({ path: 'c.md' })];
    for (const each of [ref, replaced, renamed]) store.create(each);
    const bus = createMemoryBus();
    const harness = await startRelay({ store, bus });
    cleanUp(() => harness.stop());
    for (const each of [ref, replaced, renamed]) harness.authorizer.register(each);
    const [gone, differs, stays] = [
      await raw({ ...harness, ref }),
      await raw({ ...harness, ref: replaced }),
      await raw({ ...harness, ref: renamed }),
    ];
    const changed = (of: DocumentRef, change: 'deleted' | 'restored' | 'renamed') =>
      bus.publish({ topic: 'document.changed', userId: of.userId, projectId: of.projectId, documentId: of.documentId, change });
    await changed(ref, 'deleted');
    store.rows.get(replaced.documentId)!.epoch = 'epoch-2';
    await changed(replaced, 'restored');
    store.rows.get(renamed.documentId)!.ref = { ...renamed, path: 'd.md' };
    await changed(renamed, 'renamed');
    expect([(await gone.closed).code, (await differs.closed).code]).toEqual([CLOSE.gone, CLOSE.historyDiffers]);
    expect(stays.socket.readyState).toBe(WebSocket.OPEN);
  });
});
