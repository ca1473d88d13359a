import { makeDocument, ticketToken } from '@markco/sync/sidecar/test-world';
import { type TestDatabase, testDatabase } from '@markco/testing/database';
import { freePort } from '@markco/testing/free-port';
import { until } from '@markco/testing/relay-harness';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { WebSocket } from 'ws';
import { scenario } from '../lib/chaos-scenario.ts';
import { CutProxy } from '../lib/cut-proxy.ts';
import { RELAY_SECRET, RelayProcess } from '../lib/relay-process.ts';
import { seedLog } from '../lib/seed-log.ts';
import { storedDocument, textOf } from '../lib/stored-document.ts';
import { TokenLedger } from '../lib/token-ledger.ts';
import { loneTypist, type TypedDocument } from '../lib/typist.ts';

/** In the statements that load documents, or their names once they are prepared. */
const LOAD = /string_agg\(int8send|read_small_states/;
const ROWS = 300;

let database: TestDatabase;
let proxy: CutProxy;
let relay: RelayProcess;
const closing: (() => unknown)[] = [];

beforeEach(async () => {
  database = await testDatabase();
  const through = await CutProxy.before(database.url);
  proxy = through.proxy;
  relay = await new RelayProcess({ databaseUrl: through.url, port: await freePort() }).ready();
});
afterEach(async () => {
  for (const close of closing.splice(0)) close();
  if (relay.isAlive) await relay.end('SIGKILL');
  await proxy.close();
  await database.drop();
});

/** Cuts the connection of the next `times` loads: before the question, or within the answer. Returns how many it cut so far. */
function cutLoads(times: number, where: 'question' | 'answer'): () => number {
  let cut = 0;
  proxy.watch = (data) => {
    if (cut >= times || !LOAD.test(data.toString('latin1'))) return null;
    cut++;
    return where;
  };
  return () => cut;
}

/** The answer to a WebSocket upgrade: 101, or the status it was refused with. */
async function upgrade(ref: TypedDocument): Promise<{ status: number; retryAfter?: string }> {
  const token = await ticketToken(RELAY_SECRET, ref);
  const socket = new WebSocket(`ws://127.0.0.1:${relay.port}/sync/${ref.userId}/${ref.project}/${ref.path}?token=${token}`);
  return new Promise((resolve, reject) => {
    socket.once('open', () => {
      socket.terminate();
      resolve({ status: 101 });
    });
    socket.once('unexpected-response', (_request, { statusCode, headers }) => {
      resolve({ status: statusCode!, ...(headers['retry-after'] ? { retryAfter: headers['retry-after'] } : {}) });
      socket.terminate();
    });
    socket.on('error', reject);
  });
}

async function storedRow(ref: TypedDocument) {
  const [row] = await database.db.$queryRaw<object[]>`
    SELECT md5(coalesce(yjs_state, ''::bytea)) AS state, log_rows, content_hash,
      (SELECT count(*)::int FROM document_updates u WHERE u.document_id = d.id) AS rows
    FROM documents d WHERE id = ${ref.documentId}::uuid`;
  return row;
}

describe('a load that fails', () => {
  scenario(
    'SY6: is told with 503 and tried again; no empty document is served, nor saved over the row',
    async ({ size, progress, explain }) => {
      explain(() => relay.log.slice(-3_000));
      for (let round = 0; round < size(2, 20); round++) {
        const ref = await makeDocument(database.db);
        const ledger = new TokenLedger();
        await seedLog(database.db, ref, ledger, ROWS);
        const where = round % 2 === 0 ? 'question' : 'answer';
        const before = await storedRow(ref);
        const cut = cutLoads(1, where);
        expect(await upgrade(ref)).toEqual({ status: 503, retryAfter: '2' });
        expect(cut()).toBe(1);
        expect(await storedRow(ref)).toEqual(before);
        // Several who come together share each failing load, try again, and get all of it at once.
        const cutAgain = cutLoads(3, where);
        const joiners = Array.from({ length: 5 }, (_, i) => loneTypist(ref, relay.port, { ledger, name: `j${i}` }));
        closing.push(...joiners.map((joiner) => () => joiner.destroy()));
        const firstSeen = joiners.map(() => '');
        joiners.forEach(({ connection, text }, i) => {
          connection.subscribe(({ synced }) => {
            if (synced) firstSeen[i] ||= text.toString() || 'an empty document';
          });
        });
        await until(() => joiners.every(({ isSaved }) => isSaved), 120_000, 'everyone to have the document');
        expect(cutAgain()).toBe(3);
        for (const text of firstSeen) expect(ledger.faults(text)).toEqual([]);
        for (const joiner of joiners) joiner.insert();
        await until(() => joiners.every(({ isSaved, text }) => isSaved && text.toString().split('<').length - 1 === ROWS + 5));
        expect(ledger.faults(textOf(await storedDocument(database.db, ref.documentId)))).toEqual([]);
        progress(`cut in the ${where}: refused, then served whole to ${joiners.length}`);
      }
    },
  );
});
