import { randomUUID } from 'node:crypto';
import { startRelayWithDocument, storedText, until } from '@markco/testing/relay-harness';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { connectDocument } from '../connect-document.ts';
import type { DocumentConnection } from '../document-connection.ts';
import { carryOver } from './carry-over.ts';
import type { CopyBatch, OwnRow } from './copy-rows.ts';
import { LocalCopy } from './local-copy.ts';
import { MemoryRows } from './memory-rows.ts';
import type { TabChannel } from './tab-channel.ts';
import { textOf } from './text-of.ts';

const QUICK = { retryMinMs: 5, retryMaxMs: 20, laterMs: 5, confirmMs: 30 };
const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** The tabs of one browser: what one posts the others receive a turn later. */
class Tabs {
  private readonly members = new Map<object, (row: OwnRow) => void>();
  join = (onRow: (row: OwnRow) => void): TabChannel => {
    const me = {};
    this.members.set(me, onRow);
    return {
      post: (rows) => {
        for (const [other, tell] of this.members) if (other !== me) queueMicrotask(() => rows.forEach(tell));
      },
      close: () => void this.members.delete(me),
    };
  };
}

/** A tab that shows one history, connected where `harness` is given. */
async function tab(rows: MemoryRows, harness?: Awaited<ReturnType<typeof startRelayWithDocument>>, tabs?: Tabs, epoch = 'epoch-1') {
  const doc = new Y.Doc();
  const copy = new LocalCopy(doc);
  await copy.attach({ rows, lasting: true, joinTabs: tabs ? tabs.join : () => null });
  const text = doc.getText('content');
  let connection: DocumentConnection | null = null;
  const connect = (to = harness!) => {
    connection = connectDocument(
      {
        doc,
        epoch,
        edits: copy.edits,
        getTicket: async () => ({
          url: to.documentUrl(to.ref),
          token: randomUUID(),
          documentId: to.ref.documentId,
          epoch,
          expiresAt: new Date(Date.now() + 300_000),
        }),
        onHistoryDiffers: () => {},
        WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
      },
      QUICK,
    );
    connection.subscribe(() => copy.acknowledged());
    open.push(() => connection!.close());
    return connection;
  };
  if (harness) connect();
  return {
    ...{ doc, text, copy, connect },
    saved: () => until(() => connection!.status.synced && copy.edits.count === 0, 120_000, 'everything saved'),
    end: () => connection?.close(),
  };
}
const start = async (options: Parameters<typeof startRelayWithDocument>[0] = {}) => {
  const harness = await startRelayWithDocument(options);
  open.push(() => harness.stop());
  return harness;
};

describe('LocalCopy (WB3, SY5)', () => {
  it('SY5: offline edits survive a crash with their exact number, and go on counting', async () => {
    const rows = new MemoryRows();
    const first = await tab(rows);
    for (const word of ['one ', 'two ', 'three ']) first.text.insert(first.text.length, word);
    await first.copy.flushed();
    // No close: the tab was killed.
    const again = await tab(rows);
    expect([again.text.toString(), again.copy.edits.count]).toEqual(['one two three ', 3]);
    again.text.insert(0, 'four ');
    again.text.insert(0, 'five ');
    expect(again.copy.edits.count).toBe(5);
    await again.copy.flushed();
    const harness = await start();
    const third = await tab(rows, harness);
    expect(third.copy.edits.count).toBe(5);
    await third.saved();
    await third.copy.flushed();
    expect(await storedText(harness.store, harness.ref.documentId)).toBe('five four one two three ');
    expect(rows.own).toEqual([]);
    expect((await tab(rows)).copy.edits.count).toBe(0);
  });

  it('SY5: a tab killed while it writes leaves all of a batch or nothing of it', async () => {
    const rows = new MemoryRows();
    const write = rows.write.bind(rows);
    let reached = 0;
    rows.write = (batch: CopyBatch) => (++reached === 1 ? write(batch) : new Promise(() => {}));
    const killed = await tab(rows);
    killed.text.insert(0, 'kept ');
    await killed.copy.flushed();
    killed.text.insert(5, 'lost with the tab');
    await until(() => reached === 2);
    const again = await tab(Object.assign(rows, { write }));
    expect([again.text.toString(), again.copy.edits.count]).toEqual(['kept ', 1]);
  });

  it('WB3: says so when storage fails, and still saves', async () => {
    const harness = await start();
    const rows = new MemoryRows();
    rows.write = () => Promise.reject(new Error('The quota is used up.'));
    const full = await tab(rows, harness);
    expect(full.copy.lasting).toBe(true);
    full.text.insert(0, 'x');
    await full.copy.flushed();
    expect(full.copy.lasting).toBe(false);
    await full.saved();
    expect(await storedText(harness.store, harness.ref.documentId)).toBe('x');
  });

  it('WB3: an evicted copy is cold, never a deletion', async () => {
    const harness = await start({ text: 'on the server' });
    const rows = new MemoryRows();
    await (await tab(rows, harness)).saved();
    await rows.forget();
    const cold = await tab(rows, harness);
    await cold.saved();
    expect(cold.text.toString()).toBe('on the server');
    expect(await storedText(harness.store, harness.ref.documentId)).toBe('on the server');
  });

  it('folds what is settled, and keeps what is not', async () => {
    const rows = new MemoryRows();
    const one = await tab(rows);
    one.text.insert(0, 'offline');
    await one.copy.flushed();
    rows.settled = Array.from({ length: 100 }, (_, i) => Y.encodeStateAsUpdate(Object.assign(new Y.Doc(), { clientID: i + 1 })));
    await rows.fold((all) => Y.encodeStateAsUpdate(textOf(all).doc));
    expect([rows.settled.length, rows.own.length]).toEqual([1, 1]);
    expect((await tab(rows)).text.toString()).toBe('offline');
  });
});

