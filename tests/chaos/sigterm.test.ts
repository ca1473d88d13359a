import { makeDocument } from '@markco/sync/sidecar/test-world';
import { type TestDatabase, testDatabase } from '@markco/testing/database';
import { freePort } from '@markco/testing/free-port';
import { until } from '@markco/testing/relay-harness';
import { afterEach, describe, expect } from 'vitest';
import { scenario, WHOLE } from '../lib/chaos-scenario.ts';
import { CutProxy } from '../lib/cut-proxy.ts';
import { HeldLock } from '../lib/held-lock.ts';
import { type Ended, RelayProcess } from '../lib/relay-process.ts';
import { seedLog } from '../lib/seed-log.ts';
import { storedDocument, textOf, untilContent } from '../lib/stored-document.ts';
import { TokenLedger } from '../lib/token-ledger.ts';
import { loneTypist } from '../lib/typist.ts';

const relays: RelayProcess[] = [];
const databases: TestDatabase[] = [];
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  for (const relay of relays.splice(0)) if (relay.isAlive) await relay.end('SIGKILL');
  for (const database of databases.splice(0)) await database.drop();
});

/** A database, for the locks of one would stop the others; a relay with a proxy to it, and one typist who goes where `port` says. */
async function world() {
  const database = await testDatabase();
  databases.push(database);
  const port = await freePort();
  const { proxy, url } = await CutProxy.before(database.url);
  closing.push(() => proxy.close());
  const relay = new RelayProcess({ databaseUrl: url, port, env: { LOG_LEVEL: 'info' } });
  relays.push(relay);
  const ref = await makeDocument(database.db);
  const ledger = new TokenLedger();
  const join = () => {
    const typist = loneTypist(ref, () => port, { ledger });
    closing.push(() => typist.destroy());
    return typist;
  };
  await relay.ready();
  return { database, relay, proxy, ref, ledger, join };
}
type World = Awaited<ReturnType<typeof world>>;

/** The relay has an edit, and nowhere to store it. */
async function untilPending({ relay }: World): Promise<void> {
  let pending = 0;
  await until(
    () => pending > 0,
    120_000,
    'an edit to wait in the relay',
    async () => {
      const text = await (await fetch(`http://127.0.0.1:${relay.port}/metrics`)).text();
      pending = Number(/^sync_pending_bytes (\d+)/m.exec(text)?.[1]);
    },
  );
}

/** Puts the relay into a state, sends SIGTERM, and says how it ended. */
type State = (world: World) => Promise<Ended & { ms: number }>;

const idle: State = ({ relay }) => relay.end('SIGTERM');

const typing: State = async ({ relay, join }) => {
  const typist = join();
  await until(() => typist.isSaved, 120_000, 'the typist to be in');
  for (let i = 0; i < 50; i++) typist.insert();
  return relay.end('SIGTERM');
};

const flushInFlight: State = async ({ database, relay, ref, join }) => {
  const typist = join();
  await until(() => typist.isSaved, 120_000, 'the typist to be in');
  const lock = await HeldLock.begin(database.url);
  await lock.query('SELECT 1 FROM documents WHERE id = $1 FOR UPDATE', [ref.documentId]);
  typist.insert();
  await lock.untilSomeoneWaits('INSERT INTO document_updates');
  typist.insert();
  const ended = relay.end('SIGTERM');
  // It must be waiting for the flush by now: new connections are refused.
  await until(() => relay.log.includes('Stopping'), 120_000, 'the relay to be stopping');
  await lock.commit();
  return ended;
};

const databaseHung: State = async (world) => {
  const { relay, proxy, join } = world;
  const typist = join();
  await until(() => typist.isSaved, 120_000, 'the typist to be in');
  proxy.hang();
  typist.insert();
  await untilPending(world);
  return relay.end('SIGTERM');
};

const databaseGone: State = async (world) => {
  const { relay, proxy, join } = world;
  const typist = join();
  await until(() => typist.isSaved, 120_000, 'the typist to be in');
  proxy.refuse();
  typist.insert();
  await untilPending(world);
  return relay.end('SIGTERM');
};

const coldLoad: State = async ({ database, relay, ref, ledger, join }) => {
  await seedLog(database.db, ref, ledger, 20);
  const lock = await HeldLock.begin(database.url);
  await lock.query('LOCK TABLE document_updates IN ACCESS EXCLUSIVE MODE');
  join();
  await lock.untilSomeoneWaits('string_agg');
  const ended = await relay.end('SIGTERM');
  await lock.commit();
  return ended;
};

const compaction: State = async ({ database, relay, ref, ledger, join }) => {
  await seedLog(database.db, ref, ledger, 600);
  const typist = join();
  const lock = await HeldLock.begin(database.url);
  await lock.query('SELECT 1 FROM document_updates WHERE document_id = $1 FOR UPDATE', [ref.documentId]);
  await until(() => typist.isSaved, 120_000, 'the typist to be in');
  typist.insert();
  await lock.untilSomeoneWaits('DELETE FROM document_updates');
  const ended = await relay.end('SIGTERM');
  await lock.commit();
  return ended;
};

/** What each must end with: 1 only where something stayed unsaved. */
const STATES: [name: string, state: State, code: number][] = [
  // These two take all the time that they may: first, beside the others.
  ['the database hung', databaseHung, 1],
  ['the database gone', databaseGone, 1],
  ['idle', idle, 0],
  ['typing', typing, 0],
  ['a flush in flight', flushInFlight, 0],
  ['a cold load', coldLoad, 0],
  ['a compaction', compaction, 0],
];

describe('SIGTERM', () => {
  scenario('SY6, OP4: in every state: the exit code, within 10 s, and nothing lost', async ({ progress, explain }) => {
    explain(() => relays.map(({ log }) => log.slice(-1_000)).join('\n'));
    // A few at a time: seven processes that start together would wait for each other.
    const atOnce = 3;
    const queue = [...STATES];
    const work = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const [name, state, expected] = next;
        const made = await world();
        const { code, signal, ms } = await state(made);
        progress(`${name}: exit ${code ?? signal} after ${ms.toFixed(0)} ms`);
        expect({ name, code }).toEqual({ name, code: expected });
        if (WHOLE) expect({ name, inTime: ms < 10_000 }).toEqual({ name, inTime: true });
        await expectWhole(made);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
  });
});

/** The next process finds the document as it was acknowledged, and takes in what was not. */
async function expectWhole({ database, relay, ref, ledger, join }: World): Promise<void> {
  expect(ledger.faults(textOf(await storedDocument(database.db, ref.documentId)))).toEqual([]);
  const next = new RelayProcess({ databaseUrl: database.url, port: relay.port });
  relays.push(next);
  await next.ready();
  const reader = join();
  await until(() => reader.isSaved, 120_000, 'the document to be open again');
  await until(
    () => ledger.faults(reader.text.toString()).length === 0 && ledger.made === reader.text.toString().split('<').length - 1,
    120_000,
    'everything that was typed to be there',
  );
  if (ledger.made > 0) await untilContent(database.db, ref.documentId, reader.text.toString());
  expect(textOf(await storedDocument(database.db, ref.documentId))).toBe(reader.text.toString());
}
