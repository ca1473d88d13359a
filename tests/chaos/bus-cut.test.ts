import { randomUUID } from 'node:crypto';
import { createPostgresBus } from '@markco/db/postgres-bus';
import { readSyncEnv } from '@markco/sync/env';
import { silentLog } from '@markco/sync/log';
import { type Sidecar, startSidecar } from '@markco/sync/sidecar/start-sidecar';
import { makeDocument } from '@markco/sync/sidecar/test-world';
import { type TestDatabase, testDatabase } from '@markco/testing/database';
import { until } from '@markco/testing/relay-harness';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { scenario } from '../lib/chaos-scenario.ts';
import { cutBus } from '../lib/cut-bus.ts';
import { RELAY_SECRET } from '../lib/relay-process.ts';
import { storedDocument, textOf } from '../lib/stored-document.ts';
import { TokenLedger } from '../lib/token-ledger.ts';
import { type TypedDocument, Typist } from '../lib/typist.ts';

/** Less than a ticket lives: with its end access is checked anyway. */
const WAIT_MS = 120_000;

let database: TestDatabase;
let sidecar: Sidecar;
/** What the relay warned of. */
let warnings: string[];
const closing: (() => unknown)[] = [];

beforeEach(async () => {
  database = await testDatabase();
  warnings = [];
  const log = { ...silentLog, warn: (_fields: object, message: string) => void warnings.push(message) };
  const env = readSyncEnv({ DATABASE_URL: database.url, MARKCO_SECRET: RELAY_SECRET, SYNC_RELAY_PORT: '0' });
  // It asks again because the bus is back, and for no other reason.
  sidecar = await startSidecar(env, log, { recheckMs: 3_600_000 });
});
afterEach(async () => {
  for (const close of closing.splice(0)) close();
  await sidecar.stop();
  await database.drop();
});

async function signIn(userId: string): Promise<string> {
  const { id } = await database.db.session.create({
    data: { userId, sessionToken: randomUUID(), expires: new Date(Date.now() + 3_600_000) },
  });
  return id;
}

describe('the bus between processes', () => {
  scenario('SY3, SE2: cut for seconds while access is taken away: typing goes on, and the change holds once it is back', async (run) => {
    const { random, size, explain, progress } = run;
    explain(() => warnings.join('\n'));
    const ref = await makeDocument(database.db);
    const deleted = await makeDocument(database.db, { userId: ref.userId });
    const ledger = new TokenLedger();
    const join = (to: TypedDocument, name: string, books: TokenLedger, sid?: string) => {
      const typist = new Typist({ ref: to, port: sidecar.port, ledger: books, random, name, ...(sid ? { sid } : {}) });
      closing.push(() => typist.destroy());
      return typist;
    };
    const [sid, otherSid] = [await signIn(ref.userId), await signIn(ref.userId)];
    const revoked = join(ref, 'revoked', ledger, sid);
    const staying = join(ref, 'staying', ledger, otherSid);
    const reading = join(deleted, 'reading', new TokenLedger());
    await until(() => [revoked, staying, reading].every(({ isSaved }) => isSaved), 120_000, 'everyone to be in');

    const mend = cutBus(database.db);
    const endAt = Date.now() + size(1, 10) * 1000;
    await database.db.session.delete({ where: { id: sid } });
    await database.db.document.update({ where: { id: deleted.documentId }, data: { deletedAt: new Date() } });
    const bus = await createPostgresBus(database.url).catch(() => null);
    // Said while the relay cannot hear it, as far as it can be said at all.
    await bus?.publish({ topic: 'access.changed', userId: ref.userId, sid }).catch(() => {});
    await bus?.close();
    while (Date.now() < endAt) {
      staying.insert();
      await until(() => staying.isSaved, 120_000, 'an edit to be saved without the bus');
    }
    await mend();
    const back = performance.now();
    await until(() => revoked.closes.includes(4401), WAIT_MS, 'the revoked session to be closed with 4401');
    await until(() => reading.closes.includes(4404), WAIT_MS, 'the deleted document to be closed with 4404');
    progress(`enforced ${(performance.now() - back).toFixed(0)} ms after the bus was let back`);
    staying.insert();
    await until(() => staying.isSaved, 120_000);
    expect(staying.closes).toEqual([]);
    expect(ledger.faults(textOf(await storedDocument(database.db, ref.documentId)))).toEqual([]);
  });
});
