import { createHash, randomUUID } from 'node:crypto';
import { type TestDatabase, testDatabase } from '@markco/testing/database';
import { until } from '@markco/testing/relay-harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { readSyncEnv } from '../env.ts';
import { silentLog } from '../log.ts';
import type { DocumentRef } from '../store/document-store.ts';
import { PrismaStore } from '../store/prisma-store.ts';
import { startSidecar } from './start-sidecar.ts';
import { makeDocument } from './test-world.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Edits as a relay process leaves them that is killed before it stored the text. */
async function editAndDie(ref: DocumentRef, text: string): Promise<void> {
  const store = new PrismaStore(database.db, silentLog);
  const doc = new Y.Doc();
  doc.getText('content').insert(0, text);
  await store.append([{ ref, updates: [Y.encodeStateAsUpdate(doc)] }]);
  await store.close();
}

const row = ({ documentId }: DocumentRef) =>
  database.db.document.findUniqueOrThrow({ where: { id: documentId }, select: { contentText: true, contentHash: true, updatedAt: true } });

describe('catchUpTexts', () => {
  it('SY9: the text of edits that a killed process stored is there after the next start, though nobody opens the document', async () => {
    const [behind, deleted, upToDate] = [await makeDocument(database.db), await makeDocument(database.db), await makeDocument(database.db)];
    await editAndDie(behind, 'saved and killed');
    await editAndDie(deleted, 'saved and deleted');
    await editAndDie(upToDate, 'told in time');
    await database.db.document.update({
      where: { id: deleted.documentId },
      data: { deletedAt: new Date(), docPath: `.deleted/${randomUUID()}` },
    });
    const told = { contentText: 'told in time', contentHash: sha256('told in time') };
    await database.db.document.update({ where: { id: upToDate.documentId }, data: told });
    const before = await row(upToDate);
    const env = readSyncEnv({ DATABASE_URL: database.url, MARKCO_SECRET: 'a secret that is long enough for tests', SYNC_RELAY_PORT: '0' });
    const sidecar = await startSidecar(env, silentLog);
    try {
      let found = await row(behind);
      await until(
        () => found.contentHash === sha256('saved and killed'),
        120_000,
        'the text to be stored',
        async () => {
          found = await row(behind);
        },
      );
      expect(found.contentText).toBe('saved and killed');
    } finally {
      await sidecar.stop();
    }
    expect((await row(deleted)).contentText).toBe('');
    expect(await row(upToDate)).toEqual(before);
  });
});
