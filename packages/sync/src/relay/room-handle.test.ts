import { CLOSE } from '@markco/core/sync/close-code';
import { converged, documentRef, storedText, until } from '@markco/testing/relay-harness';
import { describe, expect, it, vi } from 'vitest';
import { start, stock, synced } from './relay-test-kit.ts';

describe('in-process handles', () => {
  it('edit through the durable path and see what others do', async () => {
    const harness = await start({ text: 'Hello' });
    const handle = await harness.relay.open(harness.ref.documentId);
    expect([handle.doc.getText('content').toString(), handle.epoch]).toEqual(['Hello', 'epoch-1']);
    const a = stock(harness);
    await synced(a.provider);
    handle.doc.getText('content').insert(5, ' bridge');
    await handle.flushed();
    expect(await storedText(harness.store, harness.ref.documentId)).toBe('Hello bridge');
    await converged([handle.doc, a.doc]);
    handle.awareness.setLocalState({ cursor: 7 });
    await until(() => a.provider.awareness.getStates().get(handle.doc.clientID)?.cursor === 7);
    handle.release();
    await until(() => !a.provider.awareness.getStates().has(handle.doc.clientID));
  });

  it('are told when the relay ends the document', async () => {
    const harness = await start();
    const handle = await harness.relay.open(harness.ref);
    const closed = vi.fn();
    handle.onClosed(closed);
    harness.store.rows.delete(harness.ref.documentId);
    handle.doc.getText('content').insert(0, 'x');
    await until(() => closed.mock.calls.length > 0);
    expect(closed.mock.calls[0]![0]).toBe(CLOSE.gone);
    await expect(handle.flushed()).rejects.toThrow('closed');
  });

  it('SY16: a document that does not exist is refused', async () => {
    const harness = await start();
    await expect(harness.relay.open(documentRef().documentId)).rejects.toThrow('not found');
  });
});
