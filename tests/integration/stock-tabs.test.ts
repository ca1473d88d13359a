import { makeDocument } from '@markco/sync/sidecar/test-world';
import { type TestDatabase, testDatabase } from '@markco/testing/database';
import { freePort } from '@markco/testing/free-port';
import { converged, until, withoutOwnClocks } from '@markco/testing/relay-harness';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { RelayProcess } from '../lib/relay-process.ts';
import { closeStockTab, openStockTab, type StockTab } from '../lib/stock-tab.ts';
import { storedDocument, textOf, untilContent } from '../lib/stored-document.ts';

const WAIT_MS = 120_000;

describe.each([
  ['without a BroadcastChannel', true],
  ['with a BroadcastChannel between them', false],
])('stock y-websocket clients of one process, %s', (_name, disableBc) => {
  let database: TestDatabase;
  let relay: RelayProcess;
  const tabs: StockTab[] = [];

  beforeAll(async () => {
    database = await testDatabase();
    relay = await new RelayProcess({ databaseUrl: database.url, port: await freePort() }).ready();
  });
  afterEach(() => {
    for (const tab of tabs.splice(0)) closeStockTab(tab);
  });
  afterAll(async () => {
    await relay?.end('SIGTERM');
    await database?.drop();
  });

  const open = async (ref: Awaited<ReturnType<typeof makeDocument>>, bc = disableBc): Promise<StockTab> => {
    const tab = await openStockTab(ref, relay.port, { disableBc: bc });
    tabs.push(tab);
    await until(() => tab.provider.synced);
    return tab;
  };
  const close = (tab: StockTab): void => {
    tabs.splice(tabs.indexOf(tab), 1);
    closeStockTab(tab);
  };
  const names = ({ provider }: StockTab): string[] =>
    [...provider.awareness.getStates().values()].map(({ user }) => user?.colour as string).sort();
  const show = (tab: StockTab, colour: string): void => tab.provider.awareness.setLocalStateField('user', { colour });

  it('SY1 what two of them and one elsewhere type at once arrives once, everywhere', async () => {
    const ref = await makeDocument(database.db);
    const [a, b, elsewhere] = [await open(ref), await open(ref), await open(ref, true)];
    const typists = { a, b, elsewhere };
    for (let round = 0; round < 60; round++) {
      for (const [name, { text }] of Object.entries(typists)) text.insert(round % 2 ? text.length : 0, `<${name}.${round}>`);
      if (round % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const docs = [a.doc, b.doc, elsewhere.doc];
    const text = await converged(docs);
    for (const name of Object.keys(typists))
      for (let round = 0; round < 60; round++) expect(text.split(`<${name}.${round}>`), `${name}.${round}`).toHaveLength(2);
    await untilContent(database.db, ref.documentId, text);
    const stored = await storedDocument(database.db, ref.documentId);
    expect(textOf(stored)).toBe(text);
    expect(Y.encodeStateVector(stored)).toHaveLength(Y.encodeStateVector(a.doc).length);
  });

  it('SY15 no cursor stays of one who left, was cut off, or came back', async () => {
    const ref = await makeDocument(database.db);
    const [a, b, elsewhere] = [await open(ref), await open(ref), await open(ref, true)];
    // A cursor goes because somebody says so, not because a client has heard nothing of it for 30 s.
    for (const tab of [a, b, elsewhere]) withoutOwnClocks(tab);
    show(a, 'red');
    show(b, 'green');
    show(elsewhere, 'blue');
    for (const tab of [a, b, elsewhere]) await until(() => names(tab).join() === 'blue,green,red', WAIT_MS, 'all three to be seen');
    // Cut off without a word: it comes back by itself, once.
    const cutOff = new Promise((resolve) => a.provider.once('connection-close', resolve));
    (a.provider.ws as unknown as { terminate(): void }).terminate();
    await cutOff;
    await until(() => a.provider.wsconnected && a.provider.synced);
    // A stock client that lost the others' cursors takes them again when they move (in a page also 15 s later).
    show(a, 'red');
    show(b, 'green');
    show(elsewhere, 'blue');
    for (const tab of [a, b, elsewhere]) await until(() => names(tab).join() === 'blue,green,red', WAIT_MS, 'the one cut off to be back');
    close(b);
    for (const tab of [a, elsewhere]) await until(() => names(tab).join() === 'blue,red', WAIT_MS, 'the one who left to be gone');
    close(a);
    await until(() => names(elsewhere).join() === 'blue', WAIT_MS, 'one to be left');
    const newcomer = await open(ref, true);
    withoutOwnClocks(newcomer);
    show(newcomer, 'white');
    for (const tab of [elsewhere, newcomer]) await until(() => names(tab).join() === 'blue,white', WAIT_MS, 'nobody else to be there');
    close(elsewhere);
    await until(() => names(newcomer).join() === 'white', WAIT_MS, 'the newcomer to be left');
  });

  it('SY1 an edit made offline by one reaches all, and two documents of one name in two projects stay apart', async () => {
    const ref = await makeDocument(database.db, { path: 'notes.md' });
    const other = await makeDocument(database.db, { path: 'notes.md', userId: ref.userId });
    const [a, b, c] = [await open(ref), await open(ref), await open(other)];
    b.text.insert(0, 'before ');
    await converged([a.doc, b.doc]);
    a.provider.disconnect();
    a.text.insert(0, 'offline ');
    b.text.insert(0, 'online ');
    c.text.insert(0, 'another document');
    a.provider.connect();
    const text = await converged([a.doc, b.doc]);
    expect([...text.matchAll(/offline |online |before /g)].map(([word]) => word).sort()).toEqual(['before ', 'offline ', 'online ']);
    await untilContent(database.db, ref.documentId, text);
    await untilContent(database.db, other.documentId, 'another document');
    expect(c.text.toString()).toBe('another document');
  });
});
