import { CLOSE } from '@markco/core/sync/close-code';
import { createMemoryBus } from '@markco/db/memory-bus';
import {
  converged,
  documentRef,
  type RelayHarness,
  startRelay,
  startRelayWithDocument,
  stockClient,
  storedText,
  until,
  updateOf,
} from '@markco/testing/relay-harness';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import type { DocumentRef, UpdateBatch } from '../store/document-store.ts';
import { MemoryStore } from '../store/memory-store.ts';
import { encodeAwareness, writeAwareness, writeQueryAwareness, writeStep1, writeUpdate } from '../wire/write-frame.ts';

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

type Harness = RelayHarness & { ref: DocumentRef; store: MemoryStore };

async function start(options: Parameters<typeof startRelayWithDocument>[0] = {}): Promise<Harness> {
  const harness = await startRelayWithDocument(options);
  open.push(() => harness.stop());
  return harness;
}

/** A relay over a store whose appends can be held back or refused. */
async function startHeld(text = '') {
  const store = new HeldMemoryStore();
  const ref = documentRef();
  store.create(ref, text ? [updateOf(text)] : []);
  const harness = await startRelay({ store, limits: { retryMinMs: 2, retryMaxMs: 5, unloadAfterMs: 5 } });
  open.push(() => harness.stop());
  open.push(() => store.release());
  harness.authorizer.register(ref);
  return { ...harness, store, ref };
}

class HeldMemoryStore extends MemoryStore {
  #gate: Promise<void> | null = null;
  #open: () => void = () => {};
  refusing = false;
  hold(): void {
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }
  release(): void {
    this.refusing = false;
    this.#open();
    this.#gate = null;
  }
  override async append(batches: readonly UpdateBatch[]): Promise<void> {
    if (this.#gate) await this.#gate;
    if (this.refusing) throw new Error('the database is away');
    await super.append(batches);
  }
}

function stock(harness: RelayHarness & { ref: DocumentRef }, params: Record<string, string> = {}) {
  const client = stockClient(harness, harness.ref, params);
  open.push(() => client.provider.destroy());
  return client;
}

const synced = (provider: WebsocketProvider) => until(() => provider.synced, 5_000, 'the client to be synced');

/** A bare socket: what came in, and how it was closed. */
async function raw(harness: RelayHarness & { ref: DocumentRef }, query: Record<string, string> = {}) {
  const socket = new WebSocket(harness.documentUrl(harness.ref, query));
  open.push(() => socket.terminate());
  const frames: Uint8Array[] = [];
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
  );
  socket.on('message', (data: Buffer) => frames.push(new Uint8Array(data)));
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return { socket, frames, closed };
}

/** A writer that has introduced itself. */
async function writer(harness: RelayHarness & { ref: DocumentRef }, query: Record<string, string> = {}) {
  const client = await raw(harness, query);
  client.socket.send(writeStep1(Uint8Array.of(0)));
  return client;
}

const has = (frames: readonly Uint8Array[], frame: Uint8Array): boolean => frames.some((other) => Buffer.compare(other, frame) === 0);

async function refusal(url: string): Promise<number> {
  const socket = new WebSocket(url);
  return new Promise((resolve) => {
    socket.on('error', () => {});
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
    socket.on('open', () => resolve(101));
  });
}

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
    open.push(() => harness.stop());
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
});

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

