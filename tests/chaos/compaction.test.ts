import { makeDocument } from '@markco/sync/sidecar/test-world';
import { type TestDatabase, testDatabase } from '@markco/testing/database';
import { freePort } from '@markco/testing/free-port';
import { until, updateOf } from '@markco/testing/relay-harness';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { type Scenario, scenario, WHOLE } from '../lib/chaos-scenario.ts';
import { HeldLock } from '../lib/held-lock.ts';
import { RelayProcess } from '../lib/relay-process.ts';
import { seedLog } from '../lib/seed-log.ts';
import { storedDocument, textOf, untilContent } from '../lib/stored-document.ts';
import { TokenLedger } from '../lib/token-ledger.ts';
import { loneTypist, type TypedDocument, type Typist } from '../lib/typist.ts';

let database: TestDatabase;
let port: number;
let relay: RelayProcess;
const closing: (() => unknown)[] = [];

const startRelay = (): RelayProcess => new RelayProcess({ databaseUrl: database.url, port });

beforeEach(async () => {
  database = await testDatabase();
  port = await freePort();
  relay = await startRelay().ready();
});
afterEach(async () => {
  for (const close of closing.splice(0)) close();
  if (relay.isAlive) await relay.end('SIGKILL');
  await database.drop();
});

/** A document whose log is due for folding, with a typist in it, and somebody who holds its rows: a compaction stops at its delete. */
async function compacting({ explain }: Scenario, beforehand: (ref: TypedDocument) => Promise<void> = async () => {}) {
  explain(() => relay.log.slice(-3_000));
  const ref = await makeDocument(database.db);
  const ledger = new TokenLedger();
  await seedLog(database.db, ref, ledger, 600);
  await beforehand(ref);
  const typist = loneTypist(ref, port, { ledger });
  closing.push(() => typist.destroy());
  const rows = await HeldLock.begin(database.url);
  await rows.query('SELECT 1 FROM document_updates WHERE document_id = $1 FOR UPDATE', [ref.documentId]);
  await until(() => typist.isSaved);
  typist.insert();
  await rows.untilSomeoneWaits('DELETE FROM document_updates');
  return { ref, ledger, typist, rows };
}

async function rowOf({ documentId }: TypedDocument) {
  const [row] = await database.db.$queryRaw<{ has_state: boolean; rows: number; log_rows: number; versions: number }[]>`
    SELECT yjs_state IS NOT NULL AS has_state, log_rows,
      (SELECT count(*)::int FROM document_updates u WHERE u.document_id = d.id) AS rows,
      (SELECT count(*)::int FROM document_versions v WHERE v.document_id = d.id) AS versions
    FROM documents d WHERE id = ${documentId}::uuid`;
  return row!;
}

async function untilFolded(ref: TypedDocument): Promise<void> {
  let folded = false;
  const look = async () => {
    folded = (await rowOf(ref)).has_state;
  };
  await until(() => folded, 120_000, 'the log to be folded', look);
}

/** The typist types on, sees it all, and Postgres has it all, once. */
async function settled(ref: TypedDocument, ledger: TokenLedger, typist: Typist): Promise<void> {
  await until(() => typist.isSaved, 120_000, 'everything to be saved');
  const text = textOf(await storedDocument(database.db, ref.documentId));
  expect(ledger.faults(text)).toEqual([]);
  await until(() => typist.text.toString() === text, 120_000, 'the typist to see what is stored');
  await untilContent(database.db, ref.documentId, text);
}

/** Another process serves what came late, and goes on from it. */
async function servedByTheNext(ref: TypedDocument, ledger: TokenLedger, typist: Typist, token: string): Promise<void> {
  await relay.end('SIGKILL');
  relay = await startRelay().ready();
  await until(() => typist.text.toString().includes(token), 120_000, 'the late update to be served');
  typist.insert();
  await settled(ref, ledger, typist);
}

describe('a compaction', () => {
  scenario('SY10: killed at its delete, and at its snapshot: all of it is undone, and the next one does it', async (run) => {
    for (const at of ['delete', 'snapshot'] as const) {
      for (let round = 0; round < run.size(1, 10); round++) {
        const { ref, ledger, typist, rows } = await compacting(run);
        const document = await HeldLock.begin(database.url);
        if (at === 'snapshot') {
          await document.query('SELECT 1 FROM documents WHERE id = $1 FOR NO KEY UPDATE', [ref.documentId]);
          await rows.commit();
          await document.untilSomeoneWaits('UPDATE documents SET yjs_state');
        }
        // What is typed meanwhile is not in what the compaction read.
        if (at === 'delete') {
          typist.insert();
          await until(() => typist.isSaved);
        }
        await relay.end('SIGKILL');
        if (at === 'delete') await rows.commit();
        await document.commit();
        await until(() => typist.isCutOff);
        expect(ledger.faults(textOf(await storedDocument(database.db, ref.documentId)))).toEqual([]);
        relay = await startRelay().ready();
        await until(() => typist.connection.status.synced, 120_000, 'the typist to be back');
        typist.insert();
        await untilFolded(ref);
        await settled(ref, ledger, typist);
        run.progress(`killed at its ${at}: ${JSON.stringify(await rowOf(ref))}`);
        typist.destroy();
      }
    }
  });

  scenario('SY10: an update that took its number before the read and commits after it is not folded away', async (run) => {
    for (const when of ['before the delete', 'after all of it'] as const) {
      for (let round = 0; round < run.size(1, 10); round++) {
        // Another node: its number is taken, its commit is not there yet.
        const other = await HeldLock.begin(database.url);
        const token = '<other.0>';
        const { ref, ledger, typist, rows } = await compacting(run, ({ documentId }) =>
          other.query('INSERT INTO document_updates (document_id, bytes) VALUES ($1, $2)', [documentId, Buffer.from(updateOf(token))]),
        );
        ledger.noteMade(token);
        if (when === 'before the delete') await other.commit();
        await rows.commit();
        await untilFolded(ref);
        if (when === 'after all of it') await other.commit();
        ledger.noteSaved(token);
        expect((await rowOf(ref)).rows).toBe(1);
        expect(ledger.faults(textOf(await storedDocument(database.db, ref.documentId)))).toEqual([]);
        if (WHOLE) await servedByTheNext(ref, ledger, typist, token);
        run.progress(`committed ${when}: it stayed`);
        typist.destroy();
      }
    }
  });
});
