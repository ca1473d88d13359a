import { converged, storedText, until } from '@markco/testing/relay-harness';
import { describe, expect, it } from 'vitest';
import { start, stock, synced } from './relay-test-kit.ts';

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
