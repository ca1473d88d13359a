import { type TestDatabase, testDatabase } from '@markco/testing/database';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { buildDocument } from '../../relay/document-state.ts';
import { foldLog } from '../fold-log.mjs';
import { compactDocument } from './compact-document.ts';
import { readState } from './read-state.ts';
import { createRow } from './test-rows.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

const compact = (documentId: string, foldBytes: number) =>
  compactDocument(database.db, documentId, async (snapshot, updates) => foldLog(snapshot, updates), foldBytes);

/** Updates of two people who type into each other's text, each step up to 60 characters. */
function typed(lengths: readonly number[]): { updates: Uint8Array[]; text: string } {
  const docs = [new Y.Doc(), new Y.Doc()] as const;
  const updates: Uint8Array[] = [];
  for (const [i, doc] of docs.entries())
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === 'other') return;
      updates.push(update);
      Y.applyUpdate(docs[1 - i]!, update, 'other');
    });
  for (const [i, length] of lengths.entries()) docs[i % 2]!.getText('content').insert((i * 7) % (i + 1), String(i % 10).repeat(length));
  return { updates, text: docs[0].getText('content').toString() };
}

async function storedText(documentId: string): Promise<string> {
  const stored = (await readState(database.db, documentId))!;
  const loaded = { ...stored, updates: stored.rows.map(({ update }) => update) };
  return buildDocument(loaded).getText('content').toString();
}

describe('a log that is longer than one compaction folds', () => {
  it('SY10: is folded from its beginning, turn by turn, and every state between has every edit', async () => {
    const { updates, text } = typed(Array.from({ length: 12 }, () => 40));
    const { documentId } = await createRow(database.db, updates);
    const half = updates.slice(0, 6).reduce((sum, update) => sum + update.length, 0);
    expect(await compact(documentId, half)).toEqual({ compacted: true, rows: 6, bytes: half, more: true });
    expect(await storedText(documentId)).toBe(text);
    const counted = await database.db.document.findUniqueOrThrow({ where: { id: documentId } });
    const rest = updates.slice(6).reduce((sum, update) => sum + update.length, 0);
    expect(counted).toMatchObject({ logRows: 6, logBytes: rest });
    // The snapshot is no smaller than what is left: one more is enough.
    expect(await compact(documentId, rest)).toMatchObject({ compacted: true, rows: 6, more: false });
    expect(await storedText(documentId)).toBe(text);
    expect(await compact(documentId, 1)).toMatchObject({ compacted: false });
  });

  it('SY10, SY14: whatever the order of the rows and the size of a turn, it ends with all of it folded', async () => {
    const cases = fc.record({
      lengths: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 12 }),
      order: fc.infiniteStream(fc.nat(1_000)),
      foldBytes: fc.integer({ min: 1, max: 1_000 }),
    });
    const property = fc.asyncProperty(cases, async ({ lengths, order, foldBytes }) => {
      const { updates, text } = typed(lengths);
      const shuffled = updates.map((update) => ({ update, at: order.next().value as number })).sort((a, b) => a.at - b.at);
      const { documentId } = await createRow(
        database.db,
        shuffled.map(({ update }) => update),
      );
      // What waits for others goes to the end of the log and takes another turn: at most the log's length of them for each.
      for (let turn = 0; turn <= updates.length ** 2; turn++) if (!(await compact(documentId, foldBytes)).compacted) break;
      expect(await storedText(documentId)).toBe(text);
      expect(await database.db.document.findUniqueOrThrow({ where: { id: documentId } })).toMatchObject({ logRows: 0, logBytes: 0 });
    });
    await fc.assert(property, { numRuns: 15 });
  });

  it('SY15: where all of it waits for an edit that never came, it is not folded without end', async () => {
    const { updates } = typed(Array.from({ length: 8 }, () => 50));
    const { documentId } = await createRow(database.db, updates.slice(1));
    expect(await compact(documentId, 1)).toMatchObject({ compacted: true, rows: 1, more: false });
  });
});
