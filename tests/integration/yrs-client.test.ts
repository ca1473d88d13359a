import { ByteCursor } from '@markco/sync/relay/byte-cursor';
import { checkUpdate } from '@markco/sync/relay/check-update';
import { writeStep1, writeStep2, writeUpdate } from '@markco/sync/wire/write-frame';
import { FuzzRandom } from '@markco/testing/fuzz-random';
import { type RelayHarness, startRelayWithDocument, stockClient, until } from '@markco/testing/relay-harness';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import * as Yrs from 'ywasm';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const edited = (doc: Yrs.YDoc): string => doc.getText('content').toString(undefined);

/** A y-websocket client on Yrs, the second implementation of Yjs. */
async function yrsClient(url: string): Promise<Yrs.YDoc> {
  const doc = new Yrs.YDoc({});
  const socket = new WebSocket(url);
  cleanUps.push(() => socket.terminate());
  let receiving = false;
  doc.onUpdate((update: Uint8Array) => {
    if (!receiving && socket.readyState === WebSocket.OPEN) socket.send(writeUpdate(update));
  });
  const synced = new Promise<void>((resolve) =>
    socket.on('message', (data: Buffer) => {
      if (data[0] !== 0) return;
      const cursor = new ByteCursor(new Uint8Array(data), 2);
      const payload = cursor.blob();
      if (data[1] === 0) socket.send(writeStep2(Yrs.encodeStateAsUpdate(doc, payload)));
      else {
        receiving = true;
        Yrs.applyUpdate(doc, payload, undefined);
        receiving = false;
      }
      if (data[1] === 1) resolve();
    }),
  );
  socket.once('open', () => socket.send(writeStep1(Yrs.encodeStateVector(doc))));
  await synced;
  return doc;
}

const harnessOf = async (text: string): Promise<Awaited<ReturnType<typeof startRelayWithDocument>>> => {
  const harness = await startRelayWithDocument({ text });
  cleanUps.push(() => harness.stop());
  return harness;
};

const yjsClient = (harness: RelayHarness & { ref: Parameters<typeof stockClient>[1] }) => {
  const client = stockClient(harness, harness.ref);
  cleanUps.push(() => client.provider.destroy());
  return client;
};

describe('SY1 a client on Yrs', () => {
  it('SY1 edits at the same time as one on Yjs: text with emoji and CRLF, formatting, a map, deletions', async () => {
    const harness = await harnessOf('Grüße 👩‍🚀\r\n');
    const yrs = await yrsClient(harness.documentUrl(harness.ref));
    const { doc, provider } = yjsClient(harness);
    await until(() => provider.synced);
    expect(edited(yrs)).toBe('Grüße 👩‍🚀\r\n');
    for (let round = 0; round < 20; round++) {
      yrs.getText('content').insert(0, `r${round} 中文 😀\r\n`, undefined, undefined);
      doc.getText('content').insert(doc.getText('content').length, `j${round} 👍🏽\r\n`);
    }
    yrs.getText('content').format(0, 2, { bold: true }, undefined);
    doc.getText('content').format(0, 3, { bold: true });
    yrs.getMap('markco').set('from', 'yrs', undefined);
    doc.getMap('markco').set('also', ['yjs', 1.5, null]);
    yrs.getText('content').delete(0, 3, undefined);
    const others = () => ({ text: edited(yrs), map: yrs.getMap('markco').toJson(undefined) });
    await until(() => {
      const { text, map } = others();
      return text === doc.getText('content').toString() && map.also !== undefined && doc.getMap('markco').get('from') === 'yrs';
    });
    for (let round = 0; round < 20; round++) {
      if (round < 19) expect(others().text).toContain(`r${round} 中文 😀\r\n`);
      expect(others().text).toContain(`j${round} 👍🏽\r\n`);
    }
    const late = await yrsClient(harness.documentUrl(harness.ref));
    expect(edited(late)).toBe(others().text);
  });

  it('SY14 whatever Yrs writes passes the checks', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const random = new FuzzRandom(seed);
        const docs = [0, 1].map(() => new Yrs.YDoc({ clientID: random.below(2 ** 32) }));
        const updates: Uint8Array[] = [];
        for (const doc of docs) doc.onUpdate((update: Uint8Array) => updates.push(update));
        for (let edits = 0; edits < 25; edits++) editYrs(random.pick(docs), random);
        for (const [from, to] of [docs, [...docs].reverse()] as [Yrs.YDoc, Yrs.YDoc][]) {
          const missing = Yrs.encodeStateAsUpdate(from, Yrs.encodeStateVector(to));
          updates.push(missing, Yrs.encodeStateAsUpdate(from, undefined));
          Yrs.applyUpdate(to, missing, undefined);
        }
        const all = new Y.Doc();
        for (const update of updates) {
          checkUpdate(new ByteCursor(update));
          Y.applyUpdate(all, update);
        }
        expect(all.getText('content').toString()).toBe(edited(docs[0]!));
        for (const doc of docs) doc.free();
      }),
      { numRuns: 100 },
    );
  });
});

function editYrs(doc: Yrs.YDoc, random: FuzzRandom): void {
  const text = doc.getText('content');
  const length = text.length(undefined);
  const at = random.below(length);
  const kind = random.below(7);
  if (kind < 3 || length < 4) text.insert(random.below(length + 1), random.pick(['a', 'Grüße', '中文', 'x\r\ny']), undefined, undefined);
  else if (kind === 3) text.delete(at, 1 + random.below(length - at), undefined);
  else if (kind === 4) text.format(at, 1 + random.below(length - at), { bold: random.once(2) ? true : null }, undefined);
  else if (kind === 5)
    doc.getMap('markco').set(random.pick(['a', 'b']), random.pick([1, 'x', null, true, [1, { a: 2 }], 1.5, 2 ** 40]), undefined);
  else {
    doc.getArray('list').insert(0, [1, 'two'], undefined);
    if (random.once(3)) doc.getArray('list').delete(0, 1, undefined);
  }
}
