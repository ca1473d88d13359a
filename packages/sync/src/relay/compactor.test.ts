import { converged, documentRef, storedText, until } from '@markco/testing/relay-harness';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../log.ts';
import type { CompactionResult } from '../store/document-store.ts';
import { Compactor } from './compactor.ts';
import { RelayMetrics } from './metrics.ts';
import { start, stock, synced } from './relay-test-kit.ts';
import type { Room } from './room.ts';

describe('compaction', () => {
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
});

describe('Compactor', () => {
  /** A store whose compactions end when the test says so. */
  function held() {
    const running: { documentId: string; finish: () => void }[] = [];
    const compact = (documentId: string) =>
      new Promise<CompactionResult>((resolve) => {
        running.push({ documentId, finish: () => resolve({ compacted: true, rows: 1, bytes: 1 }) });
      });
    const compactor = new Compactor({ store: { compact }, log: silentLog, metrics: new RelayMetrics() });
    const room = (documentId: string) =>
      ({ ref: documentRef({ documentId }), logSize: { folded: () => {}, postpone: () => {} } }) as unknown as Room;
    return { compactor, running, room };
  }

  it('SY10: one runs, and a document waits at most once', async () => {
    const { compactor, running, room } = held();
    const [a, b] = [room('a'), room('b')];
    const turns = [compactor.request(a), compactor.request(b), compactor.request(b), compactor.request(a)];
    await until(() => running.length === 1);
    running[0]!.finish();
    await until(() => running.length === 2);
    running[1]!.finish();
    await Promise.all(turns);
    expect(running.map(({ documentId }) => documentId)).toEqual(['a', 'b']);
  });

  it('SY6: stopping waits for what runs and forgets what waits', async () => {
    const { compactor, running, room } = held();
    const turns = [compactor.request(room('a')), compactor.request(room('b'))];
    await until(() => running.length === 1);
    const stopped = compactor.stop();
    running[0]!.finish();
    await Promise.all([stopped, ...turns]);
    expect(running).toHaveLength(1);
  });
});
