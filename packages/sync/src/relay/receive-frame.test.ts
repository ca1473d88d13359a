import { CLOSE } from '@markco/core/sync/close-code';
import { HostileUpdate } from '@markco/testing/hostile-update';
import { storedText, until, updateOf } from '@markco/testing/relay-harness';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { encodeAwareness, writeAwareness, writeStep1, writeUpdate } from '../wire/write-frame.ts';
import { raw, start, stock, synced, writer } from './relay-test-kit.ts';

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

  it('SY14: an update that breaks the document in memory closes its author; the others get what is stored, and go on', async () => {
    const harness = await start({ text: 'safe' });
    const other = stock(harness, { as: 'innocent' });
    await synced(other.provider);
    for (const attempt of ['first', 'second']) {
      const bad = await writer(harness, { as: 'hostile' });
      bad.socket.send(writeUpdate(pile()));
      expect(await bad.closed, attempt).toMatchObject({ code: CLOSE.badFrame });
      await until(() => other.provider.wsconnected && other.provider.synced);
    }
    other.doc.getText('content').insert(0, 'still ');
    await until(async () => (await storedText(harness.store, harness.ref.documentId)) === 'still safe');
    // From now on it breaks nothing for anyone.
    const cut: unknown[] = [];
    other.provider.on('connection-close', (event) => cut.push(event));
    const again = await writer(harness, { as: 'hostile' });
    again.socket.send(writeUpdate(updateOf('good')));
    expect(await again.closed).toMatchObject({ code: CLOSE.badFrame, reason: expect.stringContaining('ten minutes') });
    expect(cut).toEqual([]);
    expect(other.doc.getText('content').toString()).toBe('still safe');
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

  it('SY17: who wrote too much and deleted as much before coming back is taken in; deleting what is deleted already makes no room', async () => {
    const harness = await start({ text: 'x'.repeat(90), limits: { maxTextLength: 100 } });
    const a = stock(harness);
    await synced(a.provider);
    a.provider.disconnect();
    a.doc.getText('content').insert(90, 'y'.repeat(20));
    a.doc.getText('content').delete(0, 15);
    a.provider.connect();
    await synced(a.provider);
    await until(() => harness.store.rows.get(harness.ref.documentId)!.updates.length === 2);
    expect(await storedText(harness.store, harness.ref.documentId)).toBe('x'.repeat(75) + 'y'.repeat(20));
    const late = await writer(harness);
    const doc = new Y.Doc();
    for (const update of harness.store.rows.get(harness.ref.documentId)!.updates) Y.applyUpdate(doc, update);
    const before = Y.encodeStateVector(doc);
    doc.getText('content').insert(0, 'z'.repeat(6));
    // Its deletions are those that everyone has.
    const update = Y.encodeStateAsUpdate(doc, before);
    expect(Y.decodeUpdate(update).ds.clients.size).toBe(1);
    late.socket.send(writeUpdate(update));
    expect(await late.closed).toMatchObject({ code: CLOSE.tooLarge });
  });

  it('SY17: what is no text counts too: beyond the bytes of a state 1009, and what was deleted makes room', async () => {
    const harness = await start({ limits: { maxStateBytes: 10_000 } });
    const stored = () => harness.store.rows.get(harness.ref.documentId)!.updates.length;
    const a = stock(harness);
    await synced(a.provider);
    const map = a.doc.getMap('markco');
    map.set('first', new Uint8Array(6_000));
    // Of what replaces it both count until it is told how large the state really is.
    map.set('first', new Uint8Array(3_000));
    map.set('first', new Uint8Array(6_000));
    await until(() => stored() === 3);
    const late = await writer(harness);
    const more = new Y.Doc();
    more.getMap('markco').set('second', new Uint8Array(5_000));
    late.socket.send(writeUpdate(Y.encodeStateAsUpdate(more)));
    expect(await late.closed).toMatchObject({ code: CLOSE.tooLarge, reason: expect.stringContaining('10000 bytes') });
    map.delete('first');
    await until(() => stored() === 4);
    const again = await writer(harness);
    again.socket.send(writeUpdate(Y.encodeStateAsUpdate(more)));
    await until(() => stored() === 5);
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

/** An update that would have Yjs walk squared. */
function pile(size = 5_000): Uint8Array {
  const update = new HostileUpdate()
    .uint(1, size + 1, 5, 0, 4, 1)
    .text('content')
    .text('r'.repeat(size));
  for (let at = size - 1; at >= 0; at--) update.raw([0x44]).uint(5, at).text('p');
  return update.uint(0).done();
}
