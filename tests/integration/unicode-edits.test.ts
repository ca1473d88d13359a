import { makeDocument } from '@markco/sync/sidecar/test-world';
import { type TestDatabase, testDatabase } from '@markco/testing/database';
import { freePort } from '@markco/testing/free-port';
import { converged, until } from '@markco/testing/relay-harness';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type * as Y from 'yjs';
import { RelayProcess } from '../lib/relay-process.ts';
import { closeStockTab, openStockTab, type StockTab } from '../lib/stock-tab.ts';
import { storedDocument, textOf, untilContent } from '../lib/stored-document.ts';
import { loneTypist, type TypedDocument } from '../lib/typist.ts';

const EMOJI = '😀';
const [HIGH, LOW] = [EMOJI[0]!, EMOJI[1]!];
/** What Yjs puts for half a character. */
const HALF = '\uFFFD';

describe('text of every script', () => {
  let database: TestDatabase;
  let relay: RelayProcess;
  const cleanUps: (() => void)[] = [];

  beforeAll(async () => {
    database = await testDatabase();
    relay = await new RelayProcess({ databaseUrl: database.url, port: await freePort() }).ready();
  });
  afterEach(() => {
    for (const cleanUp of cleanUps.splice(0)) cleanUp();
  });
  afterAll(async () => {
    await relay?.end('SIGTERM');
    await database?.drop();
  });

  const stock = async (ref: TypedDocument): Promise<StockTab> => {
    const tab = await openStockTab(ref, relay.port);
    cleanUps.push(() => closeStockTab(tab));
    await until(() => tab.provider.synced);
    return tab;
  };
  const ours = async (ref: TypedDocument) => {
    const typist = loneTypist({ ...ref, path: ref.path.split('/').map(encodeURIComponent).join('/') }, relay.port);
    cleanUps.push(() => typist.destroy());
    await until(() => typist.isSaved);
    return typist;
  };
  /** Clients, one who comes now, the log and the text for readers: all the same. */
  const agree = async (ref: TypedDocument, docs: readonly Y.Doc[], expected: string): Promise<void> => {
    expect(await converged([...docs, (await stock(ref)).doc])).toBe(expected);
    expect(textOf(await storedDocument(database.db, ref.documentId))).toBe(expected);
    await untilContent(database.db, ref.documentId, expected);
  };

  it.each(['Über uns/Grüße.md', '日本語/メモ 一.md', '😀/👩‍🚀 notes.md', 'עברית/مستند.md', 'a b&c=d+e/50% done;x.md'])(
    'SY1, SE4 a document called %s is opened by a stock client and by ours, and keeps its line ends',
    async (path) => {
      const ref = await makeDocument(database.db, { path });
      const [a, b] = [await stock(ref), await ours(ref)];
      a.text.insert(0, 'one\r\ntwo\r\n');
      await converged([a.doc, b.doc]);
      b.text.insert(5, 'Grüße 中文 👍🏽\r\n');
      a.text.insert(a.text.length, '\rthree\n');
      const text = await converged([a.doc, b.doc]);
      expect(text).toBe('one\r\nGrüße 中文 👍🏽\r\ntwo\r\n\rthree\n');
      await agree(ref, [a.doc, b.doc], text);
    },
  );

  it('SY1 text put, or deleted, between the halves of a character: both halves become U+FFFD, for everyone', async () => {
    const ref = await makeDocument(database.db);
    const [a, b] = [await stock(ref), await ours(ref)];
    a.text.insert(0, `${EMOJI}${EMOJI}${EMOJI}`);
    await converged([a.doc, b.doc]);
    a.text.insert(1, 'x');
    await agree(ref, [a.doc, b.doc], `${HALF}x${HALF}${EMOJI}${EMOJI}`);
    b.text.delete(3, 1);
    await agree(ref, [a.doc, b.doc], `${HALF}x${HALF}${HALF}${EMOJI}`);
    a.text.delete(5, 1);
    await agree(ref, [a.doc, b.doc], `${HALF}x${HALF}${HALF}${HALF}`);
  });

  it('SY1 both halves by one edit are the character; by two edits they travel as U+FFFD, and all who did not write them agree', async () => {
    const ref = await makeDocument(database.db);
    const [a, b] = [await stock(ref), await ours(ref)];
    a.doc.transact(() => {
      a.text.insert(0, HIGH);
      a.text.insert(1, LOW);
    });
    await agree(ref, [a.doc, b.doc], EMOJI);
    a.text.insert(2, HIGH);
    a.text.insert(3, LOW);
    const expected = `${EMOJI}${HALF}${HALF}`;
    await until(() => b.text.toString() === expected);
    await agree(ref, [b.doc, (await ours(ref)).doc], expected);
    // In the memory of who wrote them the halves still meet; opened again it is what everyone has.
    closeStockTab(a);
    await agree(ref, [b.doc, (await stock(ref)).doc], expected);
  });

  it('SY1 halves of one character written at the same time by two people agree', async () => {
    const ref = await makeDocument(database.db);
    const [a, b] = [await stock(ref), await ours(ref)];
    a.text.insert(0, `a${EMOJI}b`);
    await converged([a.doc, b.doc]);
    a.text.insert(2, 'x');
    b.text.delete(1, 1);
    const text = await converged([a.doc, b.doc]);
    expect(text).toBe(`ax${HALF}b`);
    await agree(ref, [a.doc, b.doc], text);
  });
});