describe('durable before relayed', () => {
  it('SY4: nobody sees an update before its commit: not its author, not others, not who joins, not the process itself', async () => {
    const harness = await startHeld('base');
    const author = await writer(harness);
    const other = await writer(harness);
    await until(() => author.frames.length >= 2 && other.frames.length >= 2);
    const handle = await harness.relay.open(harness.ref.documentId);
    harness.store.hold();
    const update = updateOf('new');
    author.socket.send(writeUpdate(update));
    await until(() => harness.relay.stats().pendingBytes > 0);
    const joiner = await writer(harness);
    other.socket.send(writeQueryAwareness());
    joiner.socket.send(writeQueryAwareness());
    await until(() => joiner.frames.some(([type]) => type === 1) && other.frames.some(([type]) => type === 1));
    const isSync = (frame: Uint8Array) => frame[0] === 0 && frame[1] !== 0;
    expect(joiner.frames.filter(isSync)).toEqual([]);
    for (const { frames } of [author, other]) expect(has(frames, writeUpdate(update))).toBe(false);
    expect(handle.doc.getText('content').toString()).toBe('base');
    harness.store.release();
    await until(() => [author, other].every(({ frames }) => has(frames, writeUpdate(update))) && joiner.frames.some(isSync));
    await until(() => handle.doc.getText('content').toString().includes('new'));
    handle.release();
  });

  it('SY5: what an earlier socket brought and is not durable yet is not acknowledged to the next one either', async () => {
    const harness = await startHeld();
    harness.store.hold();
    const update = updateOf('once');
    const first = await writer(harness);
    first.socket.send(writeUpdate(update));
    await until(() => harness.relay.stats().pendingBytes > 0);
    first.socket.terminate();
    const second = await writer(harness);
    second.socket.send(writeUpdate(update));
    second.socket.send(writeQueryAwareness());
    await until(() => second.frames.some(([type]) => type === 1));
    expect(has(second.frames, writeUpdate(update))).toBe(false);
    harness.store.release();
    await until(() => has(second.frames, writeUpdate(update)));
  });

  it('SY6: through an outage nothing is echoed; afterwards everything is, once', async () => {
    const harness = await startHeld();
    const a = stock(harness);
    const b = stock(harness);
    await Promise.all([synced(a.provider), synced(b.provider)]);
    harness.store.refusing = true;
    a.doc.getText('content').insert(0, 'typed while away');
    await until(() => harness.relay.stats().failing);
    expect(b.doc.getText('content').toString()).toBe('');
    harness.store.refusing = false;
    expect(await converged([a.doc, b.doc])).toBe('typed while away');
    expect(await storedText(harness.store, harness.ref.documentId)).toBe('typed while away');
  });

  it('SY6: with the queue full a writer is told to come later, and nothing it did not hear back is shown', async () => {
    const store = new HeldMemoryStore();
    const ref = documentRef();
    store.create(ref);
    const harness = await startRelay({ store, limits: { maxPendingDocumentBytes: 64 } });
    open.push(() => harness.stop());
    open.push(() => store.release());
    harness.authorizer.register(ref);
    store.hold();
    const a = await writer({ ...harness, ref });
    for (let i = 0; i < 10; i++) a.socket.send(writeUpdate(updateOf(`edit number ${i}`)));
    expect(await a.closed).toMatchObject({ code: CLOSE.tryLater });
  });

  it('SY7: a reload of the document waits for the updates an earlier room left on their way', async () => {
    const harness = await startHeld();
    harness.store.hold();
    const a = await writer(harness);
    a.socket.send(writeUpdate(updateOf('left behind')));
    await until(() => harness.relay.stats().pendingBytes > 0);
    a.socket.terminate();
    const b = stock(harness);
    harness.store.release();
    await synced(b.provider);
    expect(b.doc.getText('content').toString()).toBe('left behind');
  });
});