describe.each([
  ['with', true],
  ['without', false],
])('two tabs of one document, %s a channel', (_, channel) => {
  it('SY5: both have everything, each edit is counted once on disk, and both are saved in the end', async () => {
    const harness = await start({ text: '.' });
    const rows = new MemoryRows();
    const tabs = channel ? new Tabs() : undefined;
    const [a, b] = [await tab(rows, undefined, tabs), await tab(rows, undefined, tabs)];
    a.text.insert(0, 'A');
    b.text.insert(0, 'B');
    b.text.insert(1, 'b');
    await a.copy.flushed();
    await b.copy.flushed();
    if (channel) await until(() => a.text.length === 3 && b.text.length === 3);
    expect(rows.own).toHaveLength(3);
    expect(a.copy.edits.count).toBe(channel ? 3 : 1);
    const reopened = await tab(rows);
    expect([reopened.text.length, reopened.copy.edits.count]).toEqual([3, 3]);
    for (const each of [a, b]) each.connect(harness);
    await Promise.all([a.saved(), b.saved()]);
    await until(() => a.text.length === 4 && b.text.length === 4);
    expect(a.text.toString()).toBe(b.text.toString());
    expect(await storedText(harness.store, harness.ref.documentId)).toBe(a.text.toString());
    await a.copy.flushed();
    await b.copy.flushed();
    expect(rows.own).toEqual([]);
  });

  it('SY5: a tab that is killed before it could send leaves its edits to the other', async () => {
    const harness = await start();
    const rows = new MemoryRows();
    const tabs = channel ? new Tabs() : undefined;
    const [a, b] = [await tab(rows, harness, tabs), await tab(rows, undefined, tabs)];
    await a.saved();
    b.text.insert(0, 'typed and gone');
    await b.copy.flushed();
    if (channel) await until(() => a.text.length > 0);
    const c = channel ? a : await tab(rows, harness, tabs);
    await c.saved();
    expect(await storedText(harness.store, harness.ref.documentId)).toBe('typed and gone');
    await c.copy.flushed();
    expect(rows.own).toEqual([]);
  });

  it('SY7: when the history was replaced, each edit is carried over once, whoever comes first', async () => {
    const step = fc.record({ who: fc.nat(1), word: fc.constantFrom('red ', 'green ', 'blue '), crash: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), fc.boolean(), async (steps, swap) => {
        const old = new MemoryRows();
        old.settled = [Y.encodeStateAsUpdate(docWith('# Title\n\nbase line\n'))];
        const tabs = channel ? new Tabs() : undefined;
        const both = [await tab(old, undefined, tabs), await tab(old, undefined, tabs)];
        const written: string[] = [];
        for (const [i, { who, word }] of steps.entries()) {
          const line = `${word}${i}\n`;
          both[who]!.text.insert(both[who]!.text.length, line);
          written.push(line);
          await both[who]!.copy.flushed();
        }
        // The new history: the server's text was written anew. A tab may have died before it could carry.
        const server = docWith('# Title\n\nbase line\n');
        const next = [docFrom(server), docFrom(server)];
        const order = swap ? [1, 0] : [0, 1];
        const crashed = steps[0]!.crash ? order[0]! : -1;
        for (const i of order) {
          if (i === crashed) continue;
          await carryOver(old, { doc: next[i]!, session: both[i]!.doc.clientID, flushed: async () => {} });
        }
        Y.applyUpdate(server, Y.encodeStateAsUpdate(next[0]!));
        Y.applyUpdate(server, Y.encodeStateAsUpdate(next[1]!));
        const text = server.getText('content').toString();
        expect(text.startsWith('# Title\n\nbase line\n')).toBe(true);
        for (const line of written) expect(text.split(line)).toHaveLength(2);
        expect(old.own).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('carryOver (SY7)', () => {
  it('leaves to another tab what that one is carrying, and takes it over where it died', async () => {
    const old = new MemoryRows();
    old.settled = [Y.encodeStateAsUpdate(docWith('base\n'))];
    const typing = await tab(old);
    typing.text.insert(5, 'mine\n');
    await typing.copy.flushed();
    await old.claim(1, 1_000, 0);
    const target = { doc: docWith('base\n'), session: 2, flushed: async () => {} };
    expect(await carryOver(old, target, 30_000)).toBe(false);
    expect(target.doc.getText('content').toString()).toBe('base\n');
    expect(await carryOver(old, target, 62_000)).toBe(true);
    expect(target.doc.getText('content').toString()).toBe('base\nmine\n');
    expect(await carryOver(old, target, 63_000)).toBe(true);
    expect(target.doc.getText('content').toString()).toBe('base\nmine\n');
  });

  it('forgets nothing before the new history keeps it', async () => {
    const old = new MemoryRows();
    const typing = await tab(old);
    typing.text.insert(0, 'mine\n');
    await typing.copy.flushed();
    const never = { doc: new Y.Doc(), session: 2, flushed: () => Promise.reject(new Error('killed')) };
    await expect(carryOver(old, never)).rejects.toThrow('killed');
    expect(old.own).toHaveLength(1);
  });
});

function docWith(text: string): Y.Doc {
  const doc = new Y.Doc();
  doc.getText('content').insert(0, text);
  return doc;
}

function docFrom(source: Y.Doc): Y.Doc {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(source));
  return doc;
}
