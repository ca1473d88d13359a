import {
  converged,
  type documentRef,
  type RelayHarness,
  startRelayWithDocument,
  stockClient,
  storedText,
  until,
} from '@markco/testing/relay-harness';
import { afterEach, describe, expect, it } from 'vitest';
import type { WebsocketProvider } from 'y-websocket';

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function start(options: Parameters<typeof startRelayWithDocument>[0] = {}) {
  const harness = await startRelayWithDocument(options);
  open.push(() => harness.stop());
  return harness;
}

function stock(harness: RelayHarness & { ref: ReturnType<typeof documentRef> }, params: Record<string, string> = {}) {
  const client = stockClient(harness, harness.ref, params);
  open.push(() => client.provider.destroy());
  return client;
}

const synced = (provider: WebsocketProvider) => until(() => provider.synced, 5_000, 'the client to be synced');

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
});