describe('refusals', () => {
  it('SY14: a broken frame closes its socket with 4400 and reaches nobody', async () => {
    const harness = await start({ text: 'safe' });
    const other = stock(harness);
    await synced(other.provider);
    for (const frame of [Uint8Array.of(9), Uint8Array.of(0, 2, 3, 1, 1), writeUpdate(Uint8Array.of(1, 5, 1, 0, 0))]) {
      const bad = await writer(harness);
      bad.socket.send(frame);
      expect(await bad.closed).toMatchObject({ code: CLOSE.badFrame });
    }
    const texts = await writer(harness);
    texts.socket.send('text');
    expect(await texts.closed).toMatchObject({ code: CLOSE.badFrame });
    expect(other.provider.wsconnected).toBe(true);
    expect(await storedText(harness.store, harness.ref.documentId)).toBe('safe');
  });

  it('SY7: a history that shares nothing is closed with 4409 before anything merges', async () => {
    const harness = await start({ text: 'server' });
    const client = await raw(harness);
    const doc = new Y.Doc();
    Y.applyUpdate(doc, updateOf('client'));
    client.socket.send(writeStep1(Y.encodeStateVector(doc)));
    client.socket.send(writeUpdate(Y.encodeStateAsUpdate(doc)));
    expect(await client.closed).toMatchObject({ code: CLOSE.historyDiffers });
    expect(await storedText(harness.store, harness.ref.documentId)).toBe('server');
  });

  it('SY7: updates before SyncStep1 are refused, as their history is not known', async () => {
    const harness = await start({ text: 'server' });
    const client = await raw(harness);
    client.socket.send(writeUpdate(updateOf('client')));
    expect(await client.closed).toMatchObject({ code: CLOSE.badFrame });
  });

  it('SY3: a reader cannot write, but is seen', async () => {
    const harness = await start({ text: 'Hello' });
    const other = stock(harness);
    const reader = stock(harness, { mode: 'read' });
    await Promise.all([synced(other.provider), synced(reader.provider)]);
    reader.doc.getText('content').insert(0, 'X');
    reader.provider.awareness.setLocalState({ cursor: 1 });
    await until(() => other.provider.awareness.getStates().has(reader.doc.clientID));
    expect(other.doc.getText('content').toString()).toBe('Hello');
  });

  it('SY14: nobody continues what another person writes', async () => {
    const harness = await start();
    const victim = stock(harness, { as: 'victim' });
    await synced(victim.provider);
    victim.doc.getText('content').insert(0, 'mine');
    await until(() => harness.store.rows.get(harness.ref.documentId)!.updates.length > 0);
    const forged = new Y.Doc();
    Y.applyUpdate(forged, Y.encodeStateAsUpdate(victim.doc));
    forged.clientID = victim.doc.clientID;
    forged.getText('content').insert(4, ' and forged');
    const attacker = await writer(harness, { as: 'attacker' });
    attacker.socket.send(writeUpdate(Y.encodeStateAsUpdate(forged, Y.encodeStateVector(victim.doc))));
    expect(await attacker.closed).toMatchObject({ code: CLOSE.badFrame });
    expect(victim.doc.getText('content').toString()).toBe('mine');
  });

  it('SY14: a browser that reconnects keeps its client id while its old socket still looks alive', async () => {
    const harness = await start();
    const doc = new Y.Doc();
    const first = await writer(harness);
    doc.getText('content').insert(0, 'a');
    first.socket.send(writeUpdate(Y.encodeStateAsUpdate(doc)));
    await until(() => harness.store.rows.get(harness.ref.documentId)!.updates.length === 1);
    const before = Y.encodeStateVector(doc);
    doc.getText('content').insert(1, 'b');
    const second = await writer(harness);
    second.socket.send(writeUpdate(Y.encodeStateAsUpdate(doc, before)));
    await until(() => harness.store.rows.get(harness.ref.documentId)!.updates.length === 2);
    expect(await storedText(harness.store, harness.ref.documentId)).toBe('ab');
  });

  it('SY17: a document over its limit is refused with 1009, and may still shrink', async () => {
    const harness = await start({ text: 'x'.repeat(90), limits: { maxTextLength: 100 } });
    const client = await writer(harness);
    client.socket.send(writeUpdate(updateOf('y'.repeat(20))));
    expect(await client.closed).toMatchObject({ code: CLOSE.tooLarge });
    const a = stock(harness);
    await synced(a.provider);
    a.doc.getText('content').delete(0, 50);
    await until(() => harness.store.rows.get(harness.ref.documentId)!.updates.length === 2);
  });

  it('SY15: large states and too many ids are dropped, the socket stays', async () => {
    const harness = await start({ limits: { maxAwarenessIds: 2, maxAwarenessStateBytes: 200 } });
    const a = await writer(harness);
    const b = await raw(harness);
    const entries = [1, 2, 3, 4].map((clientId) => ({
      clientId,
      clock: 1,
      state: clientId === 1 ? JSON.stringify({ pad: 'x'.repeat(300) }) : '{}',
    }));
    a.socket.send(writeAwareness(encodeAwareness(entries)));
    await until(() => b.frames.some(([type]) => type === 1));
    const relayed = Buffer.from(b.frames.find(([type]) => type === 1)!).toString('latin1');
    expect(relayed.match(/"user"/g)).toHaveLength(2);
    expect(a.socket.readyState).toBe(WebSocket.OPEN);
  });
});

