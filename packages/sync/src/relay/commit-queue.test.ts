import { documentRef, until } from '@markco/testing/relay-harness';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../log.ts';
import { DocumentGone } from '../store/document-gone.ts';
import type { UpdateBatch } from '../store/document-store.ts';
import { CommitQueue } from './commit-queue.ts';
import { DEFAULT_LIMITS, type RelayLimits } from './limits.ts';
import { RelayMetrics } from './metrics.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);

/** A store whose appends the test lets through one by one. */
class HeldStore {
  readonly calls: { batches: readonly UpdateBatch[]; settle: (error?: Error) => void }[] = [];
  append(batches: readonly UpdateBatch[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.calls.push({ batches, settle: (error) => (error ? reject(error) : resolve()) });
    });
  }
}

function open(store: { append(batches: readonly UpdateBatch[]): Promise<void> }, limits: Partial<RelayLimits> = {}) {
  const gone: string[] = [];
  const queue = new CommitQueue({
    store,
    limits: { ...DEFAULT_LIMITS, retryMinMs: 1, retryMaxMs: 4, ...limits },
    log: silentLog,
    metrics: new RelayMetrics(),
    onGone: (id) => gone.push(id),
  });
  return { queue, gone };
}

describe('CommitQueue', () => {
  it('SY6: says how much is not durable while it waits, not only afterwards', async () => {
    const store = new HeldStore();
    const metrics = new RelayMetrics();
    const queue = new CommitQueue({
      ...{ store, metrics, log: silentLog, onGone: () => {} },
      limits: { ...DEFAULT_LIMITS, retryMinMs: 1, retryMaxMs: 4 },
    });
    const pending = async () => (await metrics.pendingBytes.get()).values[0]!.value;
    const durable = new Promise<void>((resolve) => queue.push(documentRef(), bytes(1, 2, 3), resolve));
    expect(await pending()).toBe(3);
    await until(() => store.calls.length === 1);
    expect(await pending()).toBe(3);
    store.calls[0]!.settle();
    await durable;
    await until(async () => (await pending()) === 0);
  });

  it('SY4: one append in flight; what is queued meanwhile, of all documents, joins the next', async () => {
    const store = new HeldStore();
    const { queue } = open(store);
    const [a, b] = [documentRef(), documentRef()];
    const durable: string[] = [];
    queue.push(a, bytes(1), () => durable.push('a1'));
    await until(() => store.calls.length === 1);
    queue.push(b, bytes(2), () => durable.push('b1'));
    queue.push(a, bytes(3), () => durable.push('a2'));
    expect(durable).toEqual([]);
    store.calls[0]!.settle();
    await until(() => store.calls.length === 2);
    expect(durable).toEqual(['a1']);
    expect(store.calls[1]!.batches.map(({ ref, updates }) => [ref.documentId, updates])).toEqual([
      [b.documentId, [bytes(2)]],
      [a.documentId, [bytes(3)]],
    ]);
    store.calls[1]!.settle();
    await until(() => durable.length === 3);
    expect(durable).toEqual(['a1', 'b1', 'a2']);
  });

  it('SY4: a barrier waits for its own document and for no other', async () => {
    const store = new HeldStore();
    const { queue } = open(store);
    const [a, b] = [documentRef(), documentRef()];
    const order: string[] = [];
    queue.push(a, bytes(1), () => order.push('edit'));
    queue.barrier(a.documentId, () => order.push('answer'));
    queue.barrier(b.documentId, () => order.push('other'));
    expect(order).toEqual(['other']);
    await until(() => store.calls.length === 1);
    store.calls[0]!.settle();
    await until(() => order.length === 3);
    expect(order).toEqual(['other', 'edit', 'answer']);
  });

  it('SY6: a store that refuses is asked again until it takes everything, in order, and nothing is acknowledged before', async () => {
    let failures = 20;
    const stored: number[] = [];
    const { queue } = open({
      append: async (batches) => {
        if (failures-- > 0) throw new Error('the database is away');
        for (const { updates } of batches) for (const update of updates) stored.push(update[0]!);
      },
    });
    const ref = documentRef();
    const durable: number[] = [];
    for (const n of [1, 2, 3]) queue.push(ref, bytes(n), () => durable.push(n));
    await until(() => queue.failing);
    expect(durable).toEqual([]);
    await until(() => durable.length === 3);
    expect(stored).toEqual([1, 2, 3]);
    expect(queue.failing).toBe(false);
    expect(queue.pendingBytes).toBe(0);
  });

  it('SY6: a store that hangs counts as failed and is asked again', async () => {
    const store = new HeldStore();
    const { queue } = open(store, { appendTimeoutMs: 5 });
    const durable: number[] = [];
    queue.push(documentRef(), bytes(1), () => durable.push(1));
    await until(() => store.calls.length >= 2);
    expect(durable).toEqual([]);
    store.calls.at(-1)!.settle();
    await until(() => store.calls.length > 2 || durable.length === 1);
    for (const call of store.calls) call.settle();
    await until(() => durable.length === 1);
  });

  it('SY6: the queue is bounded a document and a process', () => {
    const { queue } = open(new HeldStore(), { maxPendingDocumentBytes: 10, maxPendingBytes: 15 });
    const [a, b] = [documentRef(), documentRef()];
    expect(queue.hasRoom(a.documentId, 100)).toBe(true);
    queue.push(a, new Uint8Array(8), () => {});
    expect(queue.hasRoom(a.documentId, 3)).toBe(false);
    expect(queue.hasRoom(b.documentId, 7)).toBe(true);
    expect(queue.hasRoom(b.documentId, 8)).toBe(false);
  });

  it('SY4: documents that no longer exist are reported and do not hold up the others', async () => {
    const [lost, kept] = [documentRef(), documentRef()];
    const stored: string[] = [];
    const { queue, gone } = open({
      append: async (batches) => {
        if (batches.some(({ ref }) => ref === lost)) throw new DocumentGone([lost.documentId]);
        for (const { ref } of batches) stored.push(ref.documentId);
      },
    });
    const durable: string[] = [];
    queue.push(lost, bytes(1), () => durable.push('lost'));
    queue.push(kept, bytes(2), () => durable.push('kept'));
    queue.barrier(lost.documentId, () => durable.push('after'));
    await until(() => durable.length === 2);
    expect(durable).toEqual(['kept', 'after']);
    expect([stored, gone]).toEqual([[kept.documentId], [lost.documentId]]);
  });

  it('SY6: drain says whether everything is durable, and stops trying at its deadline', async () => {
    const healthy = open({ append: async () => {} });
    healthy.queue.push(documentRef(), bytes(1), () => {});
    expect(await healthy.queue.drain(60_000)).toBe(true);
    const down = open({ append: () => Promise.reject(new Error('away')) });
    down.queue.push(documentRef(), bytes(1), () => {});
    expect(await down.queue.drain(20)).toBe(false);
  });
});
