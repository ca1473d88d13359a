import { CLOSE } from '@markco/core/sync/close-code';
import { FuzzRandom } from '@markco/testing/fuzz-random';
import { HOSTILE_UPDATES, HostileUpdate } from '@markco/testing/hostile-update';
import { storedText, until } from '@markco/testing/relay-harness';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { writeUpdate } from '../wire/write-frame.ts';
import { has, start, stock, synced, writer } from './relay-test-kit.ts';

describe('gapped structs', () => {
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

  it('SY14: what waits of others is kept when someone sends too much that must wait', async () => {
    const harness = await start({ limits: { maxGapStructs: 3 } });
    const author = await writer(harness);
    const [first, second, third] = [0, 1, 2].map((at) => text('abc'[at]!, 7, at));
    author.socket.send(writeUpdate(third!));
    await until(() => has(author.frames, writeUpdate(third!)));
    const flood = await writer(harness);
    for (let client = 20; client < 24; client++) flood.socket.send(writeUpdate(text('x', client, 5)));
    expect(await flood.closed).toMatchObject({ code: CLOSE.badFrame });
    // Structs that need each other in a circle: only Yjs notices.
    const circle = await writer(harness);
    for (let client = 30; client < 40; client += 2) circle.socket.send(writeUpdate(HOSTILE_UPDATES.cycle!(new FuzzRandom(1), client)));
    expect(await circle.closed).toMatchObject({ code: CLOSE.badFrame });
    for (const update of [first!, second!]) author.socket.send(writeUpdate(update));
    await until(async () => (await storedText(harness.store, harness.ref.documentId)) === 'cba');
    const joiner = stock(harness);
    await synced(joiner.provider);
    expect(joiner.doc.getText('content').toString()).toBe('cba');
  });

  it('SY14: an update of which a part would wait beyond the limit is refused whole', async () => {
    const harness = await start({ limits: { maxGapStructs: 2 } });
    // The letter in front has all it needs; the others wait, for what is missing or for each other.
    const front = (update: HostileUpdate) => update.uint(1, 5, 0, 4, 1).text('content').text('front');
    const late = front(new HostileUpdate().uint(2)).uint(2, 7, 3, 4, 1).text('content').text('a').uint(4, 1).text('content').text('b');
    const circle = front(new HostileUpdate().uint(3)).uint(1, 8, 0).raw([0x84]).uint(9, 0).text('a').uint(1, 9, 0).raw([0x84]).uint(8, 0);
    for (const update of [late.uint(0).done(), circle.text('b').uint(0).done()]) {
      const author = await writer(harness);
      author.socket.send(writeUpdate(update));
      expect(await author.closed).toMatchObject({ code: CLOSE.badFrame });
    }
    expect(harness.store.rows.get(harness.ref.documentId)!.updates).toEqual([]);
    const joiner = stock(harness);
    await synced(joiner.provider);
    expect(joiner.doc.getText('content').toString()).toBe('');
  });

  it('SY14: nobody hangs an edit on what another person has not written, or deletes it beforehand', async () => {
    const harness = await start();
    const victim = stock(harness, { as: 'victim' });
    await synced(victim.provider);
    victim.doc.getText('content').insert(0, 'mine');
    await until(() => harness.store.rows.get(harness.ref.documentId)!.updates.length === 1);
    const id = victim.doc.clientID;
    const hung = new HostileUpdate().uint(1, 1, 7, 0).raw([0x84]).uint(id, 9).text('x').uint(0).done();
    const deleted = new HostileUpdate().uint(0, 1, id, 1, 4, 1_000).done();
    for (const update of [hung, deleted]) {
      const attacker = await writer(harness, { as: 'attacker' });
      attacker.socket.send(writeUpdate(update));
      expect(await attacker.closed).toMatchObject({ code: CLOSE.badFrame });
    }
    victim.doc.getText('content').insert(4, ' and mine');
    await until(async () => (await storedText(harness.store, harness.ref.documentId)) === 'mine and mine');
  });
});

/** One letter at the start of the document. */
const text = (letter: string, client: number, clock: number): Uint8Array =>
  new HostileUpdate().uint(1, 1, client, clock, 4, 1).text('content').text(letter).uint(0).done();