describe('permissions', () => {
  it('SY3: are checked again on invalidation over the bus, and a change closes the socket', async () => {
    const store = new MemoryStore();
    const ref = documentRef();
    store.create(ref);
    const bus = createMemoryBus();
    const harness = await startRelay({ store, bus });
    open.push(() => harness.stop());
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
    open.push(() => harness.stop());
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

describe('bounds', () => {
  it('SY13: a reader that stalls is ended; one that drains gets one diff and misses nothing', async () => {
    const harness = await start({
      limits: { staleBytes: 64 * 1024, terminateBytes: 64 * 1024 * 1024, staleMs: 20_000, compactBytes: 1e9 },
    });
    const a = stock(harness);
    const slow = stock(harness);
    await Promise.all([synced(a.provider), synced(slow.provider)]);
    const socket = (slow.provider.ws as unknown as { _socket: import('node:net').Socket })._socket;
    socket.pause();
    const chunk = 'lorem ipsum '.repeat(20_000);
    for (let i = 0; i < 20; i++) {
      a.doc.getText('content').insert(0, chunk);
      a.doc.getText('content').delete(0, chunk.length - 1);
    }
    await until(() => harness.relay.stats().pendingBytes === 0 && harness.store.rows.get(harness.ref.documentId)!.updates.length >= 40);
    socket.resume();
    const text = await converged([a.doc, slow.doc]);
    expect(text).toHaveLength(20);
  });

  it('SY13: a reader that never drains is ended in time', async () => {
    const harness = await start({ limits: { staleBytes: 16 * 1024, staleMs: 100 } });
    const a = stock(harness);
    const slow = await writer(harness);
    await synced(a.provider);
    await until(() => slow.frames.length >= 2);
    (slow.socket as unknown as { _socket: import('node:net').Socket })._socket.pause();
    const before = harness.relay.stats().connections;
    for (let i = 0; i < 60; i++) a.doc.getText('content').insert(0, 'x'.repeat(200_000));
    await until(() => harness.relay.stats().connections === before - 1);
    expect(a.provider.wsconnected).toBe(true);
  });

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

  it('SY9: the text follows the edits, and folder bridges hear of it', async () => {
    const store = new MemoryStore();
    const ref = documentRef();
    store.create(ref);
    const bus = createMemoryBus();
    const heard = vi.fn();
    bus.subscribe('document.changed', heard);
    const harness = await startRelay({ store, bus, limits: { contentQuietMs: 20, contentMaxMs: 100 } });
    open.push(() => harness.stop());
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

  it('SY10: a long log is compacted while people type', async () => {
    const harness = await start({ limits: { compactRows: 50 } });
    const a = stock(harness);
    await synced(a.provider);
    for (let i = 0; i < 120; i++) a.doc.getText('content').insert(i, String(i % 10));
    const other = stock(harness);
    await converged([a.doc, other.doc]);
    await until(() => harness.store.rows.get(harness.ref.documentId)!.snapshot !== null);
    expect(await storedText(harness.store, harness.ref.documentId)).toBe(a.doc.getText('content').toString());
  });

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

describe('shutdown', () => {
  it('SY6: saves what is queued and says so; clients hear "going away"', async () => {
    const harness = await startRelayWithDocument();
    const a = stock(harness);
    const watcher = await raw(harness);
    await synced(a.provider);
    a.doc.getText('content').insert(0, 'last words');
    await until(() => harness.store.rows.get(harness.ref.documentId)!.updates.length === 1);
    expect(await harness.relay.close({ deadlineMs: 1_000 })).toBe(true);
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
