import { readFileSync } from 'node:fs';
import { DEFAULT_LIMITS } from '@markco/sync/relay/limits';
import { makeDocument } from '@markco/sync/sidecar/test-world';
import { type TestDatabase, testDatabase } from '@markco/testing/database';
import { freePort } from '@markco/testing/free-port';
import { until } from '@markco/testing/relay-harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RelayProcess } from '../lib/relay-process.ts';
import { closeStockTab, openStockTab } from '../lib/stock-tab.ts';
import { loneTypist, type TypedDocument } from '../lib/typist.ts';

/** Three bytes each in UTF-8, one UTF-16 unit. */
const LETTER = '中';
const LIMIT = DEFAULT_LIMITS.maxTextLength;
const WAIT_MS = 120_000;

/** SY17: a document as large as it may be, in the letters that take the most bytes, from one keyboard to another. */
describe('a document of 20 M characters', () => {
  let database: TestDatabase;
  let relay: RelayProcess;
  let port: number;
  let ref: TypedDocument;

  beforeAll(async () => {
    database = await testDatabase();
    port = await freePort();
    ref = await makeDocument(database.db);
    relay = await startRelay();
  });
  afterAll(async () => {
    await relay?.end('SIGTERM');
    await database?.drop();
  });

  const startRelay = (): Promise<RelayProcess> => new RelayProcess({ databaseUrl: database.url, port }).ready();
  const open = async () => {
    const typist = loneTypist(ref, port);
    await until(() => typist.isSaved || typist.connection.status.connection === 'refused', WAIT_MS, 'the document to open');
    return typist;
  };
  const saved = (typist: Awaited<ReturnType<typeof open>>) => until(() => typist.isSaved, WAIT_MS, 'the edit to be saved');
  /** The most memory the relay had so far, MB. */
  const peakMb = (): number =>
    Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${relay.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024);
  const row = async () => {
    const [found] = await database.db.$queryRaw<{ rows: number; snapshot: number; letters: number }[]>`
      SELECT log_rows AS rows, COALESCE(length(yjs_state), 0)::int AS snapshot, COALESCE(length(content_text), 0)::int AS letters
      FROM documents WHERE id = ${ref.documentId}::uuid`;
    return found!;
  };

  it('SY17 is written in one edit, edited in the middle, and seen by another client', async () => {
    const a = await open();
    a.text.insert(0, LETTER.repeat(LIMIT - 10));
    await saved(a);
    a.text.insert(LIMIT / 2, '<middle>');
    await saved(a);
    const b = await openStockTab(ref, port);
    await until(() => b.provider.synced, WAIT_MS, 'the second client');
    b.text.insert(0, '!');
    await until(() => a.text.length === LIMIT - 1 && b.text.length === LIMIT - 1, WAIT_MS, 'both to have both edits');
    expect(b.text.toString() === a.text.toString()).toBe(true);
    expect(b.text.toString().indexOf('<middle>')).toBe(LIMIT / 2 + 1);
    expect(a.closes).toEqual([]);
    a.destroy();
    closeStockTab(b);
  });

  it('SY9, SY10 its log is folded, its text is stored, and after a restart it opens again', async () => {
    let now = await row();
    const look = async () => {
      now = await row();
    };
    await until(() => now.snapshot > 3 * LIMIT - 1_000 && now.letters === LIMIT - 1, WAIT_MS, 'snapshot and text', look);
    console.log(`large-document: snapshot ${Math.round(now.snapshot / 1024 / 1024)} MB, relay's peak ${peakMb()} MB`);
    expect(await relay.end('SIGTERM')).toMatchObject({ code: 0 });
    relay = await startRelay();
    const again = await open();
    expect(again.text.length).toBe(LIMIT - 1);
    expect(again.text.toString().indexOf('<middle>')).toBe(LIMIT / 2 + 1);
    again.destroy();
  });

  it('SY2, SY17 one character too many is refused with 1009 and says so, nobody tries again; deleting works', async () => {
    const [a, other] = [await open(), await open()];
    a.text.insert(0, 'x');
    await saved(a);
    a.text.insert(0, 'y');
    await until(() => a.connection.status.connection === 'refused', WAIT_MS, 'the refusal');
    expect(a.connection.status.problem).toBe(`Documents may have up to ${LIMIT} characters.`);
    expect(a.closes).toEqual([1009]);
    await until(() => other.text.length === LIMIT, WAIT_MS, 'the other one to have what was taken');
    other.text.delete(0, 1_000);
    await saved(other);
    // Meanwhile one that tries again would have: its pauses are 150 ms at most.
    expect(a.closes).toEqual([1009]);
    expect(a.connection.status.connection).toBe('refused');
    a.destroy();
    const late = await open();
    expect(late.text.length).toBe(LIMIT - 1_000);
    late.text.insert(0, 'there is room again');
    await saved(late);
    for (const typist of [other, late]) typist.destroy();
    console.log(`large-document: the restarted relay's peak ${peakMb()} MB`);
    expect(relay.isAlive).toBe(true);
    expect(relay.log).toBe('');
  });
});
